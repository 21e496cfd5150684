#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What is read first; then twice as much each time, until a line is found.
const PIECE: u64 = 8 << 10;

/// The longest line that is looked into. Longer ones are told of.
const MAX_LINE: usize = 1 << 20;

/// The lines of a file, the last one first. Nothing is read before it is needed.
#[derive(Debug)]
pub(crate) struct ReverseLines<'a> {
    file: &'a File,
    /// Nothing before it is read.
    first: u64,
    /// Where `buffer` begins in the file.
    start: u64,
    /// What was read and not handed on yet. Its end is the end of the next line.
    buffer: Vec<u8>,
}

/// A line, with its ending.
#[derive(Debug)]
pub(crate) struct Line {
    /// Where it begins in the file.
    pub(crate) start: u64,
    /// `None`: it is too long.
    pub(crate) bytes: Option<Vec<u8>>,
    /// It has an ending. Only the last one of a file may have none.
    pub(crate) whole: bool,
}

impl ReverseLines<'_> {
    /// Those within the last `most` bytes: so a file without a line that is wanted costs no more
    /// than this, however long it is.
    pub(crate) fn new(file: &File, most: u64) -> io::Result<ReverseLines<'_>> {
        let start = file.metadata()?.len();
        Ok(ReverseLines { file, first: start.saturating_sub(most), start, buffer: Vec::new() })
    }

    /// The line before the one that came last; `None` at the beginning of the file.
    ///
    /// # Errors
    ///
    /// The system's, and that so many bytes are read.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        if self.buffer.is_empty() && self.fill()? == 0 {
            return Ok(None);
        }
        let whole = self.buffer.last() == Some(&b'\n');
        let mut too_long = false;
        // Where in the buffer the ending of the line before may be.
        let mut unseen = self.buffer.len() - usize::from(whole);
        loop {
            let before = self.buffer[..unseen].iter().rposition(|&b| b == b'\n');
            if before.is_none() && self.start > 0 {
                if self.buffer.len() > MAX_LINE {
                    too_long = true;
                    self.buffer.clear();
                }
                unseen = self.fill()?;
                continue;
            }
            let at = before.map_or(0, |at| at + 1);
            let (start, bytes) = (self.start + at as u64, self.buffer.split_off(at));
            too_long |= bytes.len() > MAX_LINE;
            return Ok(Some(Line { start, bytes: (!too_long).then_some(bytes), whole }));
        }
    }

    /// Reads what is before the buffer; how many bytes.
    fn fill(&mut self) -> io::Result<usize> {
        if self.start == self.first && self.first > 0 {
            let text = "nothing of use is at its end";
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let more = PIECE.max(self.buffer.len() as u64).min(self.start - self.first);
        let mut read = vec![0; more as usize];
        self.file.read_exact_at(&mut read, self.start - more)?;
        read.append(&mut self.buffer);
        self.buffer = read;
        self.start -= more;
        Ok(more as usize)
    }
}
