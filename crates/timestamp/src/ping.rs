//! Pings a server that answers with the time or with what it received, and sums up the results.
//!
//! ```text
//!  Plan ──▶ Ping (no I/O: Step out, answers in) ──▶ Event ──▶ Statistics (Histogram, Estimator)
//!             ▲ driven by
//!           Prober (sockets, an iterator of Event)
//! ```
//!
//! Three lines ping a server and print its round trip:
//!
//! ```no_run
//! use std::time::Duration;
//! use timestamp::ping::{Plan, Prober, Statistics};
//! use timestamp::{Service, Zone};
//!
//! let endpoint = "udp://localhost:21567".parse()?;
//! let plan = Plan::default().with_count(Some(10)).with_interval(Duration::from_millis(100));
//! // A random number that nobody else knows.
//! let nonce = 0x5d3a_91c2_07be_64f8;
//! let mut statistics = Statistics::default();
//! for event in Prober::new(endpoint, Service::Timestamp, Zone::Local, plan, nonce) {
//!     statistics.add(&event);
//! }
//! println!("{:?}, loss {:.0} %", statistics.mean(), statistics.loss() * 100.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod driver;
mod event;
mod plan;
mod state;
mod statistics;
pub(crate) mod wire;

pub use driver::Prober;
pub use event::{Answer, Event, Order};
pub use plan::Plan;
pub use state::{Ping, Step};
pub use statistics::Statistics;

pub use crate::histogram::Histogram;
