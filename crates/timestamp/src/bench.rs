//! A load generator for servers that answer with what they received.
//!
//! The server may send lines back unchanged (echo, RFC 862) or after a stamp, `[TIME] `, over TCP,
//! UDP or Unix sockets. Each request has a unique number, and each answer is compared with its
//! request byte by byte.
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
//!     println!("the generator was the limit: {limit:?}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Closed and open loops
//!
//! In a *closed loop* a connection sends its next request when an earlier one is answered. This
//! finds the greatest throughput of a server. Its latencies say little about a server in use: while
//! the server stalls, no requests are sent. A stall of a second then counts as one slow answer per
//! connection, instead of the thousands of requests that would have been sent in that second. This
//! error is called *coordinated omission*.
//!
//! In an *open loop*, [`with_rate`](Load::with_rate), requests are due at fixed times, independent
//! of the answers. A request is sent late if every connection has reached its pipeline limit when
//! it is due. [`Report::latency`] counts from the time at which the request was due, and
//! [`Report::uncorrected`] from the time at which it was sent.
//!
//! # The limit of the generator
//!
//! A closed loop finds the limit of the slower side, which may be the generator. [`Report::limit`]
//! reports that from the behaviour of the generator's own threads: always at work, ready to run but
//! without a processor, or late with requests that were due.
//!
//! # The modules
//!
//! ```text
//! Load::run ─▶ driver (a thread: sockets, poller) ─▶ generator (no I/O, no clock) ─▶ Report
//!                                   ├ schedule: when requests are due
//!                                   └ connection: requests in flight on a socket
//!                                       └ payload, comparison: requests and answers
//! ```

mod comparison;
mod connection;
mod cpu_wait;
mod driver;
#[cfg(feature = "tls")]
mod encryption;
#[cfg(not(feature = "tls"))]
#[path = "bench/encryption/none.rs"]
mod encryption;
mod error;
mod generator;
mod hdr_log;
mod latency;
mod load;
mod payload;
mod report;
mod run;
mod schedule;
mod socket;
mod source;

pub use error::BenchError;
pub use latency::Latency;
pub use load::Load;
pub use report::{Limit, Report};

// The tests need a server.
#[cfg(test)]
#[cfg(feature = "server")]
mod tests;
