//! Load on a server that answers what it gets, and how long its answers take.
//!
//! Any server will do that sends lines back, as they came (echo, RFC 862) or behind a stamp,
//! `[TIME] `, over TCP, UDP or Unix sockets. Each request has a number of its own, and each answer is
//! compared with what was sent, byte by byte.
//!
//! ```no_run
//! use std::sync::atomic::AtomicBool;
//! use std::time::Duration;
//! use timestamp::bench::Load;
//!
//! let load = Load::new().with_connections(64).with_duration(Duration::from_secs(10));
//! let report = load.run(&"127.0.0.1:21567".parse()?, &AtomicBool::new(false), None)?;
//! println!("{:.0} requests/s, p99 {:?}", report.rate(), report.latency.quantile(0.99));
//! if let Some(limit) = report.limit() {
//!     println!("that was the most that this side could do: {limit:?}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Closed and open loops
//!
//! In a *closed loop* a connection sends its next request when it has the answer to an earlier one.
//! That finds the most that a server can do. Its latencies say little about a server in use: while
//! the server stalls, nothing is asked of it, so a stall of a second is one slow answer for each
//! connection, and not the thousands that would have come in that second. This is *coordinated
//! omission*.
//!
//! In an *open loop*, [`with_rate`](Load::with_rate), requests are due at fixed times, whatever
//! becomes of the others. A request that can't be sent when it is due, since each connection has as
//! many under way as it may, is sent later, and [`Report::latency`] counts from when it was due.
//! [`Report::uncorrected`] counts from when it was sent.
//!
//! # Who was the limit
//!
//! A closed loop finds the limit of the slower side, and that may be this one. [`Report::limit`] says
//! so by what the generator's threads themselves did: at work and never waiting for something to
//! do, ready to run but without a processor, or late with what was due.

mod connection;
mod driver;
mod generator;
mod hdr_log;
mod latency;
mod payload;
mod report;
mod schedule;

// They need a server.
#[cfg(test)]
#[cfg(feature = "server")]
mod tests;

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use netcore::{Deadline, Endpoint, Error, ErrorKind, Operation, Transport};

use driver::{Driver, Shared, Socket, Target};
use generator::Share;
use hdr_log::Log;
pub use latency::Latency;
use payload::Text;
pub use report::{Limit, Report};

/// The longest time between two looks at `stop`.
const LOOK: Duration = Duration::from_millis(100);

/// How much load, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Load {
    connections: usize,
    pipeline: usize,
    size: usize,
    rate: Option<u64>,
    warmup: Duration,
    duration: Duration,
    timeout: Duration,
    threads: usize,
}

/// One connection, one request of 64 bytes at a time, as fast as answers come, for 10 s after 1 s of
/// warm-up, with 2 s for an answer, from one thread.
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
        }
    }
}

impl Load {
    /// The most threads.
    pub const MAX_THREADS: usize = 1024;
    /// The most requests under way: connections times pipeline.
    pub const MAX_UNDER_WAY: usize = 1 << 20;
    /// The largest request over a stream, in bytes.
    pub const MAX_SIZE: usize = 1 << 20;
    /// The smallest datagram: in a smaller one a request's number has no place.
    pub const MIN_DATAGRAM: usize = Text::NUMBERED;
    /// The largest datagram, with room for a stamp in the answer.
    pub const MAX_DATAGRAM: usize = 65_000;
    /// The most requests a second in an open loop.
    pub const MAX_RATE: u64 = 100_000_000;

    /// The default load.
    pub fn new() -> Load {
        Load::default()
    }

    /// The number of connections, or of datagram sockets.
    pub fn with_connections(self, connections: usize) -> Load {
        Load { connections, ..self }
    }

    /// How many requests a connection may have under way.
    pub fn with_pipeline(self, pipeline: usize) -> Load {
        Load { pipeline, ..self }
    }

    /// The bytes of a request, its LF included.
    pub fn with_size(self, size: usize) -> Load {
        Load { size, ..self }
    }

    /// An open loop with so many requests a second, over all connections. `None`: a closed loop.
    pub fn with_rate(self, rate: Option<u64>) -> Load {
        Load { rate, ..self }
    }

    /// How long there is load before anything counts.
    pub fn with_warmup(self, warmup: Duration) -> Load {
        Load { warmup, ..self }
    }

    /// How long the load is measured.
    pub fn with_duration(self, duration: Duration) -> Load {
        Load { duration, ..self }
    }

    /// How long connecting may take, and each answer. A connection on which one takes longer is
    /// made anew; a datagram is given up.
    pub fn with_timeout(self, timeout: Duration) -> Load {
        Load { timeout, ..self }
    }

    /// The number of threads, each with its part of the connections.
    pub fn with_threads(self, threads: usize) -> Load {
        Load { threads, ..self }
    }

