//! The events of a ping, and the answers that it received.

use std::time::Duration;

use netcore::Address;

use crate::offset::sample::Sample;

/// What happens in a ping.
#[derive(Debug)]
pub enum Event {
    /// A probe was sent, or could not be for want of a connection.
    Sent {
        /// Its number, from 1 on.
        seq: u64,
    },
    /// The server was reached, or is at another address than before.
    Connected(Address),
    /// An answer came.
    Answer(Answer),
    /// A probe has not been answered within the timeout, or its connection is gone.
    Lost {
        /// Its number.
        seq: u64,
    },
    /// There is no connection, or the other machine says that nobody listens. The ping goes on.
    Error(netcore::Error),
    /// The server said something that answers no probe, as a server of another kind does. These are
    /// its first bytes, at most [`FOREIGN_LIMIT`](Event::FOREIGN_LIMIT); a ping tells it once. The
    /// ping goes on: some servers greet before they answer.
    Foreign(Vec<u8>),
}

impl Event {
    /// The most bytes of [`Foreign`](Event::Foreign).
    pub const FOREIGN_LIMIT: usize = 64;
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The number of the probe.
    pub seq: u64,
    /// From just before the probe was sent until the answer was there.
    pub round_trip: Duration,
    /// How many bytes it has.
    pub bytes: usize,
    /// Where it stands among the others.
    pub order: Order,
    /// What it says of the server's clock.
    pub sample: Option<Sample>,
    /// Whether its time had no zone.
    pub zone_assumed: bool,
}

/// Where an answer stands among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// In time, and after all that came before.
    InTurn,
    /// In time, but after the answer to a later probe.
    Overtaken,
    /// After its probe was counted as lost.
    Late,
    /// Once more.
    Duplicate,
}
