//! The directories of the log: the days of a room, and the durability of names.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::journal::day::Day;

/// Returns the days of a room's files.
pub(crate) fn days(room: &Path) -> io::Result<Vec<Day>> {
    let mut days = Vec::new();
    for entry in fs::read_dir(room)? {
        let name = entry?.file_name();
        days.extend(name.to_str().and_then(Day::of_file));
    }
    Ok(days)
}

/// Syncs the entries of a directory, so that they survive a power loss.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // fsync(2): some file systems cannot sync directories and return EINVAL.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}
