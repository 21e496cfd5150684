//! The events of a ping, and the answers that it received.

use std::time::Duration;

use netcore::Address;

use crate::offset::sample::Sample;

/// An event of a ping.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A probe was sent, or could not be sent because there is no connection.
    Sent {
        /// The number of the probe, from 1 on.
        seq: u64,
    },
    /// The server was reached for the first time, or at another address than before.
    Connected(Address),
    /// A connection over `tls://` was made. Neither time is part of a round trip, except for a
    /// service that [speaks first](crate::Service::speaks_first): there each probe is a connection.
    Encrypted {
        /// The time of connecting, without the handshake.
        connect: Duration,
        /// The time of the handshake.
        handshake: Duration,
        /// `true` if the handshake resumed an earlier session.
        resumed: bool,
    },
    /// An answer arrived.
    Answer(Answer),
    /// A probe was not answered within the timeout, or its connection has ended.
    Lost {
        /// The number of the probe.
        seq: u64,
    },
    /// Connecting, sending or receiving failed, for instance because nobody listens. The ping
    /// continues.
    Error(netcore::Error),
    /// The server sent input that answers no probe, which suggests another kind of server. The
    /// value is the beginning, at most [`FOREIGN_LIMIT`](Event::FOREIGN_LIMIT) bytes. This event
    /// comes at most once, and the ping continues: some servers send a greeting before they answer.
    Foreign(Vec<u8>),
}

impl Event {
    /// The most bytes of [`Foreign`](Event::Foreign).
    pub const FOREIGN_LIMIT: usize = 64;
}

/// An answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The number of the probe.
    pub seq: u64,
    /// The time from just before the probe was sent until its answer arrived.
    pub round_trip: Duration,
    /// The size of the answer in bytes.
    pub bytes: usize,
    /// The order of the answer among the others.
    pub order: Order,
    /// The reading of the server's clock, if the answer has one.
    pub sample: Option<Sample>,
    /// `true` if the time of the answer had no zone.
    pub zone_assumed: bool,
}

/// The order of an answer among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// The answer came in time and in the order of the probes.
    InTurn,
    /// The answer came in time, but after the answer to a later probe.
    Overtaken,
    /// The answer came after its probe was counted as lost.
    Late,
    /// The probe had an answer already.
    Duplicate,
}
