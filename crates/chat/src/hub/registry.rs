//! The registry: clients with names that do not look alike, and rooms with their members.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::hub::entry::{ClientEntry, RoomEntry};
use crate::hub::id::ClientId;
use crate::hub::mailbox::{Direct, DirectMessage, MAX_PENDING_DIRECT, Mailbox};
use crate::now::Now;
use crate::protocol::format::LOBBY;
use crate::protocol::framing::Framing;
use crate::protocol::name::{Name, NameError};
use crate::protocol::text::clean;
use crate::room::Room;

/// Interval at which expired rooms are removed.
const SWEEP: Duration = Duration::from_secs(1);

/// All clients and rooms of a chat.
#[derive(Debug)]
pub(crate) struct Registry {
    limits: RoomLimits,
    /// The room in which every client starts. It always exists.
    pub(super) lobby: Arc<Room>,
    last_id: u64,
    /// Begins the names of clients without an address.
    prefix: String,
    pub(super) clients: HashMap<ClientId, ClientEntry>,
    /// Clients by address, and by each skeleton of a chosen name. No name contains the colon of an
    /// address.
    pub(super) names: HashMap<Arc<str>, ClientId>,
    /// Rooms by folded name.
    pub(super) rooms: HashMap<String, RoomEntry>,
    swept: Option<Instant>,
}

/// The limits of rooms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomLimits {
    /// The most rooms, vacant ones included.
    pub(crate) max_rooms: usize,
    /// The most clients in a room other than the lobby.
    pub(crate) max_members: usize,
    /// Time after which a vacant room expires.
    pub(crate) ttl: Duration,
}

/// A client that has connected.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) id: ClientId,
    pub(crate) name: Arc<str>,
    pub(crate) room: Arc<Room>,
}

/// Reasons why a client cannot go to a room. The client receives the text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoomError {
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("there is a room that looks like it: {0}")]
    Confusable(Arc<str>),
    #[error("room limit reached ({0})")]
    TooMany(usize),
    #[error("{0} is full")]
    Full(Arc<str>),
    #[error("you are in {0} already")]
    Already(Arc<str>),
}

/// Reasons why a direct message cannot be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undelivered {
    /// No client has the name.
    Nobody,
    /// The client has not read its earlier direct messages.
    Busy,
}

impl Undelivered {
    /// Returns the text for the sender of a message to `name`.
    pub(crate) fn text(self, name: &str) -> String {
        match self {
            Undelivered::Nobody => format!("nobody is called {}", clean(name)),
            Undelivered::Busy => format!("{} does not read; your message is lost", clean(name)),
        }
    }
}

impl Registry {
    /// Creates a registry with the lobby, which always exists.
    /// `prefix` begins the names of clients without an address.
    pub(crate) fn new(limits: RoomLimits, lobby: Arc<Room>, prefix: String) -> Registry {
        let entry = RoomEntry::lobby(lobby.clone());
        Registry {
            limits,
            lobby,
            last_id: 0,
            prefix,
            clients: HashMap::new(),
            names: HashMap::new(),
            rooms: HashMap::from([(LOBBY.to_owned(), entry)]),
            swept: None,
        }
    }

    /// Adds a client to the lobby. A client without a name is numbered. `key` is the key by which
    /// its shard knows it.
    pub(crate) fn connect(
        &mut self,
        name: Option<&str>,
        mailbox: &Arc<Mailbox>,
        key: u64,
        framing: Framing,
        time: SystemTime,
    ) -> Joined {
        self.last_id += 1;
        let id = ClientId(self.last_id);
        let name: Arc<str> =
            name.map_or_else(|| format!("{}{}", self.prefix, id.0).into(), Arc::from);
        self.names.insert(name.clone(), id);
        let lobby = || RoomEntry::lobby(self.lobby.clone());
        self.rooms.entry(LOBBY.to_owned()).or_insert_with(lobby).members.insert(id);
        let room = self.lobby.clone();
        let entry =
            ClientEntry::new(name.clone(), room.clone(), mailbox.clone(), key, framing, time);
        self.clients.insert(id, entry);
        Joined { id, name, room }
    }

    /// Removes a client. Its name is free from now on.
    pub(crate) fn unregister(&mut self, id: ClientId, now: Instant) {
        self.leave_room(id, now);
        self.release_name(id);
        self.clients.remove(&id);
    }

