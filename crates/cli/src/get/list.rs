//! `--url-file`: a list of URLs, read line by line while it comes.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use crate::exit::{self, Failure};
use crate::stdio::Stdio;

/// The longest line, in bytes: four times the longest URL.
const LONGEST_LINE: usize = 64 << 10;

/// The mark that some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The rest of a list.
pub(super) struct List {
    name: String,
    input: Box<dyn BufRead + Send>,
    /// The number of the line that was read last, from 1.
    line: usize,
    has_ended: bool,
}

/// A line with a URL, or with what can't be one.
#[derive(Debug)]
pub(super) struct Entry {
    /// The name of the list and the number of the line: `FILE:7`.
    pub(super) place: String,
    pub(super) url: Result<String, Failure>,
}

impl List {
    /// Opens the list at `path`; `-` is standard input.
    ///
    /// # Errors
    ///
    /// [`exit::UNREADABLE`] if the file can't be opened.
    pub(super) fn open(path: &Path, stdio: &mut Stdio) -> Result<List, Failure> {
        if path == Path::new("-") {
            return Ok(List::new("standard input", stdio.input()));
        }
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Ok(List::new(&name, Box::new(BufReader::new(file)))),
            Err(error) => Err(Failure::new(exit::UNREADABLE, format!("open {name}: {error}"))),
        }
    }

    fn new(name: &str, input: Box<dyn BufRead + Send>) -> List {
        List { name: name.to_owned(), input, line: 0, has_ended: false }
    }

    /// Reads the next line that is neither empty nor a comment. Returns `None` at the end.
    pub(super) fn next(&mut self) -> Option<Entry> {
        let mut bytes = Vec::new();
        while !self.has_ended {
            bytes.clear();
            self.line += 1;
            let refused = |message: String| Some(Err(Failure::new(exit::MALFORMED, message)));
            let url = match self.read(&mut bytes) {
                Ok(0) => {
                    self.has_ended = true;
                    None
                }
                Ok(count) if count > LONGEST_LINE => {
                    refused(format!("a line longer than {LONGEST_LINE} bytes is no URL"))
                }
                Ok(_) => match str::from_utf8(&bytes) {
                    Ok(text) => url(text).map(Ok),
                    Err(error) => {
                        refused(format!("not UTF-8 from byte {} of the line", error.valid_up_to()))
                    }
                },
                Err(error) => {
                    self.has_ended = true;
                    Some(Err(Failure::new(exit::UNREADABLE, format!("read: {error}"))))
                }
            };
            if let Some(url) = url {
                return Some(Entry { place: format!("{}:{}", self.name, self.line), url });
            }
        }
        None
    }

    /// Reads a line to its end, but no more than one byte above the limit of it into `bytes`.
    /// Returns how many bytes it put there, the line's end among them; 0 at the end of the list.
    fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let most = LONGEST_LINE as u64 + 1;
        let count = self.input.by_ref().take(most).read_until(b'\n', bytes)?;
        if count > LONGEST_LINE && bytes.last() != Some(&b'\n') {
            self.input.skip_until(b'\n')?;
        }
        if self.line == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(count)
    }
}

/// The URL of a line, unless it is empty or a comment.
fn url(line: &str) -> Option<String> {
    let line = line.trim();
    (!line.is_empty() && !line.starts_with('#')).then(|| line.to_owned())
}
