//! Requests for the page, and the one that opens a WebSocket.

use std::borrow::Cow;
use std::time::SystemTime;

use bytes::Bytes;
use netcore::server::Output;

use super::{HEAD_TIMEOUT, WebService};
use crate::http_head::Status;
use crate::web::connection::{Browser, Phase};
use crate::web::handshake::{self, Refusal};
use crate::web::host::is_known;
use crate::web::http::{Method, Request};
use crate::web::page::SOCKET_PATH;
use crate::web::response::Response;

/// Characters of a refused host in the log.
const MAX_SHOWN_HOST: usize = 100;

impl WebService {
    /// Answers the request that the input begins with, if it is complete. A further one waits
    /// until the response is sent, so that requests cannot pile up responses.
    pub(super) fn serve_request(&mut self, browser: &mut Browser, output: &mut Output) {
        let Phase::Requests(requests) = &mut browser.phase else { return };
        let time = output.time();
        let (request, length) = match Request::parse(&requests.input) {
            Ok(Some(parsed)) => parsed,
            Ok(None) => return output.resume_reading(),
            Err(status) => {
                let response = Response::text(status, "this is no request for the chat\n");
                send(&response, Method::Get, true, time, output);
                return self.finish(browser, output);
            }
        };
        if requests.checks_host && !is_known(request.host, &self.web.origins) {
            if self.refused_hosts.allows(output.now()) {
                let peer = requests.name.as_deref().unwrap_or("unix:");
                let host = request.host.get(..MAX_SHOWN_HOST).unwrap_or(request.host);
                log::warn!("{peer}: refused: the host {host} is not one of the allowed origins");
            }
            let response =
                Response::text(Status::Forbidden, "this host name is not allowed here\n");
            send(&response, request.method, true, time, output);
            return self.finish(browser, output);
        }
        if request.path == SOCKET_PATH {
            return match handshake::accept(&request, &self.web.origins) {
                Ok(response) => {
                    output.send(&response);
                    let rest = requests.input.split_off(length);
                    self.open_socket(browser, &rest, output);
                }
                Err(Refusal { status, text }) => {
                    send(&Response::text(status, text), request.method, true, time, output);
                    self.finish(browser, output);
                }
            };
        }
        let close = !request.keeps_alive();
        send(&self.web.page.respond(&request), request.method, close, time, output);
        if close {
            return self.finish(browser, output);
        }
        requests.input.drain(..length);
        if requests.input.is_empty() {
            requests.input = Vec::new();
            output.resume_reading();
        } else {
            output.pause_reading();
            output.call_ready_when_flushed();
        }
        self.schedule(browser, Some(output.now() + HEAD_TIMEOUT));
    }

    /// Closes the connection of a browser that has no WebSocket.
    pub(super) fn finish(&mut self, browser: &mut Browser, output: &mut Output) {
        self.schedule(browser, None);
        output.close();
    }
}

/// Sends a response.
pub(super) fn send(
    response: &Response<'_>,
    method: Method,
    close: bool,
    time: SystemTime,
    output: &mut Output,
) {
    response.render_head(time, close, output.buffer());
    if method == Method::Head || !response.has_content() {
        return;
    }
    match &response.content {
        Cow::Borrowed(content) => output.share(Bytes::from_static(content.as_bytes())),
        Cow::Owned(content) => output.send(content.as_bytes()),
    }
}
