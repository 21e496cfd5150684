//! The hub: everything that the shards of a chat share.

pub(crate) mod continuations;
pub(crate) mod entry;
pub(crate) mod failed_passwords;
pub(crate) mod granted;
pub(crate) mod id;
pub(crate) mod mailbox;
pub(crate) mod operator;
pub(crate) mod outcome;
pub(crate) mod registry;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use crate::backplane::node::Node;
use crate::config::Config;
use crate::custom_command::Commands;
use crate::hub::continuations::Continuations;
use crate::hub::failed_passwords::FailedPasswords;
use crate::hub::granted::{departure, registration};
use crate::hub::id::ClientId;
use crate::hub::mailbox::{Direct, Mailbox};
use crate::hub::registry::{Joined, Registry, RoomError, RoomLimits, Undelivered};
use crate::now::Now;
use crate::protocol::format::{Format, LOBBY, Renderer};
use crate::protocol::framing::{Framing, Renderers, WebRenderer};
use crate::protocol::name::{Name, NameError};
use crate::room::Room;
use crate::room::history::Retention;
use crate::room::inbox::Inbox;
use crate::room::log::Log;
use crate::room::memory::MemoryAccount;
use crate::room::segment::Batch;
use crate::room::store::MessageStore;
use crate::stats::{Counters, Stats, count};
use crate::sync::lock;

/// The shared part of a chat. Every method may be called from any thread.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) config: Config,
    pub(crate) memory: Arc<MemoryAccount>,
    pub(crate) counters: Counters,
    pub(crate) commands: Commands,
    pub(crate) failed_passwords: FailedPasswords,
    pub(crate) continuations: Continuations,
    /// Clients that have not said the password yet.
    pub(crate) guests: AtomicU64,
    /// The node of a chat with a backplane.
    pub(crate) node: Option<Arc<Node>>,
    store: Option<Box<dyn MessageStore>>,
    registry: Mutex<Registry>,
    mailboxes: Mutex<Vec<Arc<Mailbox>>>,
}

impl Hub {
    pub(crate) fn new(
        config: Config,
        commands: Commands,
        store: Option<Box<dyn MessageStore>>,
        node: Option<Arc<Node>>,
    ) -> Hub {
        let memory = Arc::new(MemoryAccount::new(config.memory));
        let (shown, folded) = (LOBBY.into(), LOBBY.to_owned());
        let lobby = new_room(&config, &memory, store.as_deref(), node.clone(), shown, folded);
        let prefix = node.as_ref().map_or("unix:".to_owned(), |it| format!("unix:{}:", it.name()));
        let limits = RoomLimits {
            max_rooms: config.max_rooms,
            max_members: config.max_members,
            ttl: config.room_ttl,
        };
        Hub {
            memory,
            counters: Counters::default(),
            commands,
            failed_passwords: FailedPasswords::default(),
            continuations: Continuations::default(),
            guests: AtomicU64::new(0),
            node,
            store,
            registry: Mutex::new(Registry::new(limits, lobby, prefix)),
            mailboxes: Mutex::default(),
            config,
        }
    }

    fn new_room(&self, name: &Name) -> Arc<Room> {
        let Name { shown, folded, .. } = name.clone();
        let (store, node) = (self.store.as_deref(), self.node.clone());
        new_room(&self.config, &self.memory, store, node, shown.into(), folded)
    }

    /// Returns new renderers for the messages of rooms.
    pub(crate) fn renderers(&self) -> Renderers {
        // With a backplane, the log on disk follows the engine.
        let is_stored = self.store.is_some() && self.node.is_none();
        let disk = is_stored.then(|| Renderer::new(Format::Json));
        let web = self.config.web.then(WebRenderer::new);
        Renderers { lines: Renderer::new(self.config.format), web, disk }
    }

    /// Implements [`Chat::close`](crate::Chat::close).
    pub(crate) fn close(&self) {
        if let Some(node) = &self.node {
            node.close();
        }
        if let Some(store) = &self.store {
            store.close();
        }
    }

    /// Returns the bytes of memory that the store needs at most.
    pub(crate) fn store_memory(&self) -> usize {
        self.store.as_ref().map_or(0, |store| store.memory(&self.config))
    }

