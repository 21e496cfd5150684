//! The rooms of a shard.

use std::sync::Arc;
use std::time::Instant;

use crate::protocol::format::LOBBY;
use crate::room::Room;
use crate::room::inbox::Wake;
use crate::shard::room::LocalRoom;

/// Index of a room in [`Rooms`]. Each client has one, so it is small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomIndex(u32);

impl RoomIndex {
    /// The index of no room: that of a client at the door.
    pub(crate) const NOWHERE: RoomIndex = RoomIndex(u32::MAX);
}

/// The rooms that clients of the shard are in.
#[derive(Debug, Default)]
pub(crate) struct Rooms(Vec<Option<LocalRoom>>);

impl Rooms {
    pub(crate) fn get(&self, index: RoomIndex) -> Option<&LocalRoom> {
        self.0.get(index.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: RoomIndex) -> Option<&mut LocalRoom> {
        self.0.get_mut(index.0 as usize)?.as_mut()
    }

    /// Returns every room.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &LocalRoom> {
        self.0.iter().flatten()
    }

    /// Returns every room with its index.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (RoomIndex, &mut LocalRoom)> {
        let rooms = (0..).map(RoomIndex).zip(self.0.iter_mut());
        rooms.filter_map(|(index, room)| Some((index, room.as_mut()?)))
    }

    /// Returns the index of `room`, which is added if it is not here.
    pub(crate) fn open(&mut self, room: Arc<Room>, wake: Wake, now: Instant) -> RoomIndex {
        let is_same = |local: &Option<LocalRoom>| {
            local.as_ref().is_some_and(|local| Arc::ptr_eq(&local.room, &room))
        };
        if let Some(index) = self.0.iter().position(is_same) {
            return RoomIndex(index as u32);
        }
        let local = Some(LocalRoom::new(room, wake, now));
        let index = match self.0.iter().position(Option::is_none) {
            Some(index) => {
                self.0[index] = local;
                index
            }
            None => {
                self.0.push(local);
                self.0.len() - 1
            }
        };
        RoomIndex(index as u32)
    }

    /// Removes the room at `index` if it is vacant.
    pub(crate) fn close_vacant(&mut self, index: RoomIndex) {
        if self.get(index).is_some_and(LocalRoom::is_vacant) {
            self.0[index.0 as usize] = None;
        }
    }

    /// Publishes the batch of the room at `index`.
    pub(crate) fn publish(&mut self, index: RoomIndex) {
        if let Some(local) = self.get_mut(index) {
            local.publish();
        }
    }

    /// Returns the name of the room at `index`.
    pub(crate) fn name(&self, index: RoomIndex) -> Arc<str> {
        self.get(index).map_or_else(|| LOBBY.into(), |local| local.room.name.clone())
    }
}
