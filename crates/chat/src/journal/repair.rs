//! Repair of a file whose end a crash has damaged.

use std::fs::File;
use std::io;
use std::path::Path;

use netcore::file_at;

use crate::journal::reverse_lines::{Line, ReverseLines};
use crate::protocol::json::{JsonError, Record};

#[cfg(test)]
mod tests;

/// Bytes of a file's end that are searched for its last record, many times more than the queue
/// holds.
pub(crate) const MAX_TAIL: u64 = 64 << 20;

/// The beginning of each line.
const BEGINNING: &[u8] = b"{\"time\":\"";

/// Cuts off everything after a file's last record: a torn line, or the bytes that a file system
/// returns for lost data, mostly NULs. A line that is any JSON object stays, because it may be a
/// record of a newer version.
///
/// # Errors
///
/// An I/O error, or `InvalidData` if the file is not a log. Such a file is left unchanged.
pub(crate) fn repair(file: &File, path: &Path) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let length = metadata.len();
    let mut lines = ReverseLines::new(file, MAX_TAIL)?;
    let mut kept = length;
    while let Some(line) = lines.next()? {
        if is_record(&line) {
            break;
        }
        kept = line.start;
    }
    if kept == 0 && length > 0 && !begins_like_a_log(file)? {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "no record of a chat in it"));
    }
    if kept < length {
        file.set_len(kept)?;
        let cut = length - kept;
        log::warn!("{}: cut off {cut} bytes: no whole record is in them", path.display());
    }
    Ok(())
}

/// Returns `true` if the line is complete and may be a record.
fn is_record(line: &Line) -> bool {
    let parsed = line.bytes.as_deref().map(Record::parse);
    // A line that is too long to parse may be a record.
    line.is_complete && !matches!(parsed, Some(Err(JsonError::Syntax(_))))
}

/// Returns `true` if the file's first text is the beginning of a record, or if it has no text.
/// Blank lines before it come from an editor or a shell and may be cut off.
fn begins_like_a_log(file: &File) -> io::Result<bool> {
    let mut head = [0; 4096];
    let read = file_at::read_at(file, &mut head, 0)?;
    let text = head[..read].trim_ascii_start();
    let text = &text[..text.len().min(BEGINNING.len())];
    // The first line may be torn: NULs follow then.
    let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
    Ok(BEGINNING.starts_with(&text[..end]))
}
