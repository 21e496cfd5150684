//! `--metrics`: the statistics and the health of a chat server, over HTTP.

use std::thread::JoinHandle;

use ::chat::{Health, Metrics, Operator};
use netcore::server::{Handle, Server};
use netcore::{Endpoint, Error, Transport};

use crate::exit::{self, Failure};
use crate::serve::{Bound, Listening};
use crate::threads;

/// The sockets of `--metrics`.
pub(super) struct BoundMetrics(Server);

/// The service of `--metrics`, on a thread of its own.
pub(super) struct RunningMetrics {
    server: Handle,
    thread: JoinHandle<Result<(), Error>>,
}

impl BoundMetrics {
    /// Binds the endpoint, encrypted by the certificate of the server `bound` if it is `tls://`.
    ///
    /// # Errors
    ///
    /// The endpoint cannot be bound.
    pub(super) fn bind(endpoint: Endpoint, bound: &Bound) -> Result<BoundMetrics, Failure> {
        let limits = Metrics::limits();
        #[cfg(feature = "tls")]
        let limits = bound.with_tls(limits);
        #[cfg(not(feature = "tls"))]
        let _ = bound;
        let server = Server::bind(&[endpoint], limits);
        server.map(BoundMetrics).map_err(|error| Failure::listening(&error))
    }

    /// Returns the URLs of the statistics.
    pub(super) fn urls(&self) -> Vec<String> {
        self.0.endpoints().iter().map(url).collect()
    }

    /// Serves the figures of a chat, and the health of the server `listening`.
    ///
    /// # Errors
    ///
    /// The system refuses a thread.
    pub(super) fn start(
        self,
        listening: &Listening,
        operator: Operator,
    ) -> Result<RunningMetrics, Failure> {
        let BoundMetrics(server) = self;
        let metrics = Metrics::new(operator, Health::of(listening.handle()));
        let handle = server.handle();
        let thread = threads::start("metrics", move || server.run(|_| metrics.service()))?;
        Ok(RunningMetrics { server: handle, thread })
    }
}

impl RunningMetrics {
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
