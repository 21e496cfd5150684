//! Changes of the registry that the engine of a backplane has granted.
//!
//! The engine has checked the names and the limits, so the registry only records them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::backplane::operation::{Operation, Registration, RoomName};
use crate::backplane::wish::{Asker, Wish};
use crate::hub::entry::RoomEntry;
use crate::hub::id::ClientId;
use crate::hub::registry::{Joined, Registry};
use crate::now::millis;
use crate::protocol::format::LOBBY;
use crate::protocol::name::Name;
use crate::room::Room;

impl Registry {
    /// Gives a client a name: one that it has chosen, or its address.
    pub(super) fn set_name(&mut self, id: ClientId, name: &str, has_chosen: bool) {
        self.release_name(id);
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.name = name.into();
        client.has_chosen = has_chosen;
        if !has_chosen {
            self.names.entry(client.name.clone()).or_insert(id);
        }
    }

    /// Returns the room with this folded name.
    pub(super) fn room(&self, folded: &str) -> Option<Arc<Room>> {
        self.rooms.get(folded).map(|entry| entry.room.clone())
    }

    /// Adds a room without members.
    pub(super) fn add_room(&mut self, name: &Name, room: Arc<Room>, now: Instant) {
        let skeletons = name.skeletons.clone();
        let entry = RoomEntry { room, members: BTreeSet::new(), skeletons, vacant: Some(now) };
        self.rooms.insert(name.folded.clone(), entry);
    }

    /// Removes a room.
    pub(super) fn remove_room(&mut self, folded: &str) {
        self.rooms.remove(folded);
    }

    /// Moves a client to a room. Returns the room, or `None` if it or the client is gone.
    pub(super) fn enter_room(
        &mut self,
        id: ClientId,
        folded: &str,
        now: Instant,
        time: SystemTime,
    ) -> Option<Arc<Room>> {
        self.clients.get(&id)?;
        let room = self.room(folded)?;
        self.leave_room(id, now);
        let entry = self.rooms.get_mut(folded)?;
        entry.members.insert(id);
        entry.vacant = None;
        self.clients.get_mut(&id)?.enter(room.clone(), time);
        Some(room)
    }

    /// Returns the folded names of rooms that have had no members for `time`.
    pub(super) fn vacant_rooms(&self, now: Instant, time: Duration) -> Vec<String> {
        let vacant = self.rooms.iter().filter(|(_, entry)| entry.is_expired(now, time));
        vacant.map(|(folded, _)| folded.clone()).collect()
    }
}

/// Returns the operation that registers a new client.
pub(super) fn registration(joined: &Joined, time: SystemTime) -> Wish {
    let lobby: Arc<str> = LOBBY.into();
    let skeletons = [lobby.clone(), lobby.clone()];
    let registration = Registration {
        client: joined.id.0,
        address: joined.name.clone(),
        chosen: None,
        room: RoomName { shown: lobby.clone(), folded: lobby, skeletons },
        since: millis(time),
    };
    let operation = Operation::Register(registration);
    Wish { asker: Asker::Node, operation, at: Instant::now() }
}

/// Returns the operation that removes a client.
pub(super) fn departure(id: ClientId, now: Instant) -> Wish {
    Wish { asker: Asker::Node, operation: Operation::Unregister { client: id.0 }, at: now }
}
