//! The effect of a client's line on its session.

/// The effect of a line on the session of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Flow {
    /// The session goes on.
    Continue,
    /// The client leaves.
    Leave,
}
