//! `--metrics`: the statistics and the health of a chat server, over HTTP.

use std::thread::JoinHandle;

use ::chat::{Health, Metrics, Operator};
use netcore::server::{Handle, Server};
use netcore::{Endpoint, Error, Transport};

use crate::args::common::Common;
use crate::exit::{self, Failure};
use crate::serve::{Listening, announce_as};
use crate::stdio::Stdio;
use crate::threads;

/// The service of `--metrics`, on a thread of its own.
pub(super) struct RunningMetrics {
    server: Handle,
    thread: JoinHandle<Result<(), Error>>,
}

impl RunningMetrics {
    /// Starts the service for the server `listening`, and prints a line per listener.
    ///
    /// # Errors
    ///
    /// The endpoint cannot be bound, or the system refuses a thread.
    pub(super) fn start(
        endpoint: Endpoint,
        listening: &Listening,
        operator: Operator,
        common: &Common,
        stdio: &Stdio,
    ) -> Result<RunningMetrics, Failure> {
        let limits = Metrics::limits();
        #[cfg(feature = "tls")]
        let limits = listening.with_tls(limits);
        let server =
            Server::bind(&[endpoint], limits).map_err(|error| Failure::listening(&error))?;
        for endpoint in server.endpoints() {
            announce_as(&url(endpoint), common, &stdio.printer)?;
        }
        let metrics = Metrics::new(operator, Health::of(listening.handle()));
        let handle = server.handle();
        let thread = threads::start("metrics", move || server.run(|_| metrics.service()))?;
        Ok(RunningMetrics { server: handle, thread })
    }

    /// Ends the service. Until then it says that the chat is stopping.
    pub(super) fn end(self) {
        self.server.stop_now();
        if let Ok(Err(error)) = self.thread.join() {
            log::warn!("--metrics: {}", exit::chain(&error));
        }
    }
}

/// Parses the endpoint of `--metrics`.
///
/// # Errors
///
/// It is malformed, or one of UDP.
pub(super) fn endpoint(text: &str) -> Result<Endpoint, Failure> {
    let endpoint: Endpoint = text.parse()?;
    if endpoint.transport() == Transport::Udp {
        let message = format!("--metrics {endpoint}: HTTP needs connections, and UDP has none");
        return Err(Failure::new(exit::USAGE, message));
    }
    Ok(endpoint)
}

/// Returns the URL of the statistics, or the path of a Unix socket.
fn url(endpoint: &Endpoint) -> String {
    let text = endpoint.to_string();
    let (scheme, rest) = match endpoint.transport() {
        Transport::Tcp => ("http", text.strip_prefix("tcp://")),
        Transport::Tls => ("https", text.strip_prefix("tls://")),
        _ => ("", None),
    };
    rest.map_or_else(|| text.clone(), |rest| format!("{scheme}://{rest}/metrics"))
}
