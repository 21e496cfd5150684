//! The source of a log on disk: the rooms' streams, read by one thread that may wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backplane::entry::{EntryId, RawEntry};

/// The rooms' streams as a log on disk reads them. It has a connection of its own to the engine, so
/// that a slow disk holds up nobody else.
pub trait Source: fmt::Debug + Send {
    /// Returns all rooms of the chat. Connects if there is no connection.
    ///
    /// # Errors
    ///
    /// The reason for which the engine cannot be read. The connection is closed then.
    fn survey(&mut self) -> Result<Survey, String>;

    /// Returns the entries behind the positions, at most `count` of each stream. Waits for some if
    /// there are none, at most for `wait`.
    ///
    /// # Errors
    ///
    /// As [`survey`](Self::survey).
    fn read(
        &mut self,
        streams: &[(Arc<str>, EntryId)],
        count: usize,
        wait: Duration,
    ) -> Result<Reading, String>;
}

/// All rooms of a chat at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// The instance of the engine. Empty if it has none, because it has just lost its data.
    pub instance: String,
    /// The rooms, and those that are gone and whose number is still known.
    pub rooms: Vec<SurveyedRoom>,
}

/// A room in a [`Survey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyedRoom {
    /// Its folded name.
    pub folded: String,
    /// Its name as shown.
    pub shown: String,
    /// Number of its last line.
    pub number: u64,
    /// `true` if its stream may have entries.
    pub exists: bool,
}

/// Entries of streams.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The instance of the engine after the reading. If it is still that of an earlier survey, the
    /// entries belong to it.
    pub instance: String,
    /// Entries by stream, at least one for each stream that is listed.
    pub entries: Vec<(Arc<str>, Vec<RawEntry>)>,
}
