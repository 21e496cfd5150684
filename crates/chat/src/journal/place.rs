//! Places: each line of a log that follows a stream says where in the stream it stands.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::backplane::entry::EntryId;
use crate::journal::day::Day;
use crate::journal::directory::{days, for_appending, sync_directory};
use crate::journal::repair::{MAX_TAIL, repair};
use crate::journal::reverse_lines::ReverseLines;
use crate::journal::sync_policy::SyncPolicy;
use crate::protocol::format::quote;

#[cfg(test)]
mod tests;

/// Bytes of lines without a place that are searched for one. Servers without a backplane write such
/// lines.
const MAX_SEARCHED: usize = 1 << 20;

/// A place in a room's stream: behind one of its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The instance of the engine.
    pub(crate) engine: Arc<str>,
    /// The entry.
    pub(crate) id: EntryId,
    /// Number of the last line up to it.
    pub(crate) number: u64,
}

/// The end of a room's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct LastPlace {
    /// The place behind the last line that has one.
    pub(crate) place: Option<Place>,
    /// The newest day of the room's files.
    pub(crate) day: Option<Day>,
}

impl Place {
    /// Adds the place to the object at the end of `lines`.
    pub(crate) fn add_to(&self, lines: &mut Vec<u8>) {
        let Place { engine, id, number } = self;
        lines.truncate(lines.len().saturating_sub("}\n".len()));
        lines.extend_from_slice(format!(",\"id\":\"{id}\",\"number\":{number}").as_bytes());
        lines.extend_from_slice(b",\"engine\":");
        quote(lines, engine);
        lines.extend_from_slice(b"}\n");
    }

    /// Returns the place in a line. Returns `None` if the line has none.
    pub(crate) fn parse(line: &[u8]) -> Option<Place> {
        let fields: Map<String, Value> = serde_json::from_slice(line).ok()?;
        Some(Place {
            engine: fields.get("engine")?.as_str()?.into(),
            id: EntryId::parse(fields.get("id")?.as_str()?)?,
            number: fields.get("number")?.as_u64()?,
        })
    }
}

/// Adds the number of missing lines to the object at the end of `lines`, `null` if it is not known.
pub(crate) fn add_missing(missing: Option<u64>, lines: &mut Vec<u8>) {
    let missing = missing.map_or_else(|| "null".to_owned(), |count| count.to_string());
    lines.truncate(lines.len().saturating_sub("}\n".len()));
    lines.extend_from_slice(format!(",\"missing\":{missing}}}\n").as_bytes());
}

/// Returns the place behind the last line of the files in `room`. Repairs the newest file.
///
/// # Errors
///
/// An I/O error, or `InvalidData` if the newest file is not a log.
pub(crate) fn last_place(room: &Path, policy: SyncPolicy) -> io::Result<LastPlace> {
    let mut days = match days(room) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LastPlace::default()),
        days => days?,
    };
    days.sort_unstable();
    let (mut last, mut searched) = (LastPlace { place: None, day: days.last().copied() }, 0);
    for (age, day) in days.into_iter().rev().enumerate() {
        let path = room.join(day.to_string());
        let file = for_appending().open(&path)?;
        if age == 0 {
            repair(&file, &path)?;
        }
        if policy != SyncPolicy::Never {
            // A killed server may not have synced this file. Later lines must not survive a power
            // loss without it.
            file.sync_data()?;
        }
        if last.place.is_none() && searched < MAX_SEARCHED {
            last.place = search(&file, &mut searched)?;
        }
        // The killed server may have begun the newest file just before.
        if age > 0 && (last.place.is_some() || searched >= MAX_SEARCHED) {
            break;
        }
    }
    if policy != SyncPolicy::Never {
        sync_directory(room)?;
    }
    Ok(last)
}

/// Returns the place of the last line in a file that has one.
fn search(file: &File, searched: &mut usize) -> io::Result<Option<Place>> {
    let mut lines = ReverseLines::new(file, MAX_TAIL)?;
    while let Some(line) = lines.next()? {
        let bytes = line.bytes.unwrap_or_default();
        let place = Place::parse(&bytes).filter(|_| line.is_complete);
        if place.is_some() {
            return Ok(place);
        }
        *searched += bytes.len();
        if *searched >= MAX_SEARCHED {
            break;
        }
    }
    Ok(None)
}