    /// Opens a room from before a restart, with its last messages as history. Call it in the order
    /// of latest activity; rooms beyond the limit are ignored.
    #[cfg(feature = "journal")]
    pub(crate) fn restore(&self, name: &Name, history: &Batch, now: Instant) {
        let room = self.registry().restore(name, now, |name| self.new_room(name));
        if let Some(room) = room {
            room.log.restore(history);
        }
    }

    /// Adds the mailbox of a new shard.
    pub(crate) fn attach(&self, mailbox: Arc<Mailbox>) {
        lock(&self.mailboxes).push(mailbox);
    }

    /// Removes the mailbox of a shard.
    pub(crate) fn detach(&self, mailbox: &Arc<Mailbox>) {
        lock(&self.mailboxes).retain(|other| !Arc::ptr_eq(other, mailbox));
    }

    /// Adds a client to the lobby, see [`Registry::connect`].
    pub(crate) fn connect(
        &self,
        name: Option<&str>,
        mailbox: &Arc<Mailbox>,
        key: u64,
        framing: Framing,
        time: SystemTime,
    ) -> Joined {
        count(&self.counters.entered, 1);
        let joined = self.registry().connect(name, mailbox, key, framing, time);
        if let Some(node) = &self.node {
            node.push([registration(&joined, time)]);
        }
        joined
    }

    /// Publishes `batch` in `room`, and unregisters the clients `gone`, whose leaving stands in it.
    /// Both happen under one lock: a name is free once its leaving is in the log, and not before.
    pub(crate) fn publish_departures(
        &self,
        room: &Room,
        batch: &mut Batch,
        from: &Arc<Inbox>,
        gone: &mut Vec<ClientId>,
        now: Instant,
    ) {
        let mut registry = self.registry();
        for id in gone.iter() {
            registry.unregister(*id, now);
        }
        match &self.node {
            Some(node) => node.push(gone.drain(..).map(|id| departure(id, now))),
            None => {
                gone.clear();
                room.log.publish(batch, Some(from));
            }
        }
    }

    /// Gives a client the name that it chose. `publish` receives the old and the new name under the
    /// registry's lock, so that the rename stands in the log before anybody takes the old name.
    ///
    /// # Errors
    ///
    /// [`NameError`] if the name is malformed, or if another client has it.
    pub(crate) fn rename<T>(
        &self,
        id: ClientId,
        name: &str,
        publish: impl FnOnce(&str, &str) -> T,
    ) -> Result<(Arc<str>, T), NameError> {
        let name = Name::of_client(name)?;
        let mut registry = self.registry();
        let [old, new] = registry.rename(id, name)?;
        let published = publish(&old, &new);
        Ok((new, published))
    }

    /// Moves a client to another room, and creates the room if there is none.
    ///
    /// # Errors
    ///
    /// [`RoomError`] if the room cannot be created or entered.
    pub(crate) fn move_to(
        &self,
        id: ClientId,
        name: &str,
        now: Now,
    ) -> Result<Arc<Room>, RoomError> {
        let name = Name::of_room(name)?;
        self.registry().move_to(id, &name, now, |name| self.new_room(name))
    }

    /// Removes expired rooms. Does nothing if the registry is busy, because another shard will.
    pub(crate) fn sweep(&self, now: Instant) {
        if self.node.is_some() {
            // The engine decides which rooms there are.
            return;
        }
        if let Ok(mut registry) = self.registry.try_lock() {
            registry.sweep(now);
        }
    }

    /// Returns the number of members of `room`, and name and time of entry of the first `most` of
    /// them.
    pub(crate) fn members(&self, room: &Room, most: usize) -> (usize, Vec<(Arc<str>, SystemTime)>) {
        self.registry().members(room, most)
    }

    /// Returns every client's name and room, in the order in which the clients connected.
    pub(crate) fn clients(&self) -> Vec<(Arc<str>, Arc<Room>)> {
        self.registry().clients()
    }

    /// Returns the rooms with members and the number of these: the lobby, then the fullest first.
    pub(crate) fn rooms(&self) -> Vec<(Arc<Room>, usize)> {
        self.registry().rooms()
    }

