//! What is sent, and how answers to it are recognised.

#[cfg(test)]
mod tests;

/// The digits of a request's number.
const DIGITS: usize = 15;
/// The most bytes of a stamp, brackets included.
const LONGEST_STAMP: usize = 1024;

/// The text of a request: letters, the request's number in hexadecimal, and LF. No stamp begins
/// with any of these, so that the two are never taken for one another.
#[derive(Debug, Clone)]
pub(super) struct Text {
    bytes: Vec<u8>,
    digits: usize,
}

/// An answer is not what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong;

impl Text {
    /// The smallest text whose number is whole.
    pub(super) const NUMBERED: usize = DIGITS + 1;

    /// A text of `size` bytes, at least one. A shorter one than [`NUMBERED`](Text::NUMBERED) has
    /// the last digits only.
    pub(super) fn new(size: usize) -> Text {
        let digits = DIGITS.min(size - 1);
        let letters = size - 1 - digits;
        let mut bytes: Vec<u8> = (b'a'..=b'z').cycle().take(letters).collect();
        bytes.resize(letters + digits, b'0');
        bytes.push(b'\n');
        Text { bytes, digits }
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The text with this number.
    pub(super) fn of(&mut self, mut number: u64) -> &[u8] {
        let end = self.bytes.len() - 1;
        for digit in self.bytes[end - self.digits..end].iter_mut().rev() {
            *digit = b"0123456789abcdef"[(number & 15) as usize];
            number >>= 4;
        }
        &self.bytes
    }

    /// The number in a datagram that ends as a text does.
    pub(super) fn number(&self, datagram: &[u8]) -> Option<u64> {
        let end = datagram.len().checked_sub(1)?;
        let digits = &datagram[end.checked_sub(self.digits)?..end];
        digits.iter().try_fold(0, |number, digit| {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            Some(number << 4 | u64::from(value))
        })
    }
}

/// Whether a datagram is `text`, alone or behind one stamp.
pub(super) fn is_answer(datagram: &[u8], text: &[u8]) -> bool {
    match datagram.strip_suffix(text) {
        Some([]) => true,
        Some([b'[', stamp @ .., b']', b' ']) => !stamp.contains(&b'\n'),
        _ => false,
    }
}

/// Compares a stream with the texts that it should bring, one after the other.
///
/// A stamp, `[TIME] `, may stand before any byte: a server that answers each piece that it reads
/// cuts where TCP does, and so within a text. TIME has no `] `, and a piece is not empty, so that
/// there are never two stamps in a row.
///
/// ```text
///         ┌────── the end of the text: whole
///         ▼     │
///  ──▶  text ───┘
///       │  ▲
///     [ │  │ ] and a space
///       ▼  │
///       stamp
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Comparison {
    /// How much of the text has come.
    matched: usize,
    /// How much of a stamp has come; nothing: it is not within one.
    stamp: usize,
    /// The stamp's last byte was `]`.
    closing: bool,
    /// A stamp has ended, and no text has come since.
    stamped: bool,
}

impl Comparison {
    /// Takes from `input` what belongs to `text`. Whether that is whole now.
    pub(super) fn take(&mut self, input: &mut &[u8], text: &[u8]) -> Result<bool, Wrong> {
        loop {
            if self.stamp > 0 && !self.leave_stamp(input)? {
                return Ok(false);
            }
            let rest = &text[self.matched..];
            let length = rest.len().min(input.len());
            if input[..length] == rest[..length] {
                *input = &input[length..];
                self.matched += length;
                self.stamped &= length == 0;
                let whole = self.matched == text.len();
                if whole {
                    self.matched = 0;
                }
                return Ok(whole);
            }
            let same = input.iter().zip(rest).take_while(|(came, sent)| came == sent).count();
            if input[same] != b'[' || self.stamped && same == 0 {
                return Err(Wrong);
            }
            self.matched += same;
            self.stamp = 1;
            *input = &input[same + 1..];
        }
    }

    /// Skips the rest of a stamp. Whether its end has come.
    fn leave_stamp(&mut self, input: &mut &[u8]) -> Result<bool, Wrong> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            self.stamp += 1;
            if byte == b' ' && self.closing {
                (self.stamp, self.closing, self.stamped) = (0, false, true);
                return Ok(true);
            }
            self.closing = byte == b']';
            if byte == b'\n' || self.stamp > LONGEST_STAMP {
                return Err(Wrong);
            }
        }
        Ok(false)
    }
}
