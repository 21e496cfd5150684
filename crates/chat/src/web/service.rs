//! The chat for line clients and browsers on netcore's event loop.

mod attention;
mod requests;

use std::time::{Duration, Instant, SystemTime};

use netcore::Address;
use netcore::server::{Closed, Output, Rejection, Service, Turn};
use netcore::throttle::Throttle;
use tungstenite::protocol::frame::coding::Control;

use crate::http_head::Status;
use crate::now::Now;
use crate::service::{ChatService, now, peer_name, rejection, run_round};
use crate::shard::Shard;
use crate::shard::member::Member;
use crate::web::close_code::CloseCode;
use crate::web::connection::{Browser, Phase, Requests, Session};
use crate::web::deadlines::Deadlines;
use crate::web::output::{Closing, WebOutput};
use crate::web::response::Response;
use crate::web::settings::Web;
use crate::web::websocket::{SocketEvent, WebSocket, push_control};

#[cfg(test)]
mod tests;

/// Time for a whole head, from the connection or from the last response on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest message of a browser in bytes, unless lines may be longer.
const MAX_MESSAGE: usize = 64 * 1024;

/// A [`Shard`] as a [`Service`] for line clients and browsers, one for each worker of a
/// [`Server`](netcore::server::Server::run). The [settings](Web) say which endpoints are for
/// browsers.
#[derive(Debug)]
pub struct WebService {
    /// The service of line clients, whose shard is that of the browsers too.
    lines: ChatService,
    web: Web,
    max_message: usize,
    deadlines: Deadlines,
    /// Log lines about refused hosts.
    refused_hosts: Throttle,
    /// Lines of the current input, reused.
    input: Vec<u8>,
}

/// A connection of a [`WebService`].
#[derive(Debug)]
pub struct WebConnection(Side);

#[derive(Debug)]
enum Side {
    Lines(Member),
    Browser(Box<Browser>),
}

impl WebService {
    pub(crate) fn new(shard: Shard, web: Web, max_line: usize) -> WebService {
        WebService {
            lines: ChatService(shard),
            web,
            max_message: MAX_MESSAGE.max(max_line),
            deadlines: Deadlines::default(),
            refused_hosts: Throttle::new(Duration::from_secs(60)),
            input: Vec::new(),
        }
    }

    /// Sets the time at which a browser needs attention, instead of an earlier one.
    fn schedule(&mut self, browser: &mut Browser, at: Option<Instant>) {
        if let Some(before) = browser.due.take() {
            self.deadlines.remove(before, browser.key);
        }
        if let Some(at) = at {
            self.deadlines.insert(at, browser.key);
        }
        browser.due = at;
    }

    /// Makes a client of a browser. `rest` is input behind the handshake.
    fn open_socket(&mut self, browser: &mut Browser, rest: &[u8], output: &mut Output) {
        let Phase::Requests(requests) = &mut browser.phase else { return };
        let name = requests.name.take();
        let mut closing = Closing::new();
        let mut out = WebOutput { output, closing: &mut closing };
        let at = now(out.output);
        let member = self.lines.0.connect_web(browser.key, name.as_deref(), at, &mut out);
        out.output.resume_reading();
        browser.phase = Phase::Socket(Session {
            member,
            socket: WebSocket::new(self.max_message),
            closing,
            last_message: at.instant,
            ping_at: at.instant + self.web.ping_interval,
            unanswered: 0,
        });
        self.reschedule(browser);
        self.receive_frames(browser, rest, output);
    }

    /// Sets the time of the next ping, or of the idle timeout if that comes first.
    fn reschedule(&mut self, browser: &mut Browser) {
        let Phase::Socket(session) = &browser.phase else { return };
        let idle_at = self.web.idle_timeout.map(|limit| session.last_message + limit);
        let at = idle_at.map_or(session.ping_at, |at| at.min(session.ping_at));
        self.schedule(browser, Some(at));
    }

    /// Processes bytes of a WebSocket.
    fn receive_frames(&mut self, browser: &mut Browser, mut input: &[u8], output: &mut Output) {
        let Phase::Socket(session) = &mut browser.phase else { return };
        let Session { member, socket, closing, .. } = session;
        session.unanswered = 0;
        let at = now(output);
        let mut lines = std::mem::take(&mut self.input);
        let ending = loop {
            match socket.next(&mut input, &mut lines) {
                Ok(None) => break None,
                Ok(Some(SocketEvent::Message)) => session.last_message = at.instant,
                Ok(Some(SocketEvent::Ping(payload))) => {
                    push_control(Control::Pong, &payload, output.buffer());
                }
                Ok(Some(SocketEvent::Pong)) => {}
                Ok(Some(SocketEvent::Close(answer))) => break Some(Ok(answer)),
                Err(code) => break Some(Err(code)),
            }
        };
        let shard = &mut self.lines.0;
        if !lines.is_empty() {
            shard.receive(member, &lines, at, &mut WebOutput { output, closing });
        }
        match ending {
            None => {}
            Some(Ok(answer)) => {
                closing.code = answer;
                shard.leave(member, at, &mut WebOutput { output, closing });
            }
            Some(Err(code)) => {
                log::info!("{}: closed: it broke the rules of WebSocket ({code:?})", member.name());
                closing.code = code;
                closing.close(output);
            }
        }
        if shard.is_batch_full() {
            output.yield_turn();
        }
        lines.clear();
        lines.shrink_to(MAX_MESSAGE);
        self.input = lines;
    }
}

