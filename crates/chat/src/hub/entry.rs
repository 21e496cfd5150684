//! The entries of the registry: one for each client and each room.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::hub::id::ClientId;
use crate::hub::mailbox::Mailbox;
use crate::protocol::format::LOBBY;
use crate::protocol::framing::Framing;
use crate::room::Room;

/// A client. A server has one entry for each connection, so it is small.
#[derive(Debug)]
pub(crate) struct ClientEntry {
    pub(crate) name: Arc<str>,
    /// `false` while the name is an address.
    pub(crate) has_chosen: bool,
    /// The form in which it receives messages.
    pub(crate) framing: Framing,
    pub(crate) room: Arc<Room>,
    /// Time at which the client entered the room, in seconds since 1970.
    since: u32,
    /// Bytes of direct messages that are pending.
    pub(crate) pending: u32,
    pub(crate) mailbox: Arc<Mailbox>,
    /// The key by which the client's shard knows it.
    pub(crate) key: u64,
}

/// A room with its members.
#[derive(Debug)]
pub(crate) struct RoomEntry {
    pub(crate) room: Arc<Room>,
    /// Members in the order in which they connected.
    pub(crate) members: BTreeSet<ClientId>,
    pub(crate) skeletons: [String; 2],
    /// Time at which the last member left, or `None` while there are members. The lobby is never
    /// vacant.
    pub(crate) vacant: Option<Instant>,
}

impl ClientEntry {
    /// Creates the entry of a client that enters `room` at `time` under a name that it has not
    /// chosen.
    pub(crate) fn new(
        name: Arc<str>,
        room: Arc<Room>,
        mailbox: Arc<Mailbox>,
        key: u64,
        framing: Framing,
        time: SystemTime,
    ) -> ClientEntry {
        let since = seconds(time);
        ClientEntry { name, has_chosen: false, framing, room, since, pending: 0, mailbox, key }
    }

    /// Moves the client to `room`.
    pub(crate) fn enter(&mut self, room: Arc<Room>, time: SystemTime) {
        (self.room, self.since) = (room, seconds(time));
    }

    /// Returns the time at which the client entered the room.
    pub(crate) fn since(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.since.into())
    }
}

impl RoomEntry {
    /// Returns the entry of the lobby.
    pub(crate) fn lobby(room: Arc<Room>) -> RoomEntry {
        let skeletons = [LOBBY.to_owned(), LOBBY.to_owned()];
        RoomEntry { room, members: BTreeSet::new(), skeletons, vacant: None }
    }

    /// Returns `true` if the room has been vacant for its time to live.
    pub(crate) fn is_expired(&self, now: Instant, ttl: Duration) -> bool {
        self.vacant.is_some_and(|since| now.saturating_duration_since(since) >= ttl)
    }
}

/// Returns the seconds since 1970, at most those that 32 bits hold (until 2106).
fn seconds(time: SystemTime) -> u32 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
}
