//! What the one who runs a chat can do in it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::hub::Hub;
use crate::hub::mailbox::What;
use crate::protocol::text::clean;
use crate::room::log::Batch;
use crate::stats::Stats;

/// The operator's side of a [`Chat`](crate::Chat), for any thread.
#[derive(Debug, Clone)]
pub struct Operator {
    hub: Arc<Hub>,
}

/// A client of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Occupant {
    /// What it is called.
    pub name: Arc<str>,
    /// The room that it is in.
    pub room: Arc<str>,
}

/// A room of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Room {
    /// Its name.
    pub name: Arc<str>,
    /// How many clients are in it.
    pub clients: usize,
}

impl Operator {
    pub(crate) fn new(hub: Arc<Hub>) -> Operator {
        Operator { hub }
    }

    /// All clients, in the order of their coming.
    pub fn clients(&self) -> Vec<Occupant> {
        let clients = self.hub.clients().into_iter();
        clients.map(|(name, room)| Occupant { name, room: room.name.clone() }).collect()
    }

    /// The lobby, and then the rooms that somebody is in, the fullest first.
    pub fn rooms(&self) -> Vec<Room> {
        let rooms = self.hub.rooms().into_iter();
        rooms.map(|(room, clients)| Room { name: room.name.clone(), clients }).collect()
    }

    /// Says `text` in all rooms, as a notice. Control characters are left out.
    pub fn say(&self, text: &str) {
        let mut pen = self.hub.pen();
        let time = SystemTime::now();
        let text = format!("operator: {}", clean(text));
        for (room, _) in self.hub.rooms() {
            let mut batch = Batch::default();
            batch.say(&mut pen, time, |writer, out| writer.notice(out, time, &room.name, &text));
            room.log.publish(&mut batch, None);
        }
    }

    /// Says `text` to the client called `name` only. `false`: there is none, or it does not read.
    pub fn tell(&self, name: &str, text: &str) -> bool {
        let words = format!("operator to you: {}", clean(text));
        self.hub.send(name, |_| What::Tell(words)).is_ok()
    }

    /// Tells the client called `name` that it is removed, and closes it. Whether there is one.
    pub fn kick(&self, name: &str) -> bool {
        self.hub.send(name, |_| What::Kick).is_ok()
    }

    /// The figures of the chat.
    pub fn stats(&self) -> Stats {
        self.hub.stats()
    }
}
