//! Lines of text from standard input.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, BufRead, Read};

/// The most bytes of a line that are kept at a time.
const LONGEST: usize = 64 * 1024;

/// Reads lines of text, without their endings. A CR within a line becomes a space, because some
/// receivers take it for a line's end.
///
/// A line longer than 64 KiB comes in pieces of at most that size, cut between characters. A line
/// that is not UTF-8 is refused: the piece that shows it is an error, and the pieces behind it are
/// left out.
pub(crate) struct TextLines {
    input: Box<dyn BufRead + Send>,
    /// Bytes of the next piece. They outlive an error of the input.
    piece: Vec<u8>,
    /// The number of the line that `piece` belongs to, from 1.
    number: u64,
    place: Place,
}

/// The place of the next piece in its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Within,
    /// Within a line that was refused.
    Refused,
}

/// A line of standard input is not UTF-8.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8 {
    number: u64,
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of standard input is not UTF-8", self.number)
    }
}

impl TextLines {
    pub(crate) fn new(input: Box<dyn BufRead + Send>) -> TextLines {
        TextLines { input, piece: Vec::new(), number: 1, place: Place::Start }
    }

    /// Reads the next line, or the next piece of a long one. Returns `None` at the end of input.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<String, NotUtf8>>> {
        loop {
            let room = (LONGEST - self.piece.len()) as u64;
            self.input.by_ref().take(room).read_until(b'\n', &mut self.piece)?;
            if self.piece.is_empty() {
                return Ok(None);
            }
            let (number, before) = (self.number, self.place);
            let text = String::from_utf8(self.take());
            match (before, text) {
                (Place::Refused, _) => {}
                (_, Err(_)) => {
                    if self.place == Place::Within {
                        self.place = Place::Refused;
                    }
                    return Ok(Some(Err(NotUtf8 { number })));
                }
                // The ending alone of a line that was as long as its pieces.
                (Place::Within, Ok(text)) if text.trim_end_matches(['\r', '\n']).is_empty() => {}
                (_, Ok(text)) => {
                    let text = text.trim_end_matches(['\r', '\n']).replace('\r', " ");
                    return Ok(Some(Ok(text)));
                }
            }
        }
    }

    /// Takes the piece, up to its last whole character, and moves on.
    fn take(&mut self) -> Vec<u8> {
        let is_cut = self.piece.len() == LONGEST && !self.piece.ends_with(b"\n");
        let end = match str::from_utf8(&self.piece) {
            Err(error) if is_cut && error.error_len().is_none() => error.valid_up_to(),
            _ => self.piece.len(),
        };
        let rest = self.piece.split_off(end);
        let piece = std::mem::replace(&mut self.piece, rest);
        if piece.ends_with(b"\n") {
            (self.number, self.place) = (self.number + 1, Place::Start);
        } else if self.place == Place::Start {
            self.place = Place::Within;
        }
        piece
    }
}
