//! `--url-file`: a list of URLs, read line by line as it grows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::exit::{self, Failure};
use crate::stdio::Stdio;

#[cfg(test)]
mod tests;

/// Bytes of the longest line: four times the longest URL.
const MAX_LINE: usize = 64 << 10;

/// The byte order mark, which some editors write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A list of which some lines were read.
pub(super) struct List {
    name: String,
    input: Box<dyn BufRead + Send>,
    /// The number of the last line read, from 1.
    line: usize,
    has_ended: bool,
}

/// A line of a list that is neither empty nor a comment.
#[derive(Debug)]
pub(super) struct Entry {
    /// The name of the list and the number of the line: `FILE:7`.
    pub(super) place: String,
    pub(super) url: Result<String, Failure>,
    /// The file for the body, if the line names one.
    pub(super) file: Option<PathBuf>,
}

impl List {
    /// Opens the list at `path`. `-` is standard input.
    ///
    /// # Errors
    ///
    /// [`exit::UNREADABLE`] if the file cannot be opened.
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
                Ok(count) if count > MAX_LINE => {
                    refused(format!("the line is longer than {MAX_LINE} bytes, the limit of a URL"))
                }
                Ok(_) => match str::from_utf8(&bytes) {
                    Ok(text) => entry(text).map(Ok),
                    Err(error) => {
                        refused(format!("the line is not UTF-8 from byte {}", error.valid_up_to()))
                    }
                },
                Err(error) => {
                    self.has_ended = true;
                    Some(Err(Failure::new(exit::UNREADABLE, format!("read: {error}"))))
                }
            };
            if let Some(entry) = url {
                let (url, file) = match entry {
                    Ok((url, file)) => (Ok(url), file),
                    Err(failure) => (Err(failure), None),
                };
                return Some(Entry { place: format!("{}:{}", self.name, self.line), url, file });
            }
        }
        None
    }

    /// Reads a line to its end, at most one byte above the limit of it into `bytes`. Returns the
    /// number of these bytes, the line's ending included, and 0 at the end of the list.
    fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<usize> {
        let most = MAX_LINE as u64 + 1;
        let count = self.input.by_ref().take(most).read_until(b'\n', bytes)?;
        if count > MAX_LINE && bytes.last() != Some(&b'\n') {
            self.input.skip_until(b'\n')?;
        }
        if self.line == 1 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(count)
    }
}

/// Returns the URL of a line, and the file behind it: a URL has no blanks, but a name may have
/// some. Returns `None` if the line is empty or a comment.
fn entry(line: &str) -> Option<(String, Option<PathBuf>)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (url, file) =
        line.split_once([' ', '\t']).map_or((line, None), |(url, file)| (url, Some(file)));
    Some((url.to_owned(), file.map(|file| PathBuf::from(file.trim_start()))))
}
