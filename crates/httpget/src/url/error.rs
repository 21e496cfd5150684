use std::fmt;

/// How much of a refused text its error keeps, in characters.
const MAX_QUOTED: usize = 256;
/// How much of a refused scheme it keeps.
const MAX_SCHEME: usize = 32;

/// Why a text is no [`Url`](crate::Url), or a `Location` leads nowhere.
///
/// Prints the text with everything escaped that could disturb a terminal and without what may be a
/// password, the place, and what should stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} is no URL: at byte {offset}: {reason}")]
pub struct ParseUrlError {
    text: Box<str>,
    offset: usize,
    reason: Reason,
}

/// A refusal that does not know the text yet.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) offset: usize,
    pub(super) reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Expected(&'static str),
    /// A scheme that is neither http nor https.
    Scheme(Box<str>),
}

pub(super) fn refuse<T>(offset: usize, expected: &'static str) -> Result<T, Refusal> {
    Err(Refusal { offset, reason: Reason::Expected(expected) })
}

pub(super) fn refuse_scheme<T>(scheme: &str) -> Result<T, Refusal> {
    let scheme = scheme.chars().take(MAX_SCHEME).collect::<String>().into_boxed_str();
    Err(Refusal { offset: 0, reason: Reason::Scheme(scheme) })
}

impl ParseUrlError {
    pub(super) fn new(text: &[u8], refusal: Refusal) -> ParseUrlError {
        // Whatever stands before the last `@` may be a password, well-formed or not.
        let secret = text.iter().rposition(|byte| *byte == b'@');
        let shown = String::from_utf8_lossy(&text[secret.unwrap_or(0)..]);
        let shown: String = shown.chars().take(MAX_QUOTED).collect();
        let text = match secret {
            Some(_) => format!("\"…{}", &format!("{shown:?}")[1..]),
            None => format!("{shown:?}"),
        };
        let Refusal { offset, reason } = refusal;
        ParseUrlError { text: text.into_boxed_str(), offset, reason }
    }

    /// The byte of the text at which reading failed, or its length.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The scheme, lower case, where the fault is that it is neither `http` nor `https`.
    #[must_use]
    pub fn unsupported_scheme(&self) -> Option<&str> {
        match &self.reason {
            Reason::Scheme(scheme) => Some(scheme),
            Reason::Expected(_) => None,
        }
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
