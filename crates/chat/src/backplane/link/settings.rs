//! The settings of a link.

use std::sync::Arc;

use crate::backplane::operation::Limits;
use crate::backplane::settings::Offline;

/// Everything that a link needs to know about its node.
#[derive(Debug, Clone)]
pub(crate) struct LinkSettings {
    pub(crate) node: Arc<str>,
    /// Random text of this process.
    pub(crate) epoch: Arc<str>,
    pub(crate) offline: Offline,
    pub(crate) limits: Limits,
    /// Messages of a room's history.
    pub(crate) history: usize,
    /// Announces the clients of a reaped node in their rooms.
    pub(crate) presence: bool,
    /// The first number of an operation.
    pub(crate) first_number: u64,
    /// Seed of the waits between attempts.
    pub(crate) seed: u64,
}
