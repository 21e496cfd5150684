#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "bench")]
pub mod bench;
mod client;
mod format;
mod handshake;
mod histogram;
mod offset;
mod parse;
mod pattern;
pub mod ping;
mod query;
mod responder;
#[cfg(feature = "server")]
mod server;
mod service;
mod stamp;
mod unix_time;
mod zone;

pub use netcore;

pub use client::{Client, ClientError};
pub use format::{Format, FormatError};
pub use offset::{Drift, Estimator, Offset, sample::Sample};
pub use parse::{ParsedTime, seconds_since_1900};
pub use pattern::{Pattern, PatternError};
pub use query::{query_daytime, query_daytime_with, query_time, query_time_with};
pub use responder::{Framing, Responder, answer};
#[cfg(feature = "server")]
pub use server::TimeService;
pub use service::{Service, UnknownService};
pub use stamp::Stamp;
pub use zone::Zone;

#[cfg(test)]
mod tests;
