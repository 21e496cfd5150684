//! The operator's side of a chat.

use std::sync::Arc;
use std::time::SystemTime;

use crate::backplane::answer::Answer;
use crate::backplane::node::Node;
use crate::backplane::operation::{Direct, DirectKind, Operation, direct_to};
use crate::hub::Hub;
use crate::hub::mailbox::Direct as DirectContent;
use crate::now::millis;
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::text::clean;
use crate::room::segment::Batch;
use crate::stats::Stats;

/// The most clients that one call returns with a backplane.
const MAX_CLIENTS: usize = 10_000;

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
    ///
    /// With a backplane these are the clients of all nodes, at most 10,000, and the call may take
    /// 5 s. The same holds for the other calls that concern clients.
    pub fn clients(&self) -> Vec<ClientInfo> {
        if let Some(node) = &self.hub.node {
            let listed = match node.call(Operation::Clients { most: MAX_CLIENTS }) {
                Ok(Answer::Clients { listed }) => listed,
                other => return self.failed("clients not listed", &other),
            };
            let info = |(name, room): (String, String)| ClientInfo {
                name: clean(&name).into(),
                room: clean(&room).into(),
            };
            return listed.into_iter().map(info).collect();
        }
        let clients = self.hub.clients().into_iter();
        clients.map(|(name, room)| ClientInfo { name, room: room.name.clone() }).collect()
    }

    /// Returns the lobby, then the other rooms with members, the fullest first.
    pub fn rooms(&self) -> Vec<RoomInfo> {
        if let Some(node) = &self.hub.node {
            let listed = match node.call(Operation::Rooms) {
                Ok(Answer::Rooms { listed }) => listed,
                other => return self.failed("rooms not listed", &other),
            };
            let info = |(name, members): (String, u64)| RoomInfo {
                name: clean(&name).into(),
                clients: usize::try_from(members).unwrap_or(usize::MAX),
            };
            return listed.into_iter().map(info).collect();
        }
        let rooms = self.hub.rooms().into_iter();
        rooms.map(|(room, clients)| RoomInfo { name: room.name.clone(), clients }).collect()
    }

    /// Sends `text` to all rooms, as a notice. Control characters are removed.
    pub fn say(&self, text: &str) {
        let mut renderers = self.hub.renderers();
        let text = format!("operator: {}", clean(text));
        if let Some(node) = &self.hub.node {
            let time = millis(SystemTime::now());
            match node.call(Operation::Announce { text: text.into(), time }) {
                Ok(Answer::Done) => {}
                other => self.failed("notice not sent", &other),
            }
            return;
        }
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
        if let Some(node) = &self.hub.node {
            return self.send(node, name, DirectKind::Tell, &text);
        }
        self.hub.send_direct(name, |_, _| DirectContent::Notice(text)).is_ok()
    }

    /// Notifies the client called `name` that it is removed, and closes its connection. Returns
    /// `false` if no client has the name.
    pub fn kick(&self, name: &str) -> bool {
        if let Some(node) = &self.hub.node {
            return self.send(node, name, DirectKind::Kick, "");
        }
        self.hub.send_direct(name, |_, _| DirectContent::Kick).is_ok()
    }

    /// Returns `true` while the engine of the backplane is away. Without a backplane it never is.
    pub fn is_engine_away(&self) -> bool {
        self.hub.node.as_ref().is_some_and(|node| node.is_away())
    }

    fn send(&self, node: &Node, name: &str, kind: DirectKind, text: &str) -> bool {
        let direct = direct_to(name, kind, millis(SystemTime::now()));
        match node.call(Operation::Direct(Direct { text: text.into(), ..direct })) {
            Ok(Answer::Delivered { .. }) => true,
            Ok(Answer::Nobody) => false,
            other => {
                self.failed::<()>("client not reached", &other);
                false
            }
        }
    }

    /// Logs that the engine has not done something.
    fn failed<T: Default>(&self, what: &str, outcome: &Result<Answer, Arc<str>>) -> T {
        match outcome {
            Ok(Answer::Failed { reason }) => log::error!("operator: {what}: {reason}"),
            Ok(answer) => log::error!("operator: {what}: unexpected answer {answer:?}"),
            Err(reason) => log::error!("operator: {what}: {reason}"),
        }
        T::default()
    }

    /// Returns the figures of the chat.
    pub fn stats(&self) -> Stats {
        self.hub.stats()
    }
}
