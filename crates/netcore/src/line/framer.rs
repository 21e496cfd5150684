//! The framer: it cuts a byte stream into lines, and refuses a line above the limit.

use crate::error::debug_as_chain;
use crate::sys;

#[cfg(test)]
mod tests;

/// Cuts a byte stream into lines of limited length.
///
/// ```
/// use netcore::line::LineFramer;
///
/// let mut framer = LineFramer::new(80);
/// let mut lines = Vec::new();
/// for mut piece in [&b"one\r\ntw"[..], b"o\n"] {
///     while let Some(line) = framer.next(&mut piece) {
///         lines.push(line?.text().to_vec());
///     }
/// }
/// assert_eq!(lines, [b"one", b"two"]);
/// # Ok::<(), netcore::line::TooLong>(())
/// ```
///
/// Any chunking of a stream gives the same lines and the same errors in the same order.
///
/// # Limits
///
/// The text of a line has at most `limit` bytes. The limit holds while a line arrives, so a line
/// that never ends costs at most `limit + 2` bytes of memory. A framer that keeps no unfinished
/// line holds no heap memory.
#[derive(Debug)]
pub struct LineFramer {
    limit: usize,
    kept: Vec<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// `kept` is the beginning of an unfinished line.
    Filling,
    /// `kept` is a line that the caller has received.
    Given,
    /// The unfinished line is too long; `kept` is empty.
    Discarding,
}

/// The position of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A line of this many bytes in the input, which ends at the start of the remaining input.
    Input(usize),
    /// A line in the framer.
    Kept,
}

impl LineFramer {
    /// Makes a framer for lines of at most `limit` bytes of text, their ending (LF or CRLF) not
    /// counted.
    pub const fn new(limit: usize) -> LineFramer {
        LineFramer { limit, kept: Vec::new(), state: State::Filling }
    }

    /// Takes the next line from `input` and advances `input` past it. Returns `None` if `input` is
    /// used up; the framer keeps the beginning of an unfinished line for the next call.
    ///
    /// Call it until it returns `None`.
    ///
    /// # Errors
    ///
    /// [`TooLong`], once for each line that is longer than the limit, as soon as that is certain.
    /// The framer discards the rest of the line and continues with the next one.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Option<Result<Line<'a>, TooLong>> {
        let before = *input;
        Some(self.find(input)?.map(|found| match found {
            Found::Input(length) => {
                let end = before.len() - input.len();
                Line::new(&before[end - length..end])
            }
            Found::Kept => self.given(),
        }))
    }

    /// As [`next`](LineFramer::next), but returns the position of the line and does not borrow it.
    pub(crate) fn find(&mut self, input: &mut &[u8]) -> Option<Result<Found, TooLong>> {
        if self.state == State::Given {
            self.reset();
        }
        if self.state == State::Discarding {
            let end = sys::find(b'\n', input);
            *input = end.map_or(&[], |end| &input[end + 1..]);
            end?;
            self.state = State::Filling;
        }
        let Some(end) = sys::find(b'\n', input) else {
            let rest = std::mem::take(input);
            return self.keep(rest).err().map(Err);
        };
        let (bytes, rest) = input.split_at(end + 1);
        *input = rest;
        if self.kept.is_empty() {
            let fits = Line::new(bytes).text <= self.limit;
            return Some(if fits { Ok(Found::Input(bytes.len())) } else { Err(self.too_long()) });
        }
        let before_lf = self.kept.len() + end;
        let cr = bytes[..end].last().or(self.kept.last()) == Some(&b'\r');
        if before_lf - usize::from(cr) > self.limit {
            self.reset();
            return Some(Err(self.too_long()));
        }
        self.append(bytes);
        self.state = State::Given;
        Some(Ok(Found::Kept))
    }

    /// Returns the kept line that [`find`](LineFramer::find) found.
    pub(crate) fn given(&self) -> Line<'_> {
        Line::new(&self.kept)
    }

    /// Returns and forgets the beginning of an unfinished line, for a caller that reads bytes next.
    pub(crate) fn take_back(&mut self) -> Vec<u8> {
        let kept = std::mem::take(&mut self.kept);
        let unfinished = self.state == State::Filling;
        self.state = State::Filling;
        if unfinished { kept } else { Vec::new() }
    }

    /// Ends the stream. Returns its last line if that line has no ending. The framer is then ready
    /// for another stream.
    ///
    /// A CR at the very end counts as an incomplete ending, not as text.
    pub fn finish(&mut self) -> Option<Line<'_>> {
        if self.state != State::Filling || self.kept.is_empty() {
            self.reset();
            return None;
        }
        self.state = State::Given;
        Some(Line::new(&self.kept))
    }

    /// Keeps a piece of an unfinished line, or begins to discard the line.
    fn keep(&mut self, piece: &[u8]) -> Result<(), TooLong> {
        let Some(last) = piece.last() else { return Ok(()) };
        // A CR at the end does not count yet: an LF may follow.
        let text = self.kept.len() + piece.len() - usize::from(*last == b'\r');
        if text > self.limit {
            self.reset();
            self.state = State::Discarding;
            return Err(self.too_long());
        }
        self.append(piece);
        Ok(())
    }

    /// Appends bytes that are known to fit. The capacity doubles, but never exceeds the longest
    /// line with its ending.
    fn append(&mut self, bytes: &[u8]) {
        let needed = self.kept.len() + bytes.len();
        if needed > self.kept.capacity() {
            let most = self.limit.saturating_add(2);
            let target = needed.max(self.kept.capacity().saturating_mul(2)).min(most);
            self.kept.reserve_exact(target - self.kept.len());
        }
        self.kept.extend_from_slice(bytes);
    }

    fn reset(&mut self) {
        self.kept = Vec::new();
        self.state = State::Filling;
    }

    const fn too_long(&self) -> TooLong {
        TooLong { limit: self.limit }
    }
}

/// One line of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    bytes: &'a [u8],
    text: usize,
}

impl<'a> Line<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Line<'a> {
        let text = match bytes {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] | [text @ .., b'\r'] => text.len(),
            text => text.len(),
        };
        Line { bytes, text }
    }

    /// Returns the whole line: the text and then the ending.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the text, without the ending.
    pub fn text(&self) -> &'a [u8] {
        &self.bytes[..self.text]
    }

    /// Returns the ending: LF or CRLF. At the end of the stream it may be empty or a single CR.
    pub fn ending(&self) -> &'a [u8] {
        &self.bytes[self.text..]
    }
}

/// A line that is longer than its framer allows.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line longer than {limit} bytes")]
pub struct TooLong {
    /// The most bytes of text in a line.
    pub limit: usize,
}

debug_as_chain!(TooLong { limit });
