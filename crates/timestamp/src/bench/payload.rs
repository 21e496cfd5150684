//! The bytes of a request, and the recognition of answers in datagrams.

#[cfg(test)]
mod tests;

/// The number of digits of a request's number.
const DIGITS: usize = 15;

/// The bytes of a request: letters, the request's number in hexadecimal, and LF. No stamp begins
/// with any of these, so requests and stamps cannot be confused.
#[derive(Debug, Clone)]
pub(super) struct Payload {
    bytes: Vec<u8>,
    digits: usize,
}

/// An answer differs from its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WrongAnswer;

impl Payload {
    /// The smallest size in bytes that has room for a complete number.
    pub(super) const NUMBERED: usize = DIGITS + 1;

    /// Creates a payload of `size` bytes, at least one. A payload shorter than
    /// [`NUMBERED`](Payload::NUMBERED) has only the last digits of its number.
    pub(super) fn new(size: usize) -> Payload {
        let digits = DIGITS.min(size - 1);
        let letters = size - 1 - digits;
        let mut bytes: Vec<u8> = (b'a'..=b'z').cycle().take(letters).collect();
        bytes.resize(letters + digits, b'0');
        bytes.push(b'\n');
        Payload { bytes, digits }
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the request with this number.
    pub(super) fn request(&mut self, mut number: u64) -> &[u8] {
        let end = self.bytes.len() - 1;
        for digit in self.bytes[end - self.digits..end].iter_mut().rev() {
            *digit = b"0123456789abcdef"[(number & 15) as usize];
            number >>= 4;
        }
        &self.bytes
    }

    /// Returns the number in a datagram that ends like a request. Returns `None` if there is none.
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

/// Returns `true` if a datagram is `request`, with or without one stamp before it.
pub(super) fn is_answer(datagram: &[u8], request: &[u8]) -> bool {
    match datagram.strip_suffix(request) {
        Some([]) => true,
        Some([b'[', stamp @ .., b']', b' ']) => !stamp.contains(&b'\n'),
        _ => false,
    }
}
