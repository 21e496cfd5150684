//! The directories of the log: the days of a room, their files, and the durability of names.

#[cfg(unix)]
use std::fs::File;
use std::fs::{self, OpenOptions};
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

/// Returns options to append to a file and to cut it off. On Windows appending alone is no right to
/// cut, and only this server writes to the file.
pub(crate) fn for_appending() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    match cfg!(windows) {
        true => options.write(true),
        false => options.append(true),
    };
    options
}

/// Syncs the entries of a directory, so that they survive a power loss.
#[cfg(unix)]
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // fsync(2): some file systems cannot sync directories and return EINVAL.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Does nothing: Windows syncs no directories. NTFS keeps a journal of names.
#[cfg(not(unix))]
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
