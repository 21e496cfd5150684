//! A body that waits for its turn on standard output: in memory, and on disk behind that.

#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process};

/// Bytes of one body that wait in memory: 256 KiB.
const IN_MEMORY: usize = 256 << 10;

/// Bytes of one body that wait on disk besides: 16 GiB.
const ON_DISK: u64 = 16 << 30;

/// Bytes that are read from the disk at once.
const PIECE: usize = 64 << 10;

/// Names of temporary files that are tried before another error than "exists" is believed.
const TRIES: u32 = 64;

/// The bytes, in the order in which they came: memory, then the file, then the piece that the file
/// did not take.
#[derive(Debug, Default)]
pub(super) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    /// Bytes in the file.
    on_disk: u64,
    rest: Vec<u8>,
}

impl Spool {
    /// Keeps `piece` behind what is there.
    ///
    /// # Errors
    ///
    /// The system's if the disk takes no more, or [`ON_DISK`] is reached. `piece` is kept all the
    /// same, but another one must not come.
    pub(super) fn keep(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.file.is_none() && self.memory.len() + piece.len() <= IN_MEMORY {
            self.memory.extend_from_slice(piece);
            return Ok(());
        }
        let spilled = self.spill(piece);
        if spilled.is_err() {
            self.rest = piece.to_vec();
        }
        spilled
    }

    fn spill(&mut self, piece: &[u8]) -> io::Result<()> {
        let after = self.on_disk + piece.len() as u64;
        if after > ON_DISK {
            return Err(io::Error::other("16 GiB of one body are on disk already"));
        }
        if self.file.is_none() {
            self.file = Some(temporary(&env::temp_dir())?);
        }
        if let Some(file) = &mut self.file {
            // A part of the piece may be written then. It is never read: `on_disk` does not count it.
            file.write_all(piece)?;
        }
        self.on_disk = after;
        Ok(())
    }

    /// Hands all bytes to `print`, and gives memory and file back.
    ///
    /// # Errors
    ///
    /// Those of `print`, and those of reading the file.
    pub(super) fn empty<E: From<io::Error>>(
        self,
        mut print: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        print(&self.memory)?;
        if let Some(mut file) = self.file {
            file.rewind()?;
            let mut file = file.take(self.on_disk);
            let mut piece = vec![0; PIECE];
            loop {
                match file.read(&mut piece)? {
                    0 => break,
                    count => print(&piece[..count])?,
                }
            }
        }
        print(&self.rest)
    }
}

/// A file in `directory` that has no name any more, so that nothing of it outlives the process.
fn temporary(directory: &Path) -> io::Result<File> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut tries = 0;
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!("sockit-{}-{count}.body", process::id()));
        // Only the owner may read it, and a name that somebody else has made is never used.
        match File::options().read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
