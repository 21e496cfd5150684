//! The operator's HTTP service: `/metrics` for Prometheus, and `/healthz`.

pub(crate) mod health;
pub(crate) mod request;

use std::time::{Duration, Instant};

use netcore::Address;
use netcore::server::{Config, Output, Rejection, Service, Turn};

use crate::http_head::Status;
use crate::hub::operator::Operator;
use crate::metrics::health::Health;
use crate::metrics::request::{MAX_HEAD, Request};
use crate::stats::Stats;

#[cfg(test)]
mod tests;

/// Time that a client has for its request.
const TIME: Duration = Duration::from_secs(10);

/// The most clients at a time.
const MAX_CLIENTS: usize = 32;

const TEXT: &str = "text/plain; charset=utf-8";

/// The service of a chat for its operator's machines, over HTTP/1.1.
///
/// `GET /metrics` returns the figures, as [`Stats::to_prometheus`] writes them. `GET /healthz`
/// returns 200 while the chat serves, and 503 with the reason otherwise. HEAD works too. Each
/// response closes its connection. The service has no password, so bind it where only the
/// operator's machines reach it.
///
/// ```no_run
/// use chat::netcore::server::{Config as Limits, Server};
/// use chat::{Chat, Config, Health, Metrics};
///
/// let chat = Chat::new(Config::default());
/// let server = Server::bind(&[":60000".parse()?], Limits::default())?;
/// let metrics = Metrics::new(chat.operator(), Health::of(server.handle()));
/// let for_operator = Server::bind(&["127.0.0.1:9090".parse()?], Metrics::limits())?;
/// let handle = for_operator.handle();
/// let serving = std::thread::spawn(move || for_operator.run(|_| metrics.service()));
/// server.run(|worker| chat.service(&worker))?;
/// handle.stop();
/// serving.join().map_err(|_| "the service panicked")??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Metrics {
    operator: Operator,
    health: Health,
}

/// [`Metrics`] as a [`Service`].
#[derive(Debug)]
pub struct MetricsService(Metrics);

/// A connection that waits for its request.
#[derive(Debug)]
pub struct Pending {
    head: Vec<u8>,
    deadline: Instant,
    is_answered: bool,
}

impl Metrics {
    /// Creates the service of a chat whose server has this health.
    pub fn new(operator: Operator, health: Health) -> Metrics {
        Metrics { operator, health }
    }

    /// Returns limits that suit the service: one worker, 32 clients, and 10 s for a response.
    pub fn limits() -> Config {
        Config::default()
            .with_workers(1)
            .with_max_connections(MAX_CLIENTS)
            .with_stall_timeout(Some(TIME))
            .with_grace(Duration::ZERO)
            .with_read(MAX_HEAD)
    }

    /// Creates the service for one worker of a server.
    pub fn service(&self) -> MetricsService {
        MetricsService(self.clone())
    }

    /// Returns status, media type and content of the response to a request.
    fn answer(&self, request: &Request<'_>) -> (Status, &'static str, String) {
        match request.path {
            "/metrics" => {
                (Status::Ok, Stats::PROMETHEUS_TYPE, self.operator.stats().to_prometheus())
            }
            "/healthz" => {
                let is_away = self.operator.is_engine_away();
                match self.health.problem().or(is_away.then_some("the engine is away")) {
                    None => (Status::Ok, TEXT, "ok\n".to_owned()),
                    Some(problem) => (Status::Unavailable, TEXT, format!("{problem}\n")),
                }
            }
            _ => (Status::NotFound, TEXT, "there are /metrics and /healthz\n".to_owned()),
        }
    }
}

impl Service for MetricsService {
    type Connection = Pending;

    fn open(&mut self, _: &Address, output: &mut Output) -> Pending {
        Pending { head: Vec::new(), deadline: output.now() + TIME, is_answered: false }
    }

    fn receive(&mut self, pending: &mut Pending, input: &[u8], output: &mut Output) {
        if pending.is_answered {
            return;
        }
        pending.head.extend_from_slice(input);
        let response = match Request::parse(&pending.head) {
            Ok(None) => return,
            Ok(Some(request)) => {
                let (status, media_type, content) = self.0.answer(&request);
                render(status, media_type, &content, request.wants_content)
            }
            Err(status) => render(status, TEXT, &format!("{}\n", status.line()), true),
        };
        output.send(&response);
        output.close();
        (pending.is_answered, pending.head) = (true, Vec::new());
    }

    fn reject(&mut self, _: Rejection, text: &mut Vec<u8>) {
        let busy = "too many clients; try again later\n";
        *text = render(Status::Unavailable, TEXT, busy, true);
    }

    fn turn(&mut self, turn: &mut Turn<'_, Pending>) {
        let now = turn.now();
        let mut next: Option<Instant> = None;
        turn.each(|pending, output| {
            if pending.is_answered {
                return;
            }
            if pending.deadline <= now {
                let status = Status::RequestTimeout;
                output.send(&render(status, TEXT, &format!("{}\n", status.line()), true));
                output.close();
                pending.is_answered = true;
                return;
            }
            next = Some(next.map_or(pending.deadline, |at| at.min(pending.deadline)));
        });
        if let Some(at) = next {
            turn.again_at(at);
        }
    }
}

/// Returns a response, after which the connection is closed.
fn render(status: Status, media_type: &str, content: &str, with_content: bool) -> Vec<u8> {
    let (line, length) = (status.line(), content.len());
    let allow = if status == Status::MethodNotAllowed { "Allow: GET, HEAD\r\n" } else { "" };
    let content = if with_content { content } else { "" };
    format!(
        "HTTP/1.1 {line}\r\n\
         Content-Type: {media_type}\r\n\
         Content-Length: {length}\r\n\
         Cache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\n\
         {allow}Connection: close\r\n\r\n\
         {content}"
    )
    .into_bytes()
}
