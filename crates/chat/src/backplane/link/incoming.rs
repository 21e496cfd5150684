//! The streams that a node follows: its open rooms and its inbox.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backplane::engine::Request;
use crate::backplane::entry::{EntryId, InboxEntry, RawEntry, RoomEntry};
use crate::backplane::key;
use crate::backplane::operation::LineKind;

/// Entries that one request for a history returns at most.
const PAGE: usize = 512;

/// The most such requests for one room. Joins and leaves do not count as history, but take place.
const MAX_PAGES: usize = 16;

/// A place in a stream: behind the entry with this identity and this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Position {
    id: EntryId,
    /// Number of the entry, or 0 if it is not known.
    sequence: u64,
}

/// A room that the node follows or begins to follow.
#[derive(Debug)]
struct OpenRoom {
    /// Name of the stream's key.
    stream: Arc<str>,
    /// Name as shown.
    shown: Arc<str>,
    position: Position,
    /// The history that is being loaded.
    loading: Option<Loading>,
}

/// A history that is being loaded, backwards.
#[derive(Debug, Default)]
struct Loading {
    /// The newest entry first.
    entries: Vec<RoomEntry>,
    messages: usize,
    pages: usize,
    /// The oldest entry so far, a stranger's too.
    oldest: Option<EntryId>,
}

/// The progress of a room's history.
#[derive(Debug)]
pub(crate) enum Loaded {
    /// The request for the next page.
    Next(Request),
    /// The whole history, oldest entry first, and the name of the room as shown.
    Whole { shown: Arc<str>, history: Vec<RoomEntry> },
}

/// The entries of one reply that are new.
#[derive(Debug)]
pub(crate) struct News<T> {
    pub(crate) entries: Vec<T>,
    /// Entries that were removed before this node read them.
    pub(crate) missed: u64,
    /// Entries that no node has written.
    pub(crate) strange: u64,
}

/// The streams of a node, and its positions in them.
#[derive(Debug)]
pub(crate) struct Incoming {
    inbox: Arc<str>,
    inbox_position: Position,
    /// Open rooms by folded name.
    rooms: BTreeMap<Arc<str>, OpenRoom>,
    /// Messages of a history.
    history: usize,
}

impl Incoming {
    pub(crate) fn new(node: &str, history: usize) -> Incoming {
        Incoming {
            inbox: key::inbox(node).into(),
            inbox_position: Position::default(),
            rooms: BTreeMap::new(),
            history,
        }
    }

    /// Returns the streams to read, with the positions.
    pub(crate) fn positions(&self) -> Vec<(Arc<str>, EntryId)> {
        let rooms = self.rooms.iter().filter(|(_, room)| room.loading.is_none());
        let rooms = rooms.map(|(_, room)| (room.stream.clone(), room.position.id));
        rooms.chain([(self.inbox.clone(), self.inbox_position.id)]).collect()
    }