impl Service for WebService {
    type Connection = WebConnection;

    fn open(&mut self, peer: &Address, output: &mut Output) -> WebConnection {
        WebConnection(Side::Lines(self.lines.open(peer, output)))
    }

    fn open_on(&mut self, listener: usize, peer: &Address, output: &mut Output) -> WebConnection {
        if !self.web.is_at(listener) {
            return self.open(peer, output);
        }
        let checks_host = self.web.checks_host_at(listener);
        let requests = Requests { name: peer_name(peer), checks_host, input: Vec::new() };
        let phase = Phase::Requests(requests);
        let mut browser = Box::new(Browser { key: output.id().into(), due: None, phase });
        self.schedule(&mut browser, Some(output.now() + HEAD_TIMEOUT));
        WebConnection(Side::Browser(browser))
    }

    fn receive(&mut self, connection: &mut WebConnection, input: &[u8], output: &mut Output) {
        match &mut connection.0 {
            Side::Lines(member) => self.lines.receive(member, input, output),
            Side::Browser(browser) => match &mut browser.phase {
                Phase::Requests(requests) => {
                    requests.input.extend_from_slice(input);
                    self.serve_request(browser, output);
                }
                Phase::Socket(_) => self.receive_frames(browser, input, output),
            },
        }
    }

    fn end(&mut self, connection: &mut WebConnection, output: &mut Output) {
        match &mut connection.0 {
            Side::Lines(member) => self.lines.end(member, output),
            Side::Browser(browser) => match &mut browser.phase {
                Phase::Requests(_) => self.finish(browser, output),
                Phase::Socket(Session { member, closing, .. }) => {
                    let at = now(output);
                    self.lines.0.leave(member, at, &mut WebOutput { output, closing });
                }
            },
        }
    }

    fn ready(&mut self, connection: &mut WebConnection, output: &mut Output) {
        match &mut connection.0 {
            Side::Lines(member) => self.lines.ready(member, output),
            Side::Browser(browser) => match &mut browser.phase {
                Phase::Requests(requests) if requests.input.is_empty() => {}
                Phase::Requests(_) => self.serve_request(browser, output),
                Phase::Socket(Session { member, closing, .. }) => {
                    let at = now(output);
                    self.lines.0.handle_writable(member, at, &mut WebOutput { output, closing });
                }
            },
        }
    }

    fn idle(&mut self, connection: &mut WebConnection, output: &mut Output) {
        match &mut connection.0 {
            Side::Lines(member) => self.lines.idle(member, output),
            Side::Browser(browser) => match &browser.phase {
                Phase::Requests(_) => self.finish(browser, output),
                Phase::Socket(_) => self.leave_idle(browser, output),
            },
        }
    }

    fn stop(&mut self, connection: &mut WebConnection, output: &mut Output) {
        match &mut connection.0 {
            Side::Lines(member) => self.lines.stop(member, output),
            Side::Browser(browser) => match &mut browser.phase {
                Phase::Requests(_) => self.finish(browser, output),
                Phase::Socket(Session { member, closing, .. }) => {
                    let at = now(output);
                    closing.code = CloseCode::GoingAway;
                    self.lines.0.leave(member, at, &mut WebOutput { output, closing });
                }
            },
        }
    }

    fn closed(&mut self, connection: WebConnection, why: Closed) {
        match connection.0 {
            Side::Lines(member) => self.lines.closed(member, why),
            Side::Browser(mut browser) => {
                self.schedule(&mut browser, None);
                if let Phase::Socket(session) = browser.phase {
                    self.lines.closed(session.member, why);
                }
            }
        }
    }

    fn reject(&mut self, why: Rejection, words: &mut Vec<u8>) {
        self.lines.reject(why, words);
    }

    fn reject_on(&mut self, listener: usize, why: Rejection, words: &mut Vec<u8>) {
        if !self.web.is_at(listener) {
            return self.reject(why, words);
        }
        self.lines.0.count_rejected();
        let response = Response::text(Status::Unavailable, rejection(why));
        response.render_head(SystemTime::now(), true, words);
        words.extend_from_slice(response.content.as_bytes());
    }

    fn turn(&mut self, turn: &mut Turn<'_, WebConnection>) {
        let at = Now { instant: turn.now(), time: turn.time() };
        while let Some(key) = self.deadlines.take_due(at.instant) {
            turn.with(key.into(), |connection, output| {
                if let Side::Browser(browser) = &mut connection.0 {
                    self.attend(browser, output);
                }
            });
        }
        run_round(&mut self.lines.0, turn, |shard, connection, output| match &mut connection.0 {
            Side::Lines(member) => shard.handle_client(member, output),
            Side::Browser(browser) => {
                if let Phase::Socket(Session { member, closing, .. }) = &mut browser.phase {
                    shard.handle_client(member, &mut WebOutput { output, closing });
                }
            }
        });
        if let Some(at) = self.deadlines.next() {
            turn.again_at(at);
        }
    }
}
