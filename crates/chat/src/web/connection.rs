//! The connection of a browser: requests for the page, and then a WebSocket.
//!
//! ```text
//!            a file, keep-alive
//!             ┌──────┐
//!             ▼      │     handshake
//!           Requests ┴──────────────► Socket
//!             │ refused, timeout        │ close frame, leave, violation
//!             └───────────► closed ◄────┘
//! ```

use std::time::Instant;

use crate::shard::member::Member;
use crate::web::output::Closing;
use crate::web::websocket::WebSocket;

/// The connection of a browser.
#[derive(Debug)]
pub(crate) struct Browser {
    /// The shard's key for the client.
    pub(crate) key: u64,
    /// The time at which it needs attention, if there is one.
    pub(crate) due: Option<Instant>,
    pub(crate) phase: Phase,
}

/// The phase of a browser's connection.
#[derive(Debug)]
pub(crate) enum Phase {
    Requests(Requests),
    Socket(Session),
}

/// The phase in which requests come.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// Name of the client until it chooses one.
    pub(crate) name: Option<String>,
    /// `true` if the host of each request must be known.
    pub(crate) checks_host: bool,
    /// Input that is not processed yet.
    pub(crate) input: Vec<u8>,
}

/// A client on a WebSocket.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) member: Member,
    pub(crate) socket: WebSocket,
    pub(crate) closing: Closing,
    /// Time of the last message from the client, or of the handshake.
    pub(crate) last_message: Instant,
    /// Time of the next ping.
    pub(crate) ping_at: Instant,
    /// Number of pings since the last input.
    pub(crate) unanswered: u8,
}