    /// Gives a client the name that it chose. Returns its old and its new name.
    ///
    /// # Errors
    ///
    /// [`NameError::Taken`] if another client has the name or a confusable one.
    pub(crate) fn rename(&mut self, id: ClientId, name: Name) -> Result<[Arc<str>; 2], NameError> {
        let is_other =
            |skeleton: &String| self.names.get(skeleton.as_str()).is_some_and(|other| *other != id);
        if name.skeletons.iter().any(is_other) {
            return Err(NameError::Taken);
        }
        self.release_name(id);
        let Some(entry) = self.clients.get_mut(&id) else { return Err(NameError::Taken) };
        let new: Arc<str> = name.shown.into();
        let old = std::mem::replace(&mut entry.name, new.clone());
        entry.has_chosen = true;
        for skeleton in name.skeletons {
            // Most skeletons are equal to the name, and share its memory.
            let skeleton = if *skeleton == *new { new.clone() } else { skeleton.into() };
            self.names.insert(skeleton, id);
        }
        Ok([old, new])
    }

    /// Moves a client to another room. `create` makes the room if there is none.
    ///
    /// # Errors
    ///
    /// [`RoomError`] if the room cannot be created or entered. The client stays where it is.
    pub(crate) fn move_to(
        &mut self,
        id: ClientId,
        name: &Name,
        now: Now,
        create: impl FnOnce(&Name) -> Arc<Room>,
    ) -> Result<Arc<Room>, RoomError> {
        let here = self.clients.get(&id).map(|entry| entry.room.clone());
        match self.rooms.get(&name.folded) {
            Some(entry) if here.is_some_and(|here| Arc::ptr_eq(&here, &entry.room)) => {
                return Err(RoomError::Already(entry.room.name.clone()));
            }
            Some(entry) if entry.members.len() >= self.limits.max_members => {
                return Err(RoomError::Full(entry.room.name.clone()));
            }
            Some(entry) if !entry.is_expired(now.instant, self.limits.ttl) => {}
            _ => self.open(name, now.instant, create)?,
        }
        self.leave_room(id, now.instant);
        let entry = self.rooms.get_mut(&name.folded);
        let entry = entry.ok_or(RoomError::TooMany(self.limits.max_rooms))?;
        entry.members.insert(id);
        entry.vacant = None;
        let room = entry.room.clone();
        if let Some(client) = self.clients.get_mut(&id) {
            client.enter(room.clone(), now.time);
        }
        Ok(room)
    }

    /// Creates a room. Replaces an expired one, and evicts the longest-vacant room if the limit is
    /// reached.
    fn open(
        &mut self,
        name: &Name,
        now: Instant,
        create: impl FnOnce(&Name) -> Arc<Room>,
    ) -> Result<(), RoomError> {
        self.rooms.remove(&name.folded);
        let is_confusable = |entry: &&RoomEntry| {
            entry.skeletons.iter().any(|skeleton| name.skeletons.contains(skeleton))
        };
        if let Some(entry) = self.rooms.values().find(is_confusable) {
            if entry.vacant.is_none() {
                return Err(RoomError::Confusable(entry.room.name.clone()));
            }
            // Nobody can mistake a room for one without members.
            let folded = entry.room.folded.clone();
            self.rooms.remove(&folded);
        }
        if self.rooms.len() >= self.limits.max_rooms {
            let vacant =
                self.rooms.values().filter_map(|entry| Some((entry.vacant?, &entry.room.folded)));
            let Some((_, folded)) = vacant.min() else {
                return Err(RoomError::TooMany(self.limits.max_rooms));
            };
            let folded = folded.clone();
            self.rooms.remove(&folded);
        }
        let room = create(name);
        let entry = RoomEntry {
            room,
            members: BTreeSet::new(),
            skeletons: name.skeletons.clone(),
            vacant: Some(now),
        };
        self.rooms.insert(name.folded.clone(), entry);
        Ok(())
    }

    /// Returns a room from before a restart, which `create` makes if there is none. Returns `None`
    /// if the limit of rooms is reached: call it in the order of latest activity.
    #[cfg(feature = "journal")]
    pub(crate) fn restore(
        &mut self,
        name: &Name,
        now: Instant,
        create: impl FnOnce(&Name) -> Arc<Room>,
    ) -> Option<Arc<Room>> {
        if !self.rooms.contains_key(&name.folded) {
            let is_full = self.rooms.len() >= self.limits.max_rooms;
            if is_full || self.open(name, now, create).is_err() {
                return None;
            }
        }
        self.rooms.get(&name.folded).map(|entry| entry.room.clone())
    }

