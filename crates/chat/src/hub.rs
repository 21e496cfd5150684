//! What the seats of a chat share: the rooms, and who is there.

pub(crate) mod mailbox;
pub(crate) mod operator;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::config::Config;
use crate::custom_command::Commands;
use crate::hub::mailbox::{Letter, OWED, Post, What};
use crate::now::Now;
use crate::protocol::format::Format;
use crate::protocol::format::{LOBBY, Pen, Writer};
use crate::protocol::name::{Name, NameError};
use crate::room::log::{Batch, Log, Reader};
use crate::room::memory::Memory;
use crate::room::store::Archive;
use crate::stats::{Counters, Stats, count};

/// How often rooms are looked through for some that may be forgotten.
const SWEEP: Duration = Duration::from_secs(1);

/// A client, for as long as it is there. Numbers go up in the order of coming and are never used
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ClientId(u64);

/// A room: its name and its log.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: Arc<str>,
    pub(crate) log: Arc<Log>,
    /// The name's folded form, by which the desk knows it.
    folded: String,
}

#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) config: Config,
    pub(crate) memory: Arc<Memory>,
    pub(crate) counters: Counters,
    pub(crate) commands: Commands,
    archive: Option<Box<dyn Archive>>,
    desk: Mutex<Desk>,
    posts: Mutex<Vec<Arc<Post>>>,
}

/// Where all who come and go are written down.
#[derive(Debug)]
struct Desk {
    last: u64,
    clients: HashMap<ClientId, Entry>,
    /// Who has chosen a name, by what it looks like.
    looks: HashMap<String, ClientId>,
    /// Who is called by an address still.
    addresses: HashMap<Arc<str>, ClientId>,
    rooms: HashMap<String, Place>,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    name: Arc<str>,
    /// What its name looks like, if it has chosen one.
    looks: Option<Box<[String; 2]>>,
    room: Arc<Room>,
    post: Arc<Post>,
    /// What its seat knows it by.
    key: u64,
    /// Bytes of letters that it has not got yet.
    owed: usize,
}

#[derive(Debug)]
struct Place {
    room: Arc<Room>,
    /// In the order of their coming to the chat, with the time of their coming to the room.
    members: BTreeMap<ClientId, SystemTime>,
    looks: [String; 2],
    /// Since when nobody is in it; the lobby never is vacant.
    vacant: Option<Instant>,
}

/// One who has come.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) id: ClientId,
    pub(crate) name: Arc<str>,
    pub(crate) room: Arc<Room>,
}

/// Why one cannot go to a room. Its text is what the client is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoomError {
    #[error("{0}")]
    Name(#[from] NameError),
    #[error("there is a room that looks like it: {0}")]
    Alike(Arc<str>),
    #[error("there are as many rooms as there may be")]
    TooMany,
    #[error("{0} is full")]
    Full(Arc<str>),
    #[error("you are in {0} already")]
    Already(Arc<str>),
}

/// Why a private message cannot be brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undelivered {
    Nobody,
    /// It has not taken what it was sent before.
    Busy,
}

impl Hub {
    pub(crate) fn new(
        config: Config,
        commands: Commands,
        archive: Option<Box<dyn Archive>>,
    ) -> Hub {
        let memory = Arc::new(Memory::new(config.memory));
        let hub = Hub {
            memory,
            counters: Counters::default(),
            commands,
            archive,
            desk: Mutex::new(Desk {
                last: 0,
                clients: HashMap::new(),
                looks: HashMap::new(),
                addresses: HashMap::new(),
                rooms: HashMap::new(),
                swept: None,
            }),
            posts: Mutex::default(),
            config,
        };
        hub.lobby(&mut hub.desk());
        hub
    }

