//! The settings of a load, and their limits.

use std::time::Duration;

use netcore::Transport;
#[cfg(feature = "tls")]
use netcore::tls::TlsConnector;

use crate::bench::error::BenchError;
use crate::bench::payload::Payload;

/// A load on a server: its connections, requests, rate, duration and threads.
///
/// ```no_run
/// use std::sync::atomic::AtomicBool;
/// use std::time::Duration;
/// use timestamp::bench::Load;
///
/// let load = Load::new()
///     .with_connections(64)
///     .with_rate(Some(50_000))
///     .with_duration(Duration::from_secs(10));
/// let report = load.run(&"127.0.0.1:21567".parse()?, &AtomicBool::new(false), None)?;
/// println!("p99 {:?}", report.latency.quantile(0.99));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Load {
    pub(super) connections: usize,
    pub(super) pipeline: usize,
    pub(super) size: usize,
    pub(super) rate: Option<u64>,
    pub(super) warmup: Duration,
    pub(super) duration: Duration,
    pub(super) timeout: Duration,
    pub(super) threads: usize,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<TlsConnector>,
}

/// One connection with one request of 64 bytes in flight, in a closed loop on one thread: 1 s of
/// warm-up, 10 s of measurement, and a timeout of 2 s.
impl Default for Load {
    fn default() -> Load {
        Load {
            connections: 1,
            pipeline: 1,
            size: 64,
            rate: None,
            warmup: Duration::from_secs(1),
            duration: Duration::from_secs(10),
            timeout: Duration::from_secs(2),
            threads: 1,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Load {
    /// The most threads.
    pub const MAX_THREADS: usize = 1024;
    /// The most requests in flight: connections times pipeline.
    pub const MAX_IN_FLIGHT: usize = 1 << 20;
    /// The largest request over a stream, in bytes.
    pub const MAX_SIZE: usize = 1 << 20;
    /// The smallest datagram, in bytes. A smaller one has no room for the number of its request.
    pub const MIN_DATAGRAM: usize = Payload::NUMBERED;
    /// The largest datagram, in bytes. It leaves room for a stamp in the answer.
    pub const MAX_DATAGRAM: usize = 65_000;
    /// The most requests per second in an open loop.
    pub const MAX_RATE: u64 = 100_000_000;

    /// Returns the default load.
    pub fn new() -> Load {
        Load::default()
    }

    /// Sets the number of connections, or of datagram sockets.
    pub fn with_connections(self, connections: usize) -> Load {
        Load { connections, ..self }
    }

    /// Sets the most requests that a connection has in flight.
    pub fn with_pipeline(self, pipeline: usize) -> Load {
        Load { pipeline, ..self }
    }

    /// Sets the size of a request in bytes, its LF included.
    pub fn with_size(self, size: usize) -> Load {
        Load { size, ..self }
    }

    /// Sets the rate of an open loop in requests per second, over all connections. `None` selects a
    /// closed loop.
    pub fn with_rate(self, rate: Option<u64>) -> Load {
        Load { rate, ..self }
    }

    /// Sets the duration of the load before the measurement.
    pub fn with_warmup(self, warmup: Duration) -> Load {
        Load { warmup, ..self }
    }

    /// Sets the duration of the measurement.
    pub fn with_duration(self, duration: Duration) -> Load {
        Load { duration, ..self }
    }

    /// Sets the timeout of each connection attempt and of each answer. A connection whose answer
    /// exceeds it is closed and connected again; a datagram counts as lost.
    pub fn with_timeout(self, timeout: Duration) -> Load {
        Load { timeout, ..self }
    }

    /// Sets the number of threads. Each thread serves its part of the connections.
    pub fn with_threads(self, threads: usize) -> Load {
        Load { threads, ..self }
    }

    /// Sets the trusted certificates for an endpoint with `tls://`. Without this call they are the
    /// root certificates of the system.
    #[cfg(feature = "tls")]
    pub fn with_tls(self, tls: TlsConnector) -> Load {
        Load { tls: Some(tls), ..self }
    }

    /// Checks the settings against the limits.
    pub(super) fn check(&self, transport: Transport) -> Result<(), BenchError> {
        let datagrams = transport == Transport::Udp;
        let (smallest, largest) = match datagrams {
            true => (Load::MIN_DATAGRAM, Load::MAX_DATAGRAM),
            false => (1, Load::MAX_SIZE),
        };
        let in_flight = self.connections.saturating_mul(self.pipeline);
        let invalid = [
            (in_flight == 0, "a load needs at least one connection and one request per connection"),
            (in_flight > Load::MAX_IN_FLIGHT, "at most 1048576 requests can be in flight"),
            (self.size < smallest && datagrams, "a datagram has at least 16 bytes"),
            (self.size < smallest, "a request has at least one byte"),
            (self.size > largest && datagrams, "a datagram has at most 65000 bytes"),
            (self.size > largest, "a request has at most 1048576 bytes"),
            (self.rate == Some(0), "the rate must be at least one request a second"),
            (
                self.rate.is_some_and(|rate| rate > Load::MAX_RATE),
                "the rate is at most 100000000 requests a second",
            ),
            (self.threads == 0 || self.threads > self.connections, THREADS),
            (self.threads > Load::MAX_THREADS, "at most 1024 threads are possible"),
            (self.duration.is_zero(), "the duration must be longer than zero"),
            (self.timeout.is_zero(), "the timeout must be longer than zero"),
        ];
        match invalid.iter().find(|(is_invalid, _)| *is_invalid) {
            Some((_, text)) => Err(BenchError::Settings(text)),
            None => Ok(()),
        }
    }
}

/// The error text for a wrong number of threads.
pub(super) const THREADS: &str =
    "a load needs at least one thread, and a connection for each thread";
