//! The error of a text that is not a URL.

use std::fmt;

use netcore::error::debug_as_chain;

/// The longest quote of a refused text, in characters.
const MAX_QUOTED: usize = 256;
/// The longest quote of a refused scheme, in characters.
const MAX_SCHEME: usize = 32;

/// The reason why a text is not a [`Url`](crate::Url), or a `Location` has no usable target.
///
/// The message quotes the text, with an offset and the expected syntax. Characters that could
/// disturb a terminal are escaped, and a possible password is left out.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text} is not a URL: at byte {offset}: {reason}")]
pub struct ParseUrlError {
    text: Box<str>,
    offset: usize,
    reason: Reason,
}

debug_as_chain!(ParseUrlError { text, offset, reason });

/// A refusal without the text, which the caller adds.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) offset: usize,
    pub(crate) reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Expected(&'static str),
    /// A scheme other than http and https.
    Scheme(Box<str>),
}

pub(crate) fn refuse<T>(offset: usize, expected: &'static str) -> Result<T, Refusal> {
    Err(Refusal { offset, reason: Reason::Expected(expected) })
}

pub(crate) fn refuse_scheme<T>(scheme: &str) -> Result<T, Refusal> {
    let scheme = scheme.chars().take(MAX_SCHEME).collect::<String>().into_boxed_str();
    Err(Refusal { offset: 0, reason: Reason::Scheme(scheme) })
}

impl ParseUrlError {
    pub(super) fn new(text: &[u8], refusal: Refusal) -> ParseUrlError {
        let Refusal { offset, reason } = refusal;
        ParseUrlError { text: quoted(text).into_boxed_str(), offset, reason }
    }

    /// Returns the offset of the byte at which parsing failed, or the length of the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the scheme in lower case, if it is neither `http` nor `https`.
    #[must_use]
    pub fn unsupported_scheme(&self) -> Option<&str> {
        match &self.reason {
            Reason::Scheme(scheme) => Some(scheme),
            Reason::Expected(_) => None,
        }
    }
}

/// Quotes a refused text without its possible password.
pub(crate) fn quoted(text: &[u8]) -> String {
    // All text before the last `@` may be a password, even if it is malformed.
    let secret = text.iter().rposition(|byte| *byte == b'@');
    let shown = String::from_utf8_lossy(&text[secret.unwrap_or(0)..]);
    let shown: String = shown.chars().take(MAX_QUOTED).collect();
    match secret {
        Some(_) => format!("\"…{}", &format!("{shown:?}")[1..]),
        None => format!("{shown:?}"),
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Expected(expected) => f.write_str(expected),
            Reason::Scheme(scheme) => write!(f, "the scheme {scheme} is neither http nor https"),
        }
    }
}