    /// The lobby, which is never vacant: nobody need be there for it to stay.
    fn lobby<'d>(&self, desk: &'d mut Desk) -> &'d mut Place {
        desk.rooms.entry(LOBBY.to_owned()).or_insert_with(|| Place {
            room: self.room(LOBBY.into(), LOBBY.to_owned()),
            members: BTreeMap::new(),
            looks: [LOBBY.to_owned(), LOBBY.to_owned()],
            vacant: None,
        })
    }

    fn room(&self, name: Arc<str>, folded: String) -> Arc<Room> {
        let shelf = self.archive.as_ref().map(|archive| archive.shelf(&folded));
        let (keep, far) = (self.config.keep(), self.config.far_behind());
        let log = Log::new(keep, far, self.memory.clone(), shelf);
        Arc::new(Room { name, log: Arc::new(log), folded })
    }

    /// What writes in the rooms.
    pub(crate) fn pen(&self) -> Pen {
        let disk = self.archive.is_some().then(|| Writer::new(Format::Json));
        Pen { wire: Writer::new(self.config.format), disk }
    }

    /// See [`Chat::close`](crate::Chat::close).
    pub(crate) fn close(&self) {
        if let Some(archive) = &self.archive {
            archive.close();
        }
    }

    pub(crate) fn archive_memory(&self) -> usize {
        self.archive.as_ref().map_or(0, |archive| archive.memory())
    }

    /// A room of an earlier time, with what was said there last. Nobody is in it. Those of which the
    /// last time is the latest come first: beyond as many rooms as there may be, none makes place.
    #[cfg(all(unix, feature = "journal"))]
    pub(crate) fn restore(&self, name: Name, history: &Batch, now: Instant) {
        let mut desk = self.desk();
        if !desk.rooms.contains_key(&name.folded) {
            let is_full = desk.rooms.len() >= self.config.max_rooms;
            if is_full || self.open(&mut desk, &name, now).is_err() {
                return;
            }
        }
        if let Some(place) = desk.rooms.get(&name.folded) {
            place.room.log.restore(history);
        }
    }

    /// The letter box of a new seat.
    pub(crate) fn seat(&self, post: Arc<Post>) {
        lock(&self.posts).push(post);
    }

    /// The seat is gone.
    pub(crate) fn unseat(&self, post: &Arc<Post>) {
        lock(&self.posts).retain(|p| !Arc::ptr_eq(p, post));
    }

    /// A client has come, and is in the lobby. `None` for its name: it gets one with its number.
    pub(crate) fn enter(
        &self,
        name: Option<&str>,
        post: &Arc<Post>,
        key: u64,
        time: SystemTime,
    ) -> Arrival {
        let mut desk = self.desk();
        desk.last += 1;
        let id = ClientId(desk.last);
        let name: Arc<str> = name.map_or_else(|| format!("unix:{}", id.0).into(), Arc::from);
        desk.addresses.insert(name.clone(), id);
        let lobby = self.lobby(&mut desk);
        lobby.members.insert(id, time);
        let room = lobby.room.clone();
        let entry = Entry {
            name: name.clone(),
            looks: None,
            room: room.clone(),
            post: post.clone(),
            key,
            owed: 0,
        };
        desk.clients.insert(id, entry);
        count(&self.counters.entered, 1);
        Arrival { id, name, room }
    }

    /// Publishes `batch` in `room`, and strikes out those who have `gone` and whose going is told in
    /// it: their names are free when that stands in the log, and not before.
    pub(crate) fn publish(
        &self,
        room: &Room,
        batch: &mut Batch,
        from: &Reader,
        gone: &mut Vec<ClientId>,
        now: Instant,
    ) {
        let mut desk = self.desk();
        for id in gone.drain(..) {
            desk.strike(id, now);
        }
        room.log.publish(batch, Some(from));
    }

    /// Gives a client the name that it chose. `tell` is given the old one and the new one and
    /// publishes it, before anybody else can take the old one.
    ///
    /// # Errors
    ///
    /// What the name lacks, or that another client has it.
    pub(crate) fn rename<T>(
        &self,
        id: ClientId,
        name: &str,
        tell: impl FnOnce(&str, &str) -> T,
    ) -> Result<(Arc<str>, T), NameError> {
        let Name { shown, looks, .. } = Name::of_client(name)?;
        let mut desk = self.desk();
        if looks.iter().any(|look| desk.looks.get(look).is_some_and(|other| *other != id)) {
            return Err(NameError::Taken);
        }
        desk.forget_name(id);
        let Desk { clients, looks: all, .. } = &mut *desk;
        let Some(entry) = clients.get_mut(&id) else { return Err(NameError::Taken) };
        all.extend(looks.iter().map(|look| (look.clone(), id)));
        entry.looks = Some(Box::new(looks));
        let new: Arc<str> = shown.into();
        let old = std::mem::replace(&mut entry.name, new.clone());
        let told = tell(&old, &new);
        Ok((new, told))
    }

    /// Brings a client to another room.
    ///
    /// # Errors
    ///
    /// That there is no such room and can be none, or that it is full.
    pub(crate) fn go(&self, id: ClientId, name: &str, now: Now) -> Result<Arc<Room>, RoomError> {
        let name = Name::of_room(name)?;
        let mut desk = self.desk();
        let here = desk.clients.get(&id).map(|entry| entry.room.clone());
        match desk.rooms.get(&name.folded) {
            Some(place) if here.is_some_and(|here| Arc::ptr_eq(&here, &place.room)) => {
                return Err(RoomError::Already(place.room.name.clone()));
            }
            Some(place) if place.members.len() >= self.config.max_members => {
                return Err(RoomError::Full(place.room.name.clone()));
            }
            Some(place) if !place.is_forgotten(now.instant, self.config.room_ttl) => {}
            _ => self.open(&mut desk, &name, now.instant)?,
        }
        desk.depart(id, now.instant);
        let Some(place) = desk.rooms.get_mut(&name.folded) else { return Err(RoomError::TooMany) };
        place.members.insert(id, now.time);
        place.vacant = None;
        let room = place.room.clone();
        if let Some(entry) = desk.clients.get_mut(&id) {
            entry.room = room.clone();
        }
        Ok(room)
    }

    /// Makes a room, in place of one that is as good as forgotten or where none is.
    fn open(&self, desk: &mut Desk, name: &Name, now: Instant) -> Result<(), RoomError> {
        desk.rooms.remove(&name.folded);
        let alike = |place: &&Place| place.looks.iter().any(|look| name.looks.contains(look));
        if let Some(place) = desk.rooms.values().find(alike) {
            if place.vacant.is_none() {
                return Err(RoomError::Alike(place.room.name.clone()));
            }
            // Nobody can mistake a room for one that nobody is in.
            let folded = place.room.folded.clone();
            desk.rooms.remove(&folded);
        }
        if desk.rooms.len() >= self.config.max_rooms {
            let vacant =
                desk.rooms.values().filter_map(|place| Some((place.vacant?, &place.room.folded)));
            let Some((_, folded)) = vacant.min() else { return Err(RoomError::TooMany) };
            let folded = folded.clone();
            desk.rooms.remove(&folded);
        }
        let Name { shown, folded, looks } = name.clone();
        let room = self.room(shown.into(), folded.clone());
        let place = Place { room, members: BTreeMap::new(), looks, vacant: Some(now) };
        desk.rooms.insert(folded, place);
        Ok(())
    }

    /// Forgets rooms that have been vacant for long enough.
    pub(crate) fn sweep(&self, now: Instant) {
        // Another seat sees to it when the desk is busy.
        let Ok(mut desk) = self.desk.try_lock() else { return };
        if desk.swept.is_some_and(|at| now.saturating_duration_since(at) < SWEEP) {
            return;
        }
        desk.swept = Some(now);
        desk.rooms.retain(|_, place| !place.is_forgotten(now, self.config.room_ttl));
    }

    /// How many are in `room`, and the first `most` of them with the time of their coming there, in
    /// the order of their coming to the chat.
    pub(crate) fn who(&self, room: &Room, most: usize) -> (usize, Vec<(Arc<str>, SystemTime)>) {
        let desk = self.desk();
        let Some(place) = desk.rooms.get(&room.folded) else { return (0, Vec::new()) };
        let names = place.members.iter().take(most).filter_map(|(id, since)| {
            desk.clients.get(id).map(|entry| (entry.name.clone(), *since))
        });
        (place.members.len(), names.collect())
    }

    /// Every client, in the order of their coming, and its room.
    pub(crate) fn clients(&self) -> Vec<(Arc<str>, Arc<Room>)> {
        let desk = self.desk();
        let mut all: Vec<_> = desk.clients.iter().collect();
        all.sort_unstable_by_key(|(id, _)| **id);
        all.into_iter().map(|(_, entry)| (entry.name.clone(), entry.room.clone())).collect()
    }

    /// The rooms with somebody in them and how many that are, the lobby first, then the fullest.
    pub(crate) fn rooms(&self) -> Vec<(Arc<Room>, usize)> {
        let desk = self.desk();
        let mut rooms: Vec<_> = desk
            .rooms
            .values()
            .filter(|place| place.vacant.is_none())
            .map(|place| (place.room.clone(), place.members.len()))
            .collect();
        rooms.sort_unstable_by(|(a, m), (b, n)| {
            let lobby = (*b.name == *LOBBY).cmp(&(*a.name == *LOBBY));
            lobby.then(n.cmp(m)).then_with(|| a.folded.cmp(&b.folded))
        });
        rooms
    }

    /// Sends a letter to the client that is called `name`: what `write` makes of its name. Who it is.
    ///
    /// # Errors
    ///
    /// That there is none, or that it has not taken what it was sent before.
    pub(crate) fn send(
        &self,
        name: &str,
        write: impl FnOnce(&str) -> What,
    ) -> Result<ClientId, Undelivered> {
        let mut desk = self.desk();
        let by_look = || {
            let name = Name::of_client(name).ok()?;
            let id = name.looks.iter().find_map(|look| desk.looks.get(look))?;
            // What only looks like it is somebody else.
            let entry = desk.clients.get(id)?;
            (entry.name.to_lowercase() == name.folded).then_some(*id)
        };
        let by_address = || desk.addresses.get(name).copied();
        let id = by_address().or_else(by_look).ok_or(Undelivered::Nobody)?;
        let entry = desk.clients.get_mut(&id).ok_or(Undelivered::Nobody)?;
        let letter = Letter { to: id, key: entry.key, what: write(&entry.name) };
        let is_full = entry.owed > 0 && entry.owed + letter.cost() > OWED;
        if is_full && !matches!(letter.what, What::Kick) {
            return Err(Undelivered::Busy);
        }
        entry.owed += letter.cost();
        entry.post.put(letter);
        Ok(id)
    }

    /// A client has got `bytes` of letters.
    pub(crate) fn delivered(&self, id: ClientId, bytes: usize) {
        if let Some(entry) = self.desk().clients.get_mut(&id) {
            entry.owed = entry.owed.saturating_sub(bytes);
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.counters.read(&mut stats);
        let desk = self.desk();
        stats.clients = desk.clients.len() as u64;
        stats.rooms = desk.rooms.values().filter(|place| place.vacant.is_none()).count() as u64;
        drop(desk);
        if let Some(archive) = &self.archive {
            archive.read(&mut stats);
        }
        stats.held_bytes = self.memory.held() as u64;
        stats.history_bytes = self.memory.remembered() as u64;
        let posts = lock(&self.posts);
        let slowest = posts.iter().map(|post| post.slowest.load(Ordering::Relaxed)).max();
        stats.slowest_bytes = slowest.unwrap_or(0);
        stats
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.desk)
    }
}

