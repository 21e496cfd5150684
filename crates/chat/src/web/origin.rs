//! Origins: the pages that may open a WebSocket (RFC 6454).

use std::str::FromStr;

use netcore::error::debug_as_chain;
use thiserror::Error;

#[cfg(test)]
mod tests;

/// An origin: scheme, host and port of a page, as a browser sends it.
///
/// ```
/// use chat::Origin;
///
/// let origin: Origin = "https://Chat.example:443".parse()?;
/// assert_eq!(origin, "https://chat.example".parse()?);
/// assert!("chat.example".parse::<Origin>().is_err());
/// # Ok::<(), chat::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: String,
    /// The host, with the port unless that is the scheme's own.
    host: String,
}

/// A text that is not an [`Origin`].
#[derive(Clone, PartialEq, Eq, Error)]
#[error("invalid origin {text:?}: not http:// or https:// with a host and nothing after it")]
pub struct InvalidOrigin {
    text: Box<str>,
}

debug_as_chain!(InvalidOrigin { text });

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Origin, InvalidOrigin> {
        let invalid = || InvalidOrigin { text: text.into() };
        let (scheme, host) = text.split_once("://").ok_or_else(invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]~%".contains(&byte);
        let is_known = ["http", "https"].contains(&&*scheme);
        if !is_known || host.is_empty() || host.starts_with(':') || !host.bytes().all(is_host) {
            return Err(invalid());
        }
        let host = without_default_port(&scheme, host).to_ascii_lowercase();
        Ok(Origin { scheme, host })
    }
}

impl Origin {
    /// Returns the host in lower case, with the port unless that is the scheme's own.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns `true` if a page of this origin may open a WebSocket on the server that it knows as
    /// `host`: its own, or one that allows the origin.
    ///
    /// The scheme of the page's own server is not compared, since TLS may end at a proxy before it.
    pub(crate) fn may_open(&self, host: &str, allowed: &[Origin]) -> bool {
        let own = without_default_port(&self.scheme, host);
        self.host.eq_ignore_ascii_case(own) || allowed.contains(self)
    }
}

/// Returns `host` without the port that `scheme` has by default.
fn without_default_port<'a>(scheme: &str, host: &'a str) -> &'a str {
    let port = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(port).unwrap_or(host)
}
