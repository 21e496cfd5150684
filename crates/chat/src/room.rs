//! A room: its name and its log, which all shards share.

pub(crate) mod history;
pub(crate) mod log;
pub(crate) mod memory;
pub(crate) mod store;
