//! The operator's side of a chat.

use std::sync::Arc;
use std::time::SystemTime;

use crate::hub::Hub;
use crate::hub::mailbox::Direct;
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::text::clean;
use crate::room::segment::Batch;
use crate::stats::Stats;

/// The operator's side of a [`Chat`](crate::Chat). Any thread may use it.
///
/// ```
/// use chat::{Chat, Config};
///
/// let operator = Chat::new(Config::default()).operator();
/// operator.say("the server stops at noon");
/// for client in operator.clients() {
///     println!("{} is in {}", client.name, client.room);
/// }
/// assert!(!operator.kick("nobody"));
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    hub: Arc<Hub>,
}

/// A client of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Name of the room that it is in.
    pub room: Arc<str>,
}

/// A room of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomInfo {
    /// Its name.
    pub name: Arc<str>,
    /// Number of clients in it.
    pub clients: usize,
}

impl Operator {
    pub(crate) fn new(hub: Arc<Hub>) -> Operator {
        Operator { hub }
    }

    /// Returns all clients, in the order in which they connected.
    pub fn clients(&self) -> Vec<ClientInfo> {
        let clients = self.hub.clients().into_iter();
        clients.map(|(name, room)| ClientInfo { name, room: room.name.clone() }).collect()
    }

    /// Returns the lobby, then the other rooms with members, the fullest first.
    pub fn rooms(&self) -> Vec<RoomInfo> {
        let rooms = self.hub.rooms().into_iter();
        rooms.map(|(room, clients)| RoomInfo { name: room.name.clone(), clients }).collect()
    }

    /// Sends `text` to all rooms, as a notice. Control characters are removed.
    pub fn say(&self, text: &str) {
        let mut renderers = self.hub.renderers();
        let text = format!("operator: {}", clean(text));
        for (room, _) in self.hub.rooms() {
            let message = Message {
                time: SystemTime::now(),
                room: &room.name,
                kind: MessageKind::Notice,
                text: &text,
            };
            let mut batch = Batch::default();
            batch.push_stored(&mut renderers, &message);
            room.log.publish(&mut batch, None);
        }
    }

    /// Sends `text` to the client called `name` only. Returns `false` if no client has the name, or
    /// if it has not read its earlier direct messages.
    pub fn tell(&self, name: &str, text: &str) -> bool {
        let text = format!("operator to you: {}", clean(text));
        self.hub.send_direct(name, |_, _| Direct::Notice(text)).is_ok()
    }

    /// Notifies the client called `name` that it is removed, and closes its connection. Returns
    /// `false` if no client has the name.
    pub fn kick(&self, name: &str) -> bool {
        self.hub.send_direct(name, |_, _| Direct::Kick).is_ok()
    }

    /// Returns the figures of the chat.
    pub fn stats(&self) -> Stats {
        self.hub.stats()
    }
}
