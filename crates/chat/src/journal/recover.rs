//! What a directory has of the rooms, read from the ends of their newest files backwards.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::path::Path;
use std::time::SystemTime;

use crate::journal::day::Day;
use crate::journal::repair::{MAX_TAIL, repair};
use crate::journal::reverse_lines::ReverseLines;
use crate::journal::storage::sync_directory;
use crate::journal::{Recovered, RecoveryLimits, SyncPolicy, is_key};
use crate::protocol::json::{Kind, Record};
use crate::protocol::text::clean;

/// The rooms in `directory`, those with the newest messages first.
///
/// # Errors
///
/// The directory can't be read. What is wrong with one room or file is logged, and costs that room
/// what is older.
pub(crate) fn recover(
    directory: &Path,
    flush: SyncPolicy,
    keep: RecoveryLimits,
) -> io::Result<Vec<Recovered>> {
    if keep.messages == 0 {
        return Ok(Vec::new());
    }
    let mut recovered = Vec::new();
    for key in newest(directory, keep.rooms)? {
        let mut kept = Kept { keep, records: Vec::new(), bytes: 0 };
        if let Err(error) = kept.room(&directory.join(&key), flush) {
            log::error!("the log of room {key} can't be read any further: {error}");
        }
        kept.records.reverse();
        if let Some(last) = kept.records.last() {
            let name = last.room.clone();
            recovered.push(Recovered { key, name, records: kept.records });
        }
    }
    if flush != SyncPolicy::Never {
        sync_directory(directory)?;
    }
    Ok(recovered)
}

/// The keys of the rooms with the newest files, at most so many, the newest first.
fn newest(directory: &Path, most: usize) -> io::Result<Vec<String>> {
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
            Err(error) => log::error!("the log of room {key} can't be read: {error}"),
        }
    }
    let rooms = rooms.into_sorted_vec();
    Ok(rooms.into_iter().map(|Reverse((_, key))| key).collect())
}

fn last_change(room: &Path) -> io::Result<Option<(Day, SystemTime)>> {
    let Some(day) = days(room)?.into_iter().max() else { return Ok(None) };
    Ok(Some((day, fs::metadata(room.join(day.to_string()))?.modified()?)))
}

fn days(room: &Path) -> io::Result<Vec<Day>> {
    let mut days = Vec::new();
    for entry in fs::read_dir(room)? {
        let name = entry?.file_name();
        days.extend(name.to_str().and_then(Day::of_file));
    }
    Ok(days)
}

/// The records of one room, the last one first.
struct Kept {
    keep: RecoveryLimits,
    records: Vec<Record>,
    bytes: usize,
}

impl Kept {
    fn room(&mut self, room: &Path, flush: SyncPolicy) -> io::Result<()> {
        let mut days = days(room)?;
        days.sort_unstable();
        for day in days.into_iter().rev() {
            let path = room.join(day.to_string());
            let file = File::options().read(true).append(true).open(&path)?;
            repair(&file, &path)?;
            let enough = self.file(&file, &path)?;
            if flush != SyncPolicy::Never {
                // Who has been killed has not come to that.
                file.sync_data()?;
            }
            if enough.is_break() {
                break;
            }
        }
        if flush != SyncPolicy::Never {
            sync_directory(room)?;
        }
        Ok(())
    }

    /// Whether it is enough.
    fn file(&mut self, file: &File, path: &Path) -> io::Result<ControlFlow<()>> {
        let mut lines = ReverseLines::new(file, MAX_TAIL.saturating_add(self.keep.bytes as u64))?;
        let mut strange = 0;
        let enough = loop {
            let Some(line) = lines.next()? else { break Continue(()) };
            let bytes = line.bytes.unwrap_or_default();
            match Record::parse(&bytes) {
                Ok(record) if record.kind != Kind::Private => {
                    self.bytes += bytes.len();
                    if self.bytes > self.keep.bytes {
                        break Break(());
                    }
                    self.records.push(Record {
                        room: clean(&record.room).into_owned(),
                        from: clean(&record.from).into_owned(),
                        text: clean(&record.text).into_owned(),
                        ..record
                    });
                    if self.records.len() >= self.keep.messages {
                        break Break(());
                    }
                }
                _ => strange += 1,
            }
        };
        if strange > 0 {
            log::warn!("{}: {strange} lines are no messages; left out", path.display());
        }
        Ok(enough)
    }
}
