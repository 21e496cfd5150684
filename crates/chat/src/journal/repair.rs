#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::journal::reverse_lines::{Line, ReverseLines};
use crate::protocol::json::{JsonError, Record};

/// How much of a file's end is looked through for what is of use. That is more than the queue can
/// hold, many times over.
pub(crate) const MAX_TAIL: u64 = 64 << 20;

/// How each line begins.
const BEGINNING: &[u8] = b"{\"time\":\"";

/// Cuts what a crash left behind a file's last record: the beginning of a line, or what a file
/// system gives for what it has lost, mostly NULs. Whatever is a JSON object on a line stays, though
/// it may be of a version that this one does not know.
///
/// # Errors
///
/// The system's, and that the file is none of ours: that one stays as it is.
pub(crate) fn repair(file: &File, path: &Path) -> io::Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is no file"));
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
    if kept == 0 && length > 0 && !begins_like_ours(file)? {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it has no record of a chat"));
    }
    if kept < length {
        file.set_len(kept)?;
        let cut = length - kept;
        log::warn!("{}: {cut} bytes behind the last record are cut off", path.display());
    }
    Ok(())
}

fn is_record(line: &Line) -> bool {
    let parsed = line.bytes.as_deref().map(Record::parse);
    // What is too long to be looked into may well be one.
    line.whole && !matches!(parsed, Some(Err(JsonError::Syntax(_))))
}

/// Returns `true` if the file's first text is the beginning of a record. Blank lines before it, or
/// instead of it, are an editor's or a shell's, and nobody misses them.
fn begins_like_ours(file: &File) -> io::Result<bool> {
    let mut head = [0; 4096];
    let read = file.read_at(&mut head, 0)?;
    let text = head[..read].trim_ascii_start();
    let text = &text[..text.len().min(BEGINNING.len())];
    // It may be torn within its first line.
    let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
    Ok(BEGINNING.starts_with(&text[..end]))
}
