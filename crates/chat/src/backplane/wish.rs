//! A wish: an operation, and the one who waits for its outcome.

use std::time::Instant;

use crate::backplane::operation::{LineKind, Operation};

/// The one who waits for the outcome of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Asker {
    /// The node itself, which only wants the effect.
    Node,
    /// A client of this node.
    Client(u64),
    /// A call of the operator, by its number.
    Operator(u64),
}

/// An operation that is not resolved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) asker: Asker,
    pub(crate) operation: Operation,
    /// Time at which the node accepted it.
    pub(crate) at: Instant,
}

/// The event that resolves an operation, once it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// Nothing more.
    Applied,
    /// Its line comes back.
    Line,
    /// An answer comes back.
    Answer,
}

impl Wish {
    /// Returns the event that resolves it.
    pub(crate) fn resolution(&self) -> Resolution {
        match &self.operation {
            Operation::Say(_) if self.asker == Asker::Node => Resolution::Applied,
            Operation::Say(_) => Resolution::Line,
            // Only a name that is lost is answered.
            Operation::Register(registration) if registration.chosen.is_none() => {
                Resolution::Applied
            }
            Operation::Unregister { .. } | Operation::Registered | Operation::Retire => {
                Resolution::Applied
            }
            _ => Resolution::Answer,
        }
    }

    /// Returns `true` if the operation must reach the engine sometime, however long that takes: it
    /// follows from a client's connection, not from a client's request.
    pub(crate) fn is_lasting(&self) -> bool {
        match &self.operation {
            Operation::Say(line) => self.asker == Asker::Node && line.kind == LineKind::Presence,
            Operation::Register(_)
            | Operation::Unregister { .. }
            | Operation::Registered
            | Operation::Retire => true,
            _ => false,
        }
    }
}