    /// Returns `true` if the history of the room is loaded.
    pub(crate) fn is_open(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|room| room.loading.is_none())
    }

    /// Begins to follow a room. Returns the request for its history, or `None` if that is done
    /// already.
    pub(crate) fn open(&mut self, room: &Arc<str>, shown: &str) -> Option<Request> {
        if self.rooms.contains_key(room) {
            return None;
        }
        let open = OpenRoom {
            stream: key::room(room).into(),
            shown: shown.into(),
            position: Position::default(),
            loading: Some(Loading::default()),
        };
        self.rooms.insert(room.clone(), open);
        Some(self.page(room, None))
    }

    /// Follows a room no longer.
    pub(crate) fn close(&mut self, room: &str) {
        self.rooms.remove(room);
    }

    /// Starts the loading of all histories again whose replies are lost. Returns the requests.
    pub(crate) fn reload(&mut self) -> Vec<Request> {
        let loading = self.rooms.iter_mut().filter(|(_, room)| room.loading.is_some());
        let rooms: Vec<Arc<str>> = loading
            .map(|(folded, room)| {
                room.loading = Some(Loading::default());
                folded.clone()
            })
            .collect();
        rooms.into_iter().map(|room| self.page(&room, None)).collect()
    }

    /// Begins all streams anew, because the engine has lost its data.
    pub(crate) fn restart(&mut self) {
        self.inbox_position = Position::default();
        self.rooms.values_mut().for_each(|room| room.position = Position::default());
    }

    /// Takes a page of a room's history. Returns the request for the next one, or the whole
    /// history, oldest entry first. Returns `None` if the room is not being loaded.
    pub(crate) fn load(&mut self, room: &Arc<str>, page: &[RawEntry]) -> Option<Loaded> {
        let (history, wanted) = (self.history, self.page_size());
        let open = self.rooms.get_mut(room)?;
        let loading = open.loading.as_mut()?;
        if let (0, Some(newest)) = (loading.pages, page.first()) {
            open.position.id = newest.id;
        }
        loading.pages += 1;
        loading.oldest = page.last().map(|entry| entry.id);
        let mut is_full = false;
        for entry in page.iter().filter_map(RawEntry::to_room) {
            if open.position.sequence == 0 {
                open.position.sequence = entry.sequence;
            }
            is_full |= loading.messages >= history;
            if !is_full {
                loading.messages += usize::from(is_message(&entry));
                loading.entries.push(entry);
            }
        }
        if loading.messages < history && page.len() >= wanted && loading.pages < MAX_PAGES {
            let before = loading.oldest;
            return Some(Loaded::Next(self.page(room, before)));
        }
        let mut entries = std::mem::take(&mut loading.entries);
        open.loading = None;
        entries.reverse();
        entries.retain(is_message);
        Some(Loaded::Whole { shown: open.shown.clone(), history: entries })
    }

    /// Takes entries of a stream. Returns its folded name and the news of a room.
    pub(crate) fn read_room(
        &mut self,
        stream: &str,
        entries: &[RawEntry],
    ) -> Option<(Arc<str>, News<RoomEntry>)> {
        let folded = key::folded_of(stream)?;
        let (folded, _) = self.rooms.get_key_value(folded)?;
        let folded = folded.clone();
        let room = self.rooms.get_mut(&folded)?;
        let get = |entry: &RawEntry| entry.to_room().map(|entry| (entry.sequence, entry));
        Some((folded, room.position.advance(entries, get)))
    }

    /// Takes entries of the inbox. Returns `None` if `stream` is another one.
    pub(crate) fn read_inbox(
        &mut self,
        stream: &str,
        entries: &[RawEntry],
    ) -> Option<News<InboxEntry>> {
        let get = |entry: &RawEntry| entry.to_inbox().map(|entry| (entry.sequence, entry));
        (*self.inbox == *stream).then(|| self.inbox_position.advance(entries, get))
    }

    fn page(&self, room: &str, before: Option<EntryId>) -> Request {
        Request::History { stream: key::room(room).into(), before, count: self.page_size() }
    }

    /// Without a history, only the last entry is needed, for the position behind it.
    fn page_size(&self) -> usize {
        if self.history == 0 { 1 } else { PAGE }
    }
}

impl Position {
    /// Moves behind `entries`. Entries before the position were read before and are left out.
    fn advance<T>(
        &mut self,
        entries: &[RawEntry],
        get: impl Fn(&RawEntry) -> Option<(u64, T)>,
    ) -> News<T> {
        let mut news = News { entries: Vec::new(), missed: 0, strange: 0 };
        for raw in entries {
            if raw.id <= self.id {
                continue;
            }
            self.id = raw.id;
            let Some((sequence, entry)) = get(raw) else {
                news.strange += 1;
                continue;
            };
            // A lower number belongs to a stream that was created again.
            if self.sequence > 0 && sequence > self.sequence {
                news.missed += sequence - self.sequence - 1;
            }
            self.sequence = sequence;
            news.entries.push(entry);
        }
        news
    }
}

/// Returns `true` if an entry belongs to the history.
fn is_message(entry: &RoomEntry) -> bool {
    matches!(entry.kind, LineKind::Message | LineKind::Notice)
}
