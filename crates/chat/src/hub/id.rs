//! The identity of a client.

/// A client of the chat, from its connect to its disconnect. Numbers ascend in the order of
/// connecting and are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientId(pub(crate) u64);
