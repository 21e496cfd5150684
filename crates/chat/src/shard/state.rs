//! The state of a shard that input, commands and delivery share.

use std::collections::HashMap;
use std::sync::Arc;

use crate::hub::Hub;
use crate::hub::mailbox::{DirectMessage, Mailbox};
use crate::now::Now;
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::framing::{Framing, Renderers};
use crate::shard::guests::Guests;
use crate::shard::member::Member;
use crate::shard::paused::PausedClients;
use crate::shard::rooms::Rooms;

/// Bytes of rendered messages in one turn at which the turn's input ends, so that they are
/// delivered before more input is read.
pub(crate) const MAX_BATCH: usize = 256 * 1024;

/// The shared state of a shard.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) hub: Arc<Hub>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) rooms: Rooms,
    pub(crate) renderers: Renderers,
    /// Time of the current call.
    pub(crate) now: Now,
    pub(crate) paused: PausedClients,
    pub(crate) guests: Guests,
    /// Direct messages for clients that have unsent output, by key.
    pub(crate) direct: HashMap<u64, Vec<DirectMessage>>,
    /// Bytes of replies since the current input began.
    pub(crate) reply_bytes: usize,
    /// Outcomes of requests to the engine, by key.
    pub(crate) outcomes: HashMap<u64, Vec<DirectMessage>>,
    /// Bytes of lines that were kept since the engine went away.
    pub(crate) kept_bytes: usize,
    /// Bytes of rendered messages since the last round.
    pub(crate) batch_bytes: usize,
    /// Buffer of the last notice, reused.
    notice: Vec<u8>,
}

impl State {
    pub(crate) fn new(hub: Arc<Hub>, mailbox: Arc<Mailbox>) -> State {
        State {
            renderers: hub.renderers(),
            hub,
            mailbox,
            rooms: Rooms::default(),
            now: Now::system(),
            paused: PausedClients::default(),
            guests: Guests::default(),
            direct: HashMap::new(),
            outcomes: HashMap::new(),
            kept_bytes: 0,
            reply_bytes: 0,
            batch_bytes: 0,
            notice: Vec::new(),
        }
    }

    /// Returns `true` if messages should be delivered before more input is processed.
    pub(crate) fn is_batch_full(&self) -> bool {
        self.batch_bytes > MAX_BATCH
    }

    /// Returns `true` while messages exceed the memory limit, or the engine of a backplane has too
    /// much to apply.
    pub(crate) fn is_memory_short(&self) -> bool {
        self.hub.memory.excess() > 0 || self.hub.node.as_ref().is_some_and(|node| node.is_full())
    }

    /// Renders a notice for a client in the room called `room`.
    pub(crate) fn notice(&mut self, framing: Framing, room: &str, text: &str) -> &[u8] {
        self.notice.clear();
        let kind = MessageKind::Notice;
        let message = Message { time: self.now.time, room, kind, text };
        self.renderers.render(framing, &message, &mut self.notice);
        &self.notice
    }

    /// Renders a notice for a client. On a WebSocket, its object ends with `fields`.
    pub(crate) fn notice_for(&mut self, member: &Member, text: &str, fields: &str) -> &[u8] {
        let room = self.rooms.name(member.room);
        match &mut self.renderers.web {
            Some(web) if !fields.is_empty() && member.framing() == Framing::WebSocket => {
                self.notice.clear();
                let (time, kind) = (self.now.time, MessageKind::Notice);
                let message = Message { time, room: &room, kind, text };
                web.render_with(&message, fields, &mut self.notice);
                &self.notice
            }
            _ => self.notice(member.framing(), &room, text),
        }
    }
}