    /// Sends a direct message to the client called `name`. `write` makes its content from the
    /// client's name as it is written, and from its framing. Returns the client.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] if no client has the name, or if it has not read its earlier messages.
    pub(crate) fn send_direct(
        &self,
        name: &str,
        write: impl FnOnce(&str, Framing) -> Direct,
    ) -> Result<ClientId, Undelivered> {
        let mut registry = self.registry();
        let id = registry.find(name).ok_or(Undelivered::Nobody)?;
        registry.send(id, write)?;
        Ok(id)
    }

    /// Counts `bytes` of direct messages to a client as delivered.
    pub(crate) fn delivered(&self, id: ClientId, bytes: usize) {
        self.registry().delivered(id, bytes);
    }

    /// Gives a client a name that the engine has granted: a chosen one, or its address.
    pub(crate) fn set_name(&self, id: ClientId, name: &str, has_chosen: bool) {
        self.registry().set_name(id, name, has_chosen);
    }

    /// Returns the open room with this folded name.
    pub(crate) fn room(&self, folded: &str) -> Option<Arc<Room>> {
        self.registry().room(folded)
    }

    /// Returns a room of the engine, which is opened here if it is not. Returns `None` if it has a
    /// name that no room can have.
    pub(crate) fn open_room(&self, folded: &str, shown: &str) -> Option<Arc<Room>> {
        let name = Name::of_room(shown).ok().filter(|name| name.folded == folded)?;
        let mut registry = self.registry();
        registry.room(folded).or_else(|| {
            let room = self.new_room(&name);
            registry.add_room(&name, room.clone(), Instant::now());
            Some(room)
        })
    }

    /// Closes a room without members.
    pub(crate) fn close_room(&self, folded: &str) {
        self.registry().remove_room(folded);
    }

    /// Returns the folded names of rooms that have had no members for `time`.
    pub(crate) fn vacant_rooms(&self, time: Duration) -> Vec<String> {
        self.registry().vacant_rooms(Instant::now(), time)
    }

    /// Moves a client to an open room, as the engine has granted.
    pub(crate) fn enter_room(
        &self,
        id: ClientId,
        folded: &str,
        time: SystemTime,
    ) -> Option<Arc<Room>> {
        self.registry().enter_room(id, folded, Instant::now(), time)
    }

    /// Sends a direct message to a client. `write` makes its content.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] if it is gone, or if it has not read its earlier messages.
    pub(crate) fn send_to(
        &self,
        id: ClientId,
        write: impl FnOnce(Framing) -> Direct,
    ) -> Result<(), Undelivered> {
        self.registry().send(id, |_, framing| write(framing))
    }

    /// Puts something into the mailbox of a client, however much is pending.
    pub(crate) fn put(&self, id: ClientId, content: Direct) {
        self.registry().put(id, content);
    }

    /// Returns the figures of the chat.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.counters.read(&mut stats);
        let (clients, rooms) = self.registry().counts();
        (stats.clients, stats.rooms) = (clients as u64, rooms as u64);
        stats.guests = self.guests.load(Ordering::Relaxed);
        if let Some(store) = &self.store {
            store.read(&mut stats);
        }
        if let Some(node) = &self.node {
            node.read(&mut stats);
        }
        stats.held_bytes = self.memory.tracked() as u64;
        stats.history_bytes = self.memory.history() as u64;
        let mailboxes = lock(&self.mailboxes);
        stats.slowest_bytes = mailboxes.iter().map(|mailbox| mailbox.slowest()).max().unwrap_or(0);
        stats
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        lock(&self.registry)
    }
}

/// Creates a room with an empty log.
fn new_room(
    config: &Config,
    memory: &Arc<MemoryAccount>,
    store: Option<&dyn MessageStore>,
    node: Option<Arc<Node>>,
    name: Arc<str>,
    folded: String,
) -> Arc<Room> {
    let store = store.and_then(|store| store.room(&folded));
    let log = Log::new(Retention::of(config), config.far_behind(), memory.clone(), store);
    Arc::new(Room { name, folded, log: Arc::new(log), node })
}
