//! Compares the answers of a stream with the requests.

use crate::bench::payload::WrongAnswer;

#[cfg(test)]
mod tests;

/// The longest stamp in bytes, brackets included.
const LONGEST_STAMP: usize = 1024;

/// Compares a stream with the requests that it should return, one after the other.
///
/// A stamp, `[TIME] `, may come before any byte: a server that answers every read divides the
/// stream where TCP does, possibly within a request. TIME does not contain `] `, and no read is
/// empty, so two stamps never follow each other.
///
/// ```text
///         ┌────── the end of the request
///         ▼     │
///  ──▶ request ─┘
///       │  ▲
///     [ │  │ ] and a space
///       ▼  │
///       stamp
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Comparison {
    /// The bytes of the request that have been received.
    matched: usize,
    /// The bytes of the current stamp that have been received; 0 outside a stamp.
    stamp: usize,
    /// `true` if the last byte of the stamp was `]`.
    closing: bool,
    /// `true` if a stamp has ended and no byte of the request followed yet.
    stamped: bool,
}

impl Comparison {
    /// Takes the bytes of `request` and stamps from `input`. Returns `true` if the request is
    /// complete.
    pub(super) fn take(&mut self, input: &mut &[u8], request: &[u8]) -> Result<bool, WrongAnswer> {
        loop {
            if self.stamp > 0 && !self.leave_stamp(input)? {
                return Ok(false);
            }
            let rest = &request[self.matched..];
            let length = rest.len().min(input.len());
            if input[..length] == rest[..length] {
                *input = &input[length..];
                self.matched += length;
                self.stamped &= length == 0;
                let whole = self.matched == request.len();
                if whole {
                    self.matched = 0;
                }
                return Ok(whole);
            }
            let same =
                input.iter().zip(rest).take_while(|(received, sent)| received == sent).count();
            if input[same] != b'[' || self.stamped && same == 0 {
                return Err(WrongAnswer);
            }
            self.matched += same;
            self.stamp = 1;
            *input = &input[same + 1..];
        }
    }

    /// Skips the rest of a stamp. Returns `true` if its end was found.
    fn leave_stamp(&mut self, input: &mut &[u8]) -> Result<bool, WrongAnswer> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.stamp += 1;
            if byte == b' ' && self.closing {
                (self.stamp, self.closing, self.stamped) = (0, false, true);
                return Ok(true);
            }
            self.closing = byte == b']';
            if byte == b'\n' || self.stamp > LONGEST_STAMP {
                return Err(WrongAnswer);
            }
        }
        Ok(false)
    }
}
