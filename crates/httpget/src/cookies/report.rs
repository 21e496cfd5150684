//! The fate of a received cookie, as text.

use std::fmt;

use super::refusal::CookieRefusal;
use super::store::Change;

#[cfg(test)]
mod tests;

/// Most characters of a name in a report.
const MAX_NAME: usize = 64;

/// The fate of a received cookie. Its text has the name, and never the value:
///
/// - `stored the cookie id for example.com and its subdomains, path /, for 3600 s`
/// - `removed the cookie id`
/// - `refused the cookie id: its domain is a public suffix`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieReport {
    name: String,
    fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// `left` is the number of seconds until the cookie expires.
    Stored {
        domain: Box<str>,
        host_only: bool,
        path: String,
        left: Option<i64>,
    },
    Removed,
    Refused(CookieRefusal),
}

impl CookieReport {
    /// Returns the report about a `Set-Cookie` value.
    pub(super) fn new(
        value: &[u8],
        change: Result<Change, CookieRefusal>,
        now: i64,
    ) -> CookieReport {
        let end = value.iter().position(|byte| matches!(byte, b'=' | b';'));
        let name = match end {
            // A text without a name may be a value.
            Some(end) if value[end] == b'=' => to_text(value[..end].trim_ascii(), MAX_NAME),
            _ => String::new(),
        };
        let fate = match change {
            Ok(Change::Stored(cookie)) => Fate::Stored {
                path: to_text(&cookie.path, usize::MAX),
                domain: cookie.domain,
                host_only: cookie.host_only,
                left: cookie.expires.map(|expires| expires.saturating_sub(now)),
            },
            Ok(Change::Removed) => Fate::Removed,
            Err(refusal) => Fate::Refused(refusal),
        };
        CookieReport { name, fate }
    }

    /// Returns the name, of at most 64 characters, without control characters.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the reason why the cookie was refused. Returns `None` if it was accepted.
    #[must_use]
    pub fn refusal(&self) -> Option<CookieRefusal> {
        match self.fate {
            Fate::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// Returns at most `most` characters of a text, without control characters.
fn to_text(bytes: &[u8], most: usize) -> String {
    let is_hidden = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let shown = |c: char| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c };
    String::from_utf8_lossy(bytes).chars().take(most).map(shown).collect()
}

impl fmt::Display for CookieReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |verb| match self.name.is_empty() {
            true => format!("{verb} a cookie"),
            false => format!("{verb} the cookie {}", self.name),
        };
        match &self.fate {
            Fate::Stored { domain, host_only, path, left } => {
                let and = if *host_only { "" } else { " and its subdomains" };
                write!(f, "{} for {domain}{and}, path {path}, ", named("stored"))?;
                match left {
                    Some(left) => write!(f, "for {left} s"),
                    None => f.write_str("for this session"),
                }
            }
            Fate::Removed => f.write_str(&named("removed")),
            Fate::Refused(refusal) => write!(f, "{}: {refusal}", named("refused")),
        }
    }
}
