//! The identity of a client.

/// A client of the chat, from its connect to its disconnect. Numbers ascend in the order of
/// connecting and are never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientId(pub(crate) u64);

impl ClientId {
    /// The identity of clients at the door, which nobody knows yet.
    pub(crate) const NOBODY: ClientId = ClientId(0);
}
