//! A user and a password, for Basic authentication.

use std::fmt;

use http::HeaderValue;
use netcore::Secret;
use netcore::error::debug_as_chain;

#[cfg(test)]
mod tests;

/// A user and a password for Basic authentication (RFC 7617): those before `@` in a URL, or others.
/// `Debug` shows neither.
///
/// ```
/// use httpget::Credentials;
///
/// let credentials = Credentials::new("Aladdin", "open sesame")?;
/// assert_eq!(credentials.basic(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// assert_eq!(format!("{credentials:?}"), "Credentials(..)");
/// # Ok::<(), httpget::InvalidCredentials>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    user: Box<str>,
    password: Secret,
}

/// The reason why a user and a password can't be sent. The message shows neither.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// The user has a colon, which a server would read as its end.
    #[error("a user without a colon expected (RFC 7617)")]
    Colon,
    /// The user or the password has a control character.
    #[error("no control characters in a user or password (RFC 7617)")]
    ControlCharacter,
}

debug_as_chain!(
    enum InvalidCredentials {
        Colon,
        ControlCharacter,
    }
);

impl Credentials {
    /// Returns the credentials of a user.
    ///
    /// # Errors
    ///
    /// A user with a colon, and a control character in either.
    pub fn new(
        user: impl Into<Box<str>>,
        password: impl Into<Box<str>>,
    ) -> Result<Credentials, InvalidCredentials> {
        let (user, password) = (user.into(), Secret::new(password));
        if [&user, password.expose()].iter().any(|text| text.contains(char::is_control)) {
            return Err(InvalidCredentials::ControlCharacter);
        }
        if user.contains(':') {
            return Err(InvalidCredentials::Colon);
        }
        Ok(Credentials { user, password })
    }

    /// Parses `USER:PASSWORD` or `USER`, percent-encoded. Returns `None` for an empty text. An
    /// error is the offset of a byte and what is expected there.
    pub(crate) fn from_userinfo(text: &str) -> Result<Option<Credentials>, (usize, &'static str)> {
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(at) = text.find(is_misread) {
            return Err((at, "a user or password has this character percent-encoded only"));
        }
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let password_offset = text.len() - password.len();
        let user = decode(user, 0)?;
        let password = decode(password, password_offset)?;
        match Credentials::new(user, password) {
            Ok(credentials) => Ok(Some(credentials)),
            Err(_) => Err((0, "a user without a colon expected (RFC 7617)")),
        }
    }

    /// Returns the user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the password, which may be empty.
    #[must_use]
    pub fn password(&self) -> &Secret {
        &self.password
    }

    /// Returns the value of an `Authorization` field. It is marked as sensitive, so that `Debug`
    /// does not show it.
    #[must_use]
    pub fn basic(&self) -> HeaderValue {
        let pair = Secret::new(format!("{}:{}", self.user, self.password.expose()));
        let value = HeaderValue::try_from(format!("Basic {}", base64(pair.expose().as_bytes())));
        // Base64 has no characters that a value does not have.
        let mut value = value.unwrap_or_else(|_| HeaderValue::from_static("Basic"));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// Returns `true` for a character that some readers take for the end of the host or of the user.
fn is_misread(c: char) -> bool {
    c.is_control() || matches!(c, ' ' | '\\' | '[' | ']' | '"' | '<' | '>')
}

fn decode(text: &str, offset: usize) -> Result<Box<str>, (usize, &'static str)> {
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err((offset + at, "two hexadecimal digits behind % expected; %25 is a %"));
        }
    }
    let Ok(decoded) = String::from_utf8(percent_decode(text.as_bytes())) else {
        return Err((offset, "a user and a password in UTF-8 expected"));
    };
    if decoded.contains(char::is_control) {
        return Err((offset, "no control characters in a user or password (RFC 7617)"));
    }
    Ok(decoded.into_boxed_str())
}

/// Decodes every escape to its byte; a `%` without two hexadecimal digits stays (RFC 3986 section
/// 2.1).
pub(crate) fn percent_decode(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * place) & 63];
            encoded.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    encoded
}
