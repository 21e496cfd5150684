//! The lines of a file in reverse order, as tac(1) prints them.

use std::fs::File;
use std::io;

use netcore::file_at;

#[cfg(test)]
mod tests;

/// Bytes of the first read. Each further read for the same line doubles the buffer.
const PIECE: u64 = 8 << 10;

/// The longest line in bytes whose content is returned.
const MAX_LINE: usize = 1 << 20;

/// The lines of a file, last one first. It reads from the file only as lines are requested.
#[derive(Debug)]
pub(crate) struct ReverseLines<'a> {
    file: &'a File,
    /// Offset before which nothing is read.
    first: u64,
    /// Offset of `buffer` in the file.
    start: u64,
    /// Bytes that were read and not returned yet. They end with the next line.
    buffer: Vec<u8>,
}

/// A line with its ending.
#[derive(Debug)]
pub(crate) struct Line {
    /// Offset of the line in the file.
    pub(crate) start: u64,
    /// Content of the line, or `None` if it is longer than [`MAX_LINE`].
    pub(crate) bytes: Option<Vec<u8>>,
    /// `true` if the line has an ending. Only the last line of a file may have none.
    pub(crate) is_complete: bool,
}

impl ReverseLines<'_> {
    /// Reads at most the last `most` bytes of `file`, which bounds the cost of a long file without
    /// useful lines.
    pub(crate) fn new(file: &File, most: u64) -> io::Result<ReverseLines<'_>> {
        let start = file.metadata()?.len();
        Ok(ReverseLines { file, first: start.saturating_sub(most), start, buffer: Vec::new() })
    }

    /// Returns the line before the last returned one. Returns `None` at the beginning of the file.
    ///
    /// # Errors
    ///
    /// An I/O error, or `InvalidData` once the allowed bytes are read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        if self.buffer.is_empty() && self.fill()? == 0 {
            return Ok(None);
        }
        let is_complete = self.buffer.last() == Some(&b'\n');
        let mut too_long = false;
        // Bytes of the buffer that may contain the ending of the line before.
        let mut unsearched = self.buffer.len() - usize::from(is_complete);
        loop {
            let before = self.buffer[..unsearched].iter().rposition(|&b| b == b'\n');
            if before.is_none() && self.start > 0 {
                if self.buffer.len() > MAX_LINE {
                    too_long = true;
                    self.buffer.clear();
                }
                unsearched = self.fill()?;
                continue;
            }
            let at = before.map_or(0, |at| at + 1);
            let (start, bytes) = (self.start + at as u64, self.buffer.split_off(at));
            too_long |= bytes.len() > MAX_LINE;
            return Ok(Some(Line { start, bytes: (!too_long).then_some(bytes), is_complete }));
        }
    }

    /// Reads the bytes before the buffer. Returns their number.
    fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.first && self.first > 0 {
            let text = "no complete record near its end";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let more = PIECE.max(self.buffer.len() as u64).min(self.start - self.first);
        let mut read = vec![0; more as usize];
        file_at::read_exact_at(self.file, &mut read, self.start - more)?;
        read.append(&mut self.buffer);
        self.buffer = read;
        self.start -= more;
        Ok(more as usize)
    }
}