impl Desk {
    /// A client is not there any more.
    fn strike(&mut self, id: ClientId, now: Instant) {
        self.depart(id, now);
        self.forget_name(id);
        self.clients.remove(&id);
    }

    /// The name of a client is free.
    fn forget_name(&mut self, id: ClientId) {
        let Some(entry) = self.clients.get_mut(&id) else { return };
        match entry.looks.take() {
            Some(looks) => looks.iter().for_each(|look| {
                self.looks.remove(look);
            }),
            // An address may be in use again before its last client is struck out.
            None if self.addresses.get(&entry.name) == Some(&id) => {
                self.addresses.remove(&entry.name);
            }
            None => {}
        }
    }

    /// A client is not in its room any more.
    fn depart(&mut self, id: ClientId, now: Instant) {
        let Some(entry) = self.clients.get(&id) else { return };
        let Some(place) = self.rooms.get_mut(&entry.room.folded) else { return };
        place.members.remove(&id);
        if place.members.is_empty() && *place.room.name != *LOBBY {
            place.vacant = Some(now);
        }
    }
}

impl Place {
    /// It has been vacant for so long that its history is no one's concern any more.
    fn is_forgotten(&self, now: Instant, ttl: Duration) -> bool {
        self.vacant.is_some_and(|since| now.saturating_duration_since(since) >= ttl)
    }
}

/// A panic elsewhere leaves what is locked whole: every change of it is complete before the lock is
/// given back.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
