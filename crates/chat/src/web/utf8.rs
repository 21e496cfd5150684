//! Validation of UTF-8 (RFC 3629) that arrives in pieces.

#[cfg(test)]
mod tests;

/// The state of the validation: the beginning of a character that is not complete.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Utf8Validator {
    begun: [u8; 4],
    length: u8,
}

/// A sequence of bytes that is not UTF-8, whatever follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotUtf8;

impl Utf8Validator {
    /// Checks the next piece of a text. A wrong byte is noticed as soon as it arrives.
    pub(crate) fn check(&mut self, mut piece: &[u8]) -> Result<(), NotUtf8> {
        while self.length > 0 {
            let Some((first, rest)) = piece.split_first() else { return Ok(()) };
            self.begun[usize::from(self.length)] = *first;
            self.length += 1;
            piece = rest;
            match std::str::from_utf8(&self.begun[..usize::from(self.length)]) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return Err(NotUtf8),
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(piece) {
            if error.error_len().is_some() {
                return Err(NotUtf8);
            }
            let begun = &piece[error.valid_up_to()..];
            self.begun[..begun.len()].copy_from_slice(begun);
            self.length = begun.len() as u8;
        }
        Ok(())
    }

    /// Checks that the text is complete, and begins the next one.
    pub(crate) fn finish(&mut self) -> Result<(), NotUtf8> {
        match std::mem::take(&mut self.length) {
            0 => Ok(()),
            _ => Err(NotUtf8),
        }
    }
}