    /// Puts the load on `endpoint`, until it is over or `stop` is true. All the time, also while the
    /// name is resolved and connections are made, `stop` is looked at ten times a second at least.
    ///
    /// The calling thread is one of those that make the load. The run takes warm-up and duration,
    /// and at most two timeouts more: for the connections before, for the last answers behind. A run
    /// that is stopped waits for none.
    ///
    /// `log` gets [`Report::latency`] by the second as a log in the format of HdrHistogram's tools,
    /// version 1.3, in nanoseconds. With several threads each writes its own lines.
    ///
    /// Connections that end or can't be made are made again after 100 ms; that and what was wrong
    /// with answers is in the report.
    ///
    /// # Errors
    ///
    /// - [`BenchError::Settings`]: nothing was sent.
    /// - [`BenchError::Socket`]: the first connection could not be made, or the system can't wait for
    ///   sockets or has no thread.
    /// - [`BenchError::Stopped`]: `stop` became true before the first connection was made.
    /// - [`BenchError::Log`]: the log could not be written.
    pub fn run(
        &self,
        endpoint: &Endpoint,
        stop: &AtomicBool,
        log: Option<&mut (dyn Write + Send)>,
    ) -> Result<Report, BenchError> {
        self.check(endpoint.transport())?;
        let (first, target) = self.connect(endpoint, stop)?;
        let (begun, begun_at) = (Instant::now(), SystemTime::now());
        let shared = Shared {
            load: self,
            endpoint,
            target,
            begun,
            ready: Barrier::new(self.threads),
            stop,
            log: log.map(|to| Log::new(to, begun_at)).transpose()?.map(Mutex::new),
        };
        // All are made before the first runs, so that none waits for one that there will not be.
        let drivers =
            (0..self.threads).map(|index| Driver::new(&shared, Share { index, of: self.threads }));
        let mut drivers = drivers.collect::<Result<Vec<_>, _>>()?.into_iter();
        // The first runs here: system calls cost less in a process of one thread.
        let here = drivers.next().ok_or(BenchError::Settings(THREADS))?;
        thread::scope(|scope| {
            let mut others = Vec::new();
            for driver in drivers {
                let (go, when) = mpsc::channel();
                // None runs before all have a thread, since they wait for one another.
                let run = move || when.recv().ok().map(|()| driver.run(None));
                let other = thread::Builder::new().spawn_scoped(scope, run);
                others.push((other.map_err(|e| Error::from_io(Operation::Spawn, e))?, go));
            }
            // Nobody receives it only if that thread has panicked.
            for (_, go) in &others {
                let _ = go.send(());
            }
            let mut report = here.run(Some(first))?;
            for (other, _) in others {
                let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                if let Some(other) = other {
                    report.merge(other?);
                }
            }
            Ok(report)
        })
    }

    /// Makes the first connection on a thread of its own, which is left to itself if `stop` becomes
    /// true: the resolver cannot be interrupted.
    fn connect(
        &self,
        endpoint: &Endpoint,
        stop: &AtomicBool,
    ) -> Result<(Socket, Target), BenchError> {
        let deadline = Deadline::after(self.timeout);
        let (tell, told) = mpsc::sync_channel(1);
        let there = endpoint.clone();
        // Nobody receives it after a stop.
        let connect = move || drop(tell.send(driver::connect(&there, deadline)));
        if thread::Builder::new().name("connect".to_owned()).spawn(connect).is_err() {
            // Without a thread to be had, the connection is made here, where a stop comes later.
            return Ok(driver::connect(endpoint, deadline)?);
        }
        loop {
            match told.recv_timeout(LOOK) {
                Ok(connected) => return Ok(connected?),
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(RecvTimeoutError::Timeout) => return Err(BenchError::Stopped),
                Err(RecvTimeoutError::Disconnected) => {
                    let failed = Error::new(Operation::Connect, ErrorKind::Other);
                    return Err(failed.at(endpoint.to_string()).into());
                }
            }
        }
    }

    fn check(&self, transport: Transport) -> Result<(), BenchError> {
        let datagrams = transport == Transport::Udp;
        let (smallest, largest) = match datagrams {
            true => (Load::MIN_DATAGRAM, Load::MAX_DATAGRAM),
            false => (1, Load::MAX_SIZE),
        };
        let under_way = self.connections.saturating_mul(self.pipeline);
        let wrong = [
            (under_way == 0, "there must be a connection and a request under way on it"),
            (under_way > Load::MAX_UNDER_WAY, "at most 1048576 requests can be under way"),
            (self.size < smallest && datagrams, "a datagram has at least 16 bytes"),
            (self.size < smallest, "a request has at least one byte"),
            (self.size > largest && datagrams, "a datagram has at most 65000 bytes"),
            (self.size > largest, "a request has at most 1048576 bytes"),
            (self.rate == Some(0), "at no rate, nothing is sent"),
            (
                self.rate.is_some_and(|rate| rate > Load::MAX_RATE),
                "the rate is at most 100000000 requests a second",
            ),
            (self.threads == 0 || self.threads > self.connections, THREADS),
            (self.threads > Load::MAX_THREADS, "at most 1024 threads"),
            (self.duration.is_zero(), "the duration must be longer than nothing"),
            (self.timeout.is_zero(), "the timeout must be longer than nothing"),
        ];
        match wrong.iter().find(|(is_wrong, _)| *is_wrong) {
            Some((_, words)) => Err(BenchError::Settings(words)),
            None => Ok(()),
        }
    }
}

const THREADS: &str = "there must be a thread, and a connection for each";

/// There is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The settings are beyond a limit, or contradict one another.
    #[error("{0}")]
    Settings(&'static str),
    /// The first connection could not be made, or the system can't wait for sockets.
    #[error(transparent)]
    Socket(#[from] netcore::Error),
    /// The run was stopped before the first connection was made.
    #[error("stopped before the first connection was made")]
    Stopped,
    /// The log could not be written.
    #[error("write the log")]
    Log(#[from] io::Error),
}
