//! Timers of browsers: pings, the idle timeout, and requests that do not come.

use std::time::Duration;

use netcore::server::Output;
use tungstenite::protocol::frame::coding::Control;

use super::requests::send;
use super::{HEAD_TIMEOUT, WebService};
use crate::http_head::Status;
use crate::service::{IDLE, now};
use crate::web::connection::{Browser, Phase, Session};
use crate::web::http::Method;
use crate::web::output::WebOutput;
use crate::web::response::Response;
use crate::web::websocket::push_control;

/// Pings without any input after which the next one is not sent, because the browser is gone.
const MAX_UNANSWERED: u8 = 2;

impl WebService {
    /// Acts on a browser whose time has come.
    pub(super) fn attend(&mut self, browser: &mut Browser, output: &mut Output) {
        browser.due = None;
        if output.is_closed() {
            return;
        }
        let at = now(output);
        match &mut browser.phase {
            Phase::Requests(_) if output.unsent() > 0 => {
                // The stall timeout applies until the response is sent.
                self.schedule(browser, Some(at.instant + HEAD_TIMEOUT));
            }
            Phase::Requests(requests) => {
                if !requests.input.is_empty() {
                    let response = Response::text(Status::RequestTimeout, "no request came\n");
                    send(&response, Method::Get, true, at.time, output);
                }
                self.finish(browser, output);
            }
            Phase::Socket(session) => {
                let limit = self.web.idle_timeout.unwrap_or(Duration::MAX);
                let silence = at.instant.saturating_duration_since(session.last_message);
                if silence >= limit {
                    return self.leave_idle(browser, output);
                }
                if session.ping_at <= at.instant {
                    session.ping_at = at.instant + self.web.ping_interval;
                    session.ping(output);
                }
                self.reschedule(browser);
            }
        }
    }

    /// Closes a browser that has said nothing for the idle timeout.
    pub(super) fn leave_idle(&mut self, browser: &mut Browser, output: &mut Output) {
        let Phase::Socket(session) = &mut browser.phase else { return };
        let Session { member, closing, .. } = session;
        let at = now(output);
        if member.has_deferred() {
            // The client has sent more than its limits allow so far, so it is not idle.
            session.last_message = at.instant;
            return self.reschedule(browser);
        }
        let mut out = WebOutput { output, closing };
        self.lines.0.notify(member, IDLE, at, &mut out);
        self.lines.0.leave(member, at, &mut out);
    }
}

impl Session {
    /// Sends a ping, or aborts the connection if the last ones had no answer. A client that is not
    /// read at present cannot answer.
    fn ping(&mut self, output: &mut Output) {
        if output.unsent() > 0 || self.member.has_deferred() || self.member.paused_until().is_some()
        {
            return;
        }
        if self.unanswered >= MAX_UNANSWERED {
            log::info!("{}: aborted: it answers no ping", self.member.name());
            return output.abort();
        }
        self.unanswered += 1;
        push_control(Control::Ping, &[], output.buffer());
    }
}
