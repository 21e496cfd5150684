//! Lines of text from standard input.

use std::fmt;
use std::io::{self, BufRead, Read};

#[cfg(test)]
mod tests;

/// Bytes of the longest piece of a line.
const MAX_PIECE: usize = 64 * 1024;

/// Reads lines of text, without their endings. A CR within a line becomes a space, because some
/// receivers treat it as the end of a line.
///
/// A line longer than 64 KiB is returned in pieces of at most that size, cut between characters. A
/// line that is not UTF-8 is rejected: its first invalid piece is an error, and its further pieces
/// are skipped.
pub(crate) struct TextLines {
    input: Box<dyn BufRead + Send>,
    /// Bytes of the next piece, kept across errors of the input.
    piece: Vec<u8>,
    /// The number of the line that `piece` belongs to, from 1.
    number: u64,
    position: Position,
}

/// The position of the next piece in its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    Start,
    Within,
    /// Within a line whose rest is not wanted.
    Skipped,
}

/// The error for a line of standard input that is not UTF-8.
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
        TextLines { input, piece: Vec::new(), number: 1, position: Position::Start }
    }

    /// Reads the next line, or the next piece of a long one. Returns `None` at the end of input.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<String, NotUtf8>>> {
        loop {
            let room = (MAX_PIECE - self.piece.len()) as u64;
            self.input.by_ref().take(room).read_until(b'\n', &mut self.piece)?;
            if self.piece.is_empty() {
                return Ok(None);
            }
            let (number, before) = (self.number, self.position);
            let text = String::from_utf8(self.take());
            match (before, text) {
                (Position::Skipped, _) => {}
                (_, Err(_)) => {
                    if self.position == Position::Within {
                        self.position = Position::Skipped;
                    }
                    return Ok(Some(Err(NotUtf8 { number })));
                }
                // Only the ending is left of a line that its earlier pieces covered.
                (Position::Within, Ok(text)) if text.trim_end_matches(['\r', '\n']).is_empty() => {}
                (_, Ok(text)) => {
                    let text = text.trim_end_matches(['\r', '\n']).replace('\r', " ");
                    return Ok(Some(Ok(text)));
                }
            }
        }
    }

    /// Skips the further pieces of the line whose piece came last. Returns `false` if it has none.
    pub(crate) fn skip_rest(&mut self) -> bool {
        let is_cut = self.position == Position::Within;
        if is_cut {
            self.position = Position::Skipped;
        }
        is_cut
    }

    /// Takes the piece, up to its last whole character, and moves on.
    fn take(&mut self) -> Vec<u8> {
        let is_cut = self.piece.len() == MAX_PIECE && !self.piece.ends_with(b"\n");
        let end = match str::from_utf8(&self.piece) {
            Err(error) if is_cut && error.error_len().is_none() => error.valid_up_to(),
            _ => self.piece.len(),
        };
        let rest = self.piece.split_off(end);
        let piece = std::mem::replace(&mut self.piece, rest);
        // The last line of the input may have no ending.
        if !is_cut {
            (self.number, self.position) = (self.number + 1, Position::Start);
        } else if self.position == Position::Start {
            self.position = Position::Within;
        }
        piece
    }
}
