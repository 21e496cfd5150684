//! A text that does not print itself.

use std::fmt;

#[cfg(test)]
mod tests;

/// A secret text, such as a password. `Debug` does not show it, and there is no `Display`:
/// [`expose`](Secret::expose) is the only way to it.
///
/// Its memory is overwritten when it is dropped. Copies elsewhere are not, such as those in a
/// request.
///
/// ```
/// use netcore::Secret;
///
/// let secret = Secret::new("open sesame");
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
/// assert_eq!(secret.expose(), "open sesame");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Secret {
    /// Returns the secret with this text.
    pub fn new(text: impl Into<Box<str>>) -> Secret {
        Secret(text.into())
    }

    /// Returns the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_string().into_bytes();
        bytes.fill(0);
        // The compiler must not leave out a write to memory that is freed.
        std::hint::black_box(&bytes);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
