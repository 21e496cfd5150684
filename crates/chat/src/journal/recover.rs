//! Recovery: the last messages of the rooms, read backwards from the ends of their newest files.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::path::Path;
use std::time::{Instant, SystemTime};

use crate::config::Config;
use crate::hub::Hub;
use crate::journal::day::Day;
use crate::journal::directory::{days, for_appending, sync_directory};
use crate::journal::repair::{MAX_TAIL, repair};
use crate::journal::reverse_lines::ReverseLines;
use crate::journal::storage::is_key;
use crate::journal::sync_policy::SyncPolicy;
use crate::protocol::format::{Message, MessageKind};
use crate::protocol::json::{Kind, Record};
use crate::protocol::name::Name;
use crate::protocol::text::clean;
use crate::room::segment::{Batch, EntryKind};

#[cfg(test)]
mod tests;

/// The limits of a recovery.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecoveryLimits {
    /// The most messages of each room.
    pub(crate) messages: usize,
    /// The most bytes of each room, as its files have them.
    pub(crate) bytes: usize,
    /// The most rooms.
    pub(crate) rooms: usize,
}

impl RecoveryLimits {
    /// Returns the limits of a chat's histories and rooms.
    pub(crate) fn of(config: &Config) -> RecoveryLimits {
        RecoveryLimits {
            messages: config.history,
            bytes: config.history_bytes,
            rooms: config.max_rooms,
        }
    }
}

/// A recovered room.
#[derive(Debug)]
pub(crate) struct Recovered {
    /// Name of its directory.
    pub(crate) key: String,
    /// Name of the room in its last message, which may belong to another key.
    pub(crate) name: String,
    /// The last messages and notices, oldest first, at least one. Their texts are
    /// [clean](crate::clean).
    pub(crate) records: Vec<Record>,
}

/// Reads the rooms in `directory`, those with the newest messages first.
///
/// # Errors
///
/// An I/O error of `directory` itself. Errors of a room or a file are logged, and the older
/// messages of that room are not recovered.
pub(crate) fn recover(
    directory: &Path,
    policy: SyncPolicy,
    limits: RecoveryLimits,
) -> io::Result<Vec<Recovered>> {
    if limits.messages == 0 {
        return Ok(Vec::new());
    }
    let mut recovered = Vec::new();
    for key in newest_rooms(directory, limits.rooms)? {
        let mut reader = RoomReader { limits, records: Vec::new(), bytes: 0 };
        if let Err(error) = reader.read_room(&directory.join(&key), policy) {
            log::error!("log of room {key}: not read to its beginning: {error}");
        }
        reader.records.reverse();
        if let Some(last) = reader.records.last() {
            let name = last.room.clone();
            recovered.push(Recovered { key, name, records: reader.records });
        }
    }
    if policy != SyncPolicy::Never {
        sync_directory(directory)?;
    }
    Ok(recovered)
}

/// Adds recovered rooms to the hub, with their messages as histories.
pub(crate) fn restore(hub: &Hub, recovered: Vec<Recovered>) {
    let mut renderers = hub.renderers();
    let now = Instant::now();
    for Recovered { key, name, records } in recovered {
        // The name as its members wrote it, if it belongs to the key.
        let as_written = Name::of_room(&name).ok().filter(|name| name.folded == key);
        let Some(name) = as_written.or_else(|| Name::of_room(&key).ok()) else {
            log::warn!("log of room {key}: ignored: no room can have this name");
            continue;
        };
        let mut history = Batch::default();
        for Record { time, from, kind, text, .. } in &records {
            let kind = match kind {
                Kind::Message => MessageKind::Public { from },
                _ => MessageKind::Notice,
            };
            let time = SystemTime::from(*time);
            let message = Message { time, room: &name.shown, kind, text };
            history.push(EntryKind::Message, &mut renderers, &message);
        }
        hub.restore(&name, &history, now);
    }
}

/// Returns the keys of the rooms with the newest files, at most `most`, newest first.
fn newest_rooms(directory: &Path, most: usize) -> io::Result<Vec<String>> {
    let mut rooms: BinaryHeap<Reverse<((Day, SystemTime), String)>> = BinaryHeap::new();
    for entry in fs::read_dir(directory)? {
        let Ok(key) = entry?.file_name().into_string() else { continue };
        let path = directory.join(&key);
        if !is_key(&key) || !path.is_dir() {
            continue;
        }
        match last_change(&path) {
            Ok(None) => {}
            Ok(Some(changed)) => {
                rooms.push(Reverse((changed, key)));
                if rooms.len() > most {
                    rooms.pop();
                }
            }
            Err(error) => log::error!("log of room {key}: not read: {error}"),
        }
    }
    let rooms = rooms.into_sorted_vec();
    Ok(rooms.into_iter().map(|Reverse((_, key))| key).collect())
}

/// Returns the newest day of a room and the time of that file's last change.
fn last_change(room: &Path) -> io::Result<Option<(Day, SystemTime)>> {
    let Some(day) = days(room)?.into_iter().max() else { return Ok(None) };
    Ok(Some((day, fs::metadata(room.join(day.to_string()))?.modified()?)))
}

/// Reads the records of one room, newest first.
struct RoomReader {
    limits: RecoveryLimits,
    records: Vec<Record>,
    bytes: usize,
}

impl RoomReader {
    /// Reads the files of a room until a limit is reached.
    fn read_room(&mut self, room: &Path, policy: SyncPolicy) -> io::Result<()> {
        let mut days = days(room)?;
        days.sort_unstable();
        for day in days.into_iter().rev() {
            let path = room.join(day.to_string());
            let file = for_appending().open(&path)?;
            repair(&file, &path)?;
            let limit = self.read_file(&file, &path)?;
            if policy != SyncPolicy::Never {
                // A server that was killed may not have synced this file.
                file.sync_data()?;
            }
            if limit.is_break() {
                break;
            }
        }
        if policy != SyncPolicy::Never {
            sync_directory(room)?;
        }
        Ok(())
    }

    /// Reads the records of a file. Breaks if a limit is reached.
    fn read_file(&mut self, file: &File, path: &Path) -> io::Result<ControlFlow<()>> {
        let mut lines = ReverseLines::new(file, MAX_TAIL.saturating_add(self.limits.bytes as u64))?;
        let mut ignored = 0;
        let limit = loop {
            let Some(line) = lines.next()? else { break Continue(()) };
            let bytes = line.bytes.unwrap_or_default();
            match Record::parse(&bytes) {
                Ok(record) if record.kind != Kind::Private => {
                    self.bytes += bytes.len();
                    if self.bytes > self.limits.bytes {
                        break Break(());
                    }
                    // Somebody may have edited the file.
                    self.records.push(Record {
                        room: clean(&record.room).into_owned(),
                        from: clean(&record.from).into_owned(),
                        text: clean(&record.text).into_owned(),
                        ..record
                    });
                    if self.records.len() >= self.limits.messages {
                        break Break(());
                    }
                }
                _ => ignored += 1,
            }
        };
        if ignored > 0 {
            log::warn!("{}: ignored {ignored} lines: they are not messages", path.display());
        }
        Ok(limit)
    }
}
