//! Storage for a body that waits for its turn on standard output: memory first, then disk.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process};

#[cfg(test)]
mod tests;

/// Most bytes of one body in memory: 256 KiB.
const IN_MEMORY: usize = 256 << 10;

/// Most further bytes of one body on disk: 16 GiB.
const ON_DISK: u64 = 16 << 30;

/// Bytes to read from the disk at once.
const PIECE: usize = 64 << 10;

/// Names to try for the temporary file before "already exists" counts as an error.
const TRIES: u32 = 64;

/// The bytes in order of arrival: in memory, then in the file, then the piece that did not fit the
/// file.
#[derive(Debug, Default)]
pub(super) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    /// Bytes in the file.
    on_disk: u64,
    rest: Vec<u8>,
}

impl Spool {
    /// Appends `piece`.
    ///
    /// # Errors
    ///
    /// The disk is full, or the limit [`ON_DISK`] is reached. This `piece` is still kept, but the
    /// caller must not append another.
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
            return Err(io::Error::other("the limit of 16 GiB on disk for one body is reached"));
        }
        if self.file.is_none() {
            self.file = Some(temporary(&env::temp_dir())?);
        }
        if let Some(file) = &mut self.file {
            // An error may leave a part of the piece in the file. `on_disk` excludes it, so it is
            // never read.
            file.write_all(piece)?;
        }
        self.on_disk = after;
        Ok(())
    }

    /// Passes all bytes to `print`, and frees memory and file.
    ///
    /// # Errors
    ///
    /// Errors of `print`, and of reading the file.
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

/// Creates a file in `directory` and unlinks it, so that it does not outlive the process.
fn temporary(directory: &Path) -> io::Result<File> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut tries = 0;
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!("sockit-{}-{count}.body", process::id()));
        let mut options = File::options();
        // An existing file is never opened.
        options.read(true).write(true).create_new(true);
        // Only the owner may read the file.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => return fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
