#![doc = include_str!("../README.md")]

mod answer;
mod client;
mod clock;
mod distribution;
mod format;
#[cfg(all(unix, feature = "bench"))]
pub mod load;
mod offset;
mod pattern;
mod ping;
mod probe;
mod prober;
mod protocol;
mod query;
mod reading;
#[cfg(feature = "server")]
mod server;
mod statistics;

pub use answer::{Framing, Responder, answer};
pub use client::{Client, ClientError};
pub use clock::Stamp;
pub use distribution::Distribution;
pub use format::{Format, FormatError, Zone};
pub use offset::{Drift, Estimator, Exchange, Offset};
pub use pattern::{Pattern, PatternError};
pub use ping::{Answer, Event, Order, Ping, Plan, Step};
pub use prober::Prober;
pub use protocol::{Protocol, UnknownProtocol};
pub use query::{query_daytime, query_time};
pub use reading::{Reading, seconds_since_1900};
#[cfg(feature = "server")]
pub use server::TimeService;
pub use statistics::Statistics;
