//! Cookie files: read and written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read as _, Write};
use std::path::{Path, PathBuf};

use netcore::error::FileError;

use super::netscape;
use super::refusal::BadLine;
use super::store::Store;

#[cfg(test)]
mod tests;

/// Bytes of a line beside name and value: domain, path, flags and expiry.
const OTHER_FIELDS: usize = 2048;

/// Most files of killed processes that are passed over.
const MAX_LEFT: usize = 99;

/// Reads lines into `store`. Calls `skipped` with the number of each bad line.
pub(super) fn read(
    store: &mut Store,
    reader: &mut dyn BufRead,
    now: i64,
    skipped: &mut dyn FnMut(usize, BadLine),
) -> io::Result<()> {
    let longest = store.limits.pair.saturating_add(OTHER_FIELDS) as u64;
    let mut left = store.limits.file;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut count = (&mut *reader).take(longest).read_until(b'\n', &mut line)? as u64;
        if count == 0 {
            break;
        }
        let is_long = count == longest && !line.ends_with(b"\n");
        if is_long {
            count += skip_line(reader, left)?;
        }
        let Some(rest) = left.checked_sub(count) else {
            let message = format!("longer than {} bytes", store.limits.file);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        };
        left = rest;
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let stored = match netscape::parse(line) {
            _ if is_long => Err(BadLine::Long),
            Ok(Some(cookie)) => store.load(cookie, now).map_err(BadLine::Refused).map(drop),
            Ok(None) => Ok(()),
            Err(bad) => Err(bad),
        };
        if let Err(bad) = stored {
            skipped(number, bad);
        }
    }
    Ok(())
}

/// Skips the rest of a line, or more than `most` bytes of it. Returns the number of bytes.
fn skip_line(reader: &mut dyn BufRead, most: u64) -> io::Result<u64> {
    let mut count = 0;
    while count <= most {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(used);
        count += used as u64;
        if end.is_some() || used == 0 {
            break;
        }
    }
    Ok(count)
}

/// Returns the content of a file with the cookies of `store`.
pub(super) fn content(store: &Store) -> Vec<u8> {
    let mut content = netscape::HEADER.to_vec();
    store.cookies().for_each(|cookie| netscape::write(cookie, &mut content));
    content
}

/// Writes `content` to the file at `path`: aside, and renamed over a regular file or nothing. A
/// symbolic link is followed. A device, FIFO or socket is written directly, and so is a file in a
/// directory that lets nobody create another one. A new file is for its owner only.
pub(super) fn save(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        // A link whose target is to be created, or a new file.
        Err(_) if path.is_symlink() => return write_directly(path, content),
        Err(_) => path.to_owned(),
    };
    let replaced = fs::metadata(&target).ok();
    if replaced.as_ref().is_some_and(|replaced| !replaced.is_file()) {
        return write_directly(&target, content);
    }
    let mut number = 0;
    let (aside, opened) = loop {
        let aside = aside(&target, number);
        let opened = private().create_new(true).open(&aside);
        let exists = matches!(&opened, Err(error) if error.kind() == io::ErrorKind::AlreadyExists);
        // A process of the same number may have left its file when it was killed.
        if !exists || number == MAX_LEFT {
            break (aside, opened);
        }
        number += 1;
    };
    let file = match opened {
        Err(error)
            if replaced.is_some()
                && matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
                ) =>
        {
            return write_directly(&target, content);
        }
        opened => opened.map_err(FileError::new("create", &aside))?,
    };
    let written = write_aside(file, content, replaced.as_ref())
        .map_err(FileError::new("write", &aside))
        .and_then(|()| fs::rename(&aside, &target).map_err(FileError::new("replace", &target)));
    if written.is_err() {
        // The error of the write is the one to report.
        let _ = fs::remove_file(&aside);
    }
    written
}

/// Returns the name of the file beside `target`, in the same directory.
fn aside(target: &Path, number: usize) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    // A name that is nearly as long as a file system allows has no room for more.
    let own = target.file_name().filter(|name| name.len() <= 128).unwrap_or_default();
    name.push(own);
    name.push(format!(".{}-{number}.part", std::process::id()));
    target.with_file_name(name)
}

fn write_aside(mut file: File, content: &[u8], replaced: Option<&fs::Metadata>) -> io::Result<()> {
    if let Some(replaced) = replaced {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt as _, fchown};
            // Only root can keep another owner; the file then becomes the user's own.
            let _ = fchown(&file, Some(replaced.uid()), Some(replaced.gid()));
        }
        file.set_permissions(replaced.permissions())?;
    }
    file.write_all(content)
}

fn write_directly(path: &Path, content: &[u8]) -> Result<(), FileError> {
    let write = || private().create(true).truncate(true).open(path)?.write_all(content);
    write().map_err(FileError::new("write", path))
}

/// Returns options to write a file that is for its owner only, if it is new.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
