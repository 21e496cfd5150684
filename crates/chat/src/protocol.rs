//! The rules of the chat protocol as plain functions.

pub(crate) mod command;
pub(crate) mod format;
pub(crate) mod framing;
#[cfg(any(feature = "journal", feature = "client"))]
pub(crate) mod json;
pub(crate) mod name;
pub(crate) mod presence;
pub(crate) mod rate_limit;
pub(crate) mod telnet;
pub(crate) mod text;
