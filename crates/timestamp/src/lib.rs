#![doc = include_str!("../README.md")]

mod answer;
mod client;
mod clock;
mod format;
#[cfg(all(unix, feature = "bench"))]
pub mod load;
mod pattern;
#[cfg(feature = "server")]
mod server;

pub use answer::{Framing, Responder, answer};
pub use client::{Client, ClientError};
pub use clock::Stamp;
pub use format::{Format, FormatError, Zone};
pub use pattern::{Pattern, PatternError};
#[cfg(feature = "server")]
pub use server::TimeService;
