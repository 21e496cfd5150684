//! What the one who runs a chat can do in it.

use std::sync::Arc;
use std::time::SystemTime;

use crate::clean;
use crate::format::{LOBBY, Writer};
use crate::hub::{Hub, Order};
use crate::log::Batch;

/// The operator's side of a [`Chat`](crate::Chat), for any thread.
#[derive(Debug, Clone)]
pub struct Operator {
    hub: Arc<Hub>,
}

/// A room of the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Room {
    /// Its name.
    pub name: String,
    /// How many clients are in it.
    pub clients: usize,
}

impl Operator {
    pub(crate) fn new(hub: Arc<Hub>) -> Operator {
        Operator { hub }
    }

    /// The names of all clients, in the order of their coming.
    pub fn clients(&self) -> Vec<Arc<str>> {
        self.hub.who(usize::MAX).1
    }

    /// The rooms. Everybody is in the lobby.
    pub fn rooms(&self) -> Vec<Room> {
        vec![Room { name: LOBBY.to_owned(), clients: self.hub.who(0).0 }]
    }

    /// Says `text` to all, as a notice. Control characters are left out.
    pub fn say(&self, text: &str) {
        let mut batch = Batch::default();
        let mut writer = Writer::new(self.hub.config.format);
        let text = format!("operator: {}", clean(text));
        batch.push(|out| writer.notice(out, SystemTime::now(), &text));
        self.hub.log.publish(&mut batch, None);
    }

    /// Says `text` to the client called `name` only. Whether there is one.
    pub fn tell(&self, name: &str, text: &str) -> bool {
        self.hub.order(name, Order::Tell(format!("operator to you: {}", clean(text))))
    }

    /// Tells the client called `name` that it is removed, and closes it. Whether there is one.
    pub fn kick(&self, name: &str) -> bool {
        self.hub.order(name, Order::Kick)
    }
}