    /// Removes expired rooms, at most once per [`SWEEP`].
    pub(crate) fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|at| now.saturating_duration_since(at) < SWEEP) {
            return;
        }
        self.swept = Some(now);
        let ttl = self.limits.ttl;
        self.rooms.retain(|_, entry| !entry.is_expired(now, ttl));
    }

    /// Returns the number of members of `room`, and name and time of entry of the first `most`
    /// of them.
    pub(crate) fn members(&self, room: &Room, most: usize) -> (usize, Vec<(Arc<str>, SystemTime)>) {
        let Some(entry) = self.rooms.get(&room.folded) else { return (0, Vec::new()) };
        let clients = entry.members.iter().take(most).filter_map(|id| self.clients.get(id));
        let names = clients.map(|client| (client.name.clone(), client.since()));
        (entry.members.len(), names.collect())
    }

    /// Returns every client's name and room, in the order in which the clients connected.
    pub(crate) fn clients(&self) -> Vec<(Arc<str>, Arc<Room>)> {
        let mut all: Vec<_> = self.clients.iter().collect();
        all.sort_unstable_by_key(|(id, _)| **id);
        all.into_iter().map(|(_, client)| (client.name.clone(), client.room.clone())).collect()
    }

    /// Returns the rooms with members and the number of these: the lobby, then the fullest first.
    pub(crate) fn rooms(&self) -> Vec<(Arc<Room>, usize)> {
        let mut rooms: Vec<_> = self
            .rooms
            .values()
            .filter(|entry| entry.vacant.is_none())
            .map(|entry| (entry.room.clone(), entry.members.len()))
            .collect();
        rooms.sort_unstable_by(|(a, m), (b, n)| {
            let lobby = (*b.name == *LOBBY).cmp(&(*a.name == *LOBBY));
            lobby.then(n.cmp(m)).then_with(|| a.folded.cmp(&b.folded))
        });
        rooms
    }

    /// Returns the numbers of clients and of rooms with members.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let rooms = self.rooms.values().filter(|entry| entry.vacant.is_none());
        (self.clients.len(), rooms.count())
    }

    /// Finds the client called `name`, by its address or by its chosen name in any case.
    pub(crate) fn find(&self, name: &str) -> Option<ClientId> {
        let of_skeleton = || {
            let name = Name::of_client(name).ok()?;
            let id = name.skeletons.iter().find_map(|skeleton| self.names.get(&**skeleton))?;
            // A name that is only confusable with this one belongs to somebody else.
            let client = self.clients.get(id)?;
            (client.name.to_lowercase() == name.folded).then_some(*id)
        };
        let is_address = name.contains(':');
        let of_address = || self.names.get(name).filter(|_| is_address).copied();
        of_address().or_else(of_skeleton)
    }

    /// Puts a direct message into the mailbox of a client. `write` makes its content from the
    /// client's name and framing. At most [`MAX_PENDING_DIRECT`] bytes may be pending; a kick is
    /// exempt.
    ///
    /// # Errors
    ///
    /// [`Undelivered`] if the client is gone, or if it has not read its earlier messages.
    pub(crate) fn send(
        &mut self,
        id: ClientId,
        write: impl FnOnce(&str, Framing) -> Direct,
    ) -> Result<(), Undelivered> {
        let client = self.clients.get_mut(&id).ok_or(Undelivered::Nobody)?;
        let content = write(&client.name, client.framing);
        let message = DirectMessage { to: id, key: client.key, content };
        let pending = client.pending as usize + message.cost();
        let is_full = client.pending > 0 && pending > MAX_PENDING_DIRECT;
        if is_full && !matches!(message.content, Direct::Kick) {
            return Err(Undelivered::Busy);
        }
        client.pending = u32::try_from(pending).unwrap_or(u32::MAX);
        client.mailbox.put(message);
        Ok(())
    }

    /// Puts something into the mailbox of a client, however much is pending.
    pub(crate) fn put(&mut self, id: ClientId, content: Direct) {
        if let Some(client) = self.clients.get_mut(&id) {
            let message = DirectMessage { to: id, key: client.key, content };
            let cost = u32::try_from(message.cost()).unwrap_or(u32::MAX);
            client.pending = client.pending.saturating_add(cost);
            client.mailbox.put(message);
        }
    }

    /// Counts `bytes` of direct messages as delivered.
    pub(crate) fn delivered(&mut self, id: ClientId, bytes: usize) {
        if let Some(client) = self.clients.get_mut(&id) {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            client.pending = client.pending.saturating_sub(bytes);
        }
    }

    /// Makes the name of a client available to others.
    pub(super) fn release_name(&mut self, id: ClientId) {
        let Some(client) = self.clients.get(&id) else { return };
        if client.has_chosen {
            // The skeletons follow from the name, so that a client need not keep them.
            let Ok(name) = Name::of_client(&client.name) else { return };
            for skeleton in &name.skeletons {
                if self.names.get(&**skeleton) == Some(&id) {
                    self.names.remove(&**skeleton);
                }
            }
        } else if self.names.get(&client.name) == Some(&id) {
            // An address may be in use again before its last client is unregistered.
            self.names.remove(&client.name);
        }
    }

    /// Removes a client from the members of its room.
    pub(super) fn leave_room(&mut self, id: ClientId, now: Instant) {
        let Some(client) = self.clients.get(&id) else { return };
        let Some(entry) = self.rooms.get_mut(&client.room.folded) else { return };
        entry.members.remove(&id);
        if entry.members.is_empty() && *entry.room.name != *LOBBY {
            entry.vacant = Some(now);
        }
    }
}
