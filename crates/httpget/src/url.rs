//! URLs: parsing, resolving references, and their parts.

pub(crate) mod authority;
mod credentials;
pub(crate) mod error;
mod file_name;
mod international;
mod origin;
mod reference;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use http::HeaderValue;
use netcore::Endpoint;

use authority::Authority;
use error::{Refusal, refuse, refuse_scheme};

pub(crate) use credentials::percent_decode;
pub use credentials::{Credentials, InvalidCredentials};
pub use error::ParseUrlError;
pub(crate) use international::to_ascii;
pub use origin::{Origin, Scheme};

#[cfg(test)]
mod tests;

/// The longest URL in bytes, both as given and as sent: twice the default of nginx and Apache. RFC
/// 9110 section 4.1 asks for 8000.
const MAX_URL: usize = 16 << 10;

/// The target of a GET: an `http://` or `https://` URL.
///
/// ```
/// use httpget::Url;
///
/// let url = Url::parse("HTTP://Example.com:80/a/../b|c")?;
/// assert_eq!(url.as_str(), "http://example.com/b%7Cc");
/// assert_eq!(url.join(b"../d?e=f#g")?.target(), "/d?e=f");
///
/// let error = Url::parse("example.com/\r\nX: y").unwrap_err();
/// assert_eq!(error.offset(), 12);
/// # Ok::<(), httpget::ParseUrlError>(())
/// ```
///
/// The parser is strict where readers disagree, because a URL that two programs read differently
/// can bypass the check of one of them. It refuses control characters, a second `@`, a backslash
/// before the path, addresses such as `127.1` or `0x7f.1`, and signed ports.
///
/// It is lenient where the meaning is plain. Characters that are not allowed in a path or query are
/// percent-encoded, and `.` and `..` are resolved (RFC 3986 section 5.2.4). A fragment is dropped,
/// because it is never sent. Scheme and host print in lower case, and a default port is omitted.
///
/// Neither `Display` nor `Debug` shows user or password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url {
    /// The URL without user, password and fragment. Printable ASCII.
    text: Box<str>,
    scheme: Scheme,
    /// The range of the host in the text, without brackets.
    host: Range<usize>,
    port: u16,
    /// The offset of path and query in the text.
    target: usize,
    /// Host and port as in the field `Host`.
    host_value: HeaderValue,
    endpoint: Endpoint,
    credentials: Option<Box<Credentials>>,
}

impl Url {
    /// Parses a URL as people write it. The default scheme is `http://`.
    ///
    /// # Errors
    ///
    /// The error has the offset of the wrong byte, and the fault:
    ///
    /// - a scheme that is neither `http` nor `https`;
    /// - a space or a control character anywhere;
    /// - no host, or one that is neither a name by RFC 1123 nor an address (an IPv6 address has
    ///   brackets); a name that is not ASCII needs the feature `idna`, or its `xn--` form;
    /// - a port with a character that is not a digit, or not from 1 to 65535;
    /// - a user or password with an `@`, a stray `%` or a control character, or that is not UTF-8;
    /// - more than 16 KiB.
    pub fn parse(text: &str) -> Result<Url, ParseUrlError> {
        typed(text).map_err(|refusal| ParseUrlError::new(text.as_bytes(), refusal))
    }

    /// Resolves a reference, such as the value of a `Location`, against this URL (RFC 3986 section
    /// 5.2). A reference without a host keeps user and password. A reference with a host has only
    /// its own.
    ///
    /// Unlike in [`parse`](Url::parse), spaces are percent-encoded too, and so is every byte that
    /// is not ASCII, in any encoding.
    ///
    /// # Errors
    ///
    /// As [`parse`](Url::parse): control characters, other schemes, a scheme without `//`, a
    /// malformed host, port, user or password, and a result of more than 16 KiB.
    pub fn join(&self, reference: &[u8]) -> Result<Url, ParseUrlError> {
        self.resolve(reference).map_err(|refusal| ParseUrlError::new(reference, refusal))
    }

    /// Returns the URL without user, password and fragment.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Returns the host: a name in lower case and ASCII (IDNA), or an address. An IPv6 address has
    /// no brackets, but may have a scope after `%`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.text[self.host.clone()]
    }

    /// Returns the port. Without one, returns the scheme's default.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns host and port as in the field `Host` (RFC 9110 section 7.2). An IPv6 address has
    /// brackets and no scope. The scheme's default port is omitted.
    #[must_use]
    pub fn authority(&self) -> &str {
        // The bytes are ASCII by construction.
        self.host_value.to_str().unwrap_or_default()
    }

    pub(crate) fn host_value(&self) -> &HeaderValue {
        &self.host_value
    }

    /// Returns path and query: the request target in origin form (RFC 9112 section 3.2.1).
    #[must_use]
    pub fn target(&self) -> &str {
        &self.text[self.target..]
    }

    /// Returns the user and password.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_deref()
    }

    /// Returns the URL without user and password.
    #[must_use]
    pub fn without_credentials(&self) -> Url {
        Url { credentials: None, ..self.clone() }
    }

    /// Returns the URL with the user and password of `other`.
    pub(crate) fn with_credentials_of(self, other: &Url) -> Url {
        Url { credentials: other.credentials.clone(), ..self }
    }

    /// Returns the URL with this user and password.
    pub(crate) fn with_credentials(self, credentials: Credentials) -> Url {
        Url { credentials: Some(Box::new(credentials)), ..self }
    }

    /// Returns scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin { text: self.text[..self.target].into() }
    }

    /// Returns `true` if both have the same [`origin`](Url::origin).
    pub(crate) fn is_same_origin(&self, other: &Url) -> bool {
        self.text[..self.target] == other.text[..other.target]
    }

    /// Returns the endpoint to connect to.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Returns a file name for the content: the last segment of the path, percent-decoded if that
    /// gives UTF-8.
    ///
    /// Returns `None` if the name is not safe in a directory: empty, `.`, `..`, or with a separator
    /// (`/`, `\`; on Windows also `:`) or a control character, before or after decoding.
    ///
    /// ```
    /// use httpget::Url;
    ///
    /// assert_eq!(Url::parse("h/a/b%20c.txt?d")?.file_name().as_deref(), Some("b c.txt"));
    /// assert_eq!(Url::parse("h/a/%2e%2e%2fpasswd")?.file_name(), None);
    /// # Ok::<(), httpget::ParseUrlError>(())
    /// ```
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        file_name::of(self.target())
    }

    fn resolve(&self, reference: &[u8]) -> Result<Url, Refusal> {
        if let Some(at) = reference.iter().position(u8::is_ascii_control) {
            return refuse(at, "a control character has no place in a URL");
        }
        let (scheme, rest) = match reference::split_scheme(reference) {
            Some((name, rest)) => (known(name)?, rest),
            None => (self.scheme, reference),
        };
        let offset = reference.len() - rest.len();
        match rest.strip_prefix(b"//") {
            Some(rest) => absolute(scheme, rest, offset + 2),
            None if offset > 0 => refuse(offset, SLASHES),
            None => {
                let target = reference::relative(self.target(), rest)?;
                let text = format!("{}{target}", &self.text[..self.target]);
                Ok(Url { text: bounded(text)?, ..self.clone() })
            }
        }
    }
}

const SLASHES: &str = "// and a host expected behind the scheme";

fn typed(text: &str) -> Result<Url, Refusal> {
    if let Some(at) = text.find(|c: char| c == ' ' || c.is_control()) {
        return refuse(at, "a space or control character has no place in a URL; %20 is a space");
    }
    let scheme = reference::split_scheme(text.as_bytes());
    if let Some((name, rest)) = scheme {
        let offset = text.len() - rest.len();
        // Browsers and curl find the host behind one to three slashes.
        let slashes = rest.iter().take_while(|byte| **byte == b'/').count();
        if slashes >= 2 || (slashes == 1 && known(name).is_ok()) {
            let skipped = if slashes <= 3 { slashes } else { 2 };
            return absolute(known(name)?, &rest[skipped..], offset + skipped);
        }
        // Else it is a host with its port; but no host is meant by these.
        if known(name).is_ok() {
            return refuse(offset, SLASHES);
        }
        if matches!(rest.first(), None | Some(b'/' | b'?' | b'#')) {
            return refuse(offset, "a port expected");
        }
    }
    absolute(Scheme::Http, text.as_bytes(), 0)
}

/// Schemes have no case (RFC 3986 section 3.1).
fn known(scheme: &str) -> Result<Scheme, Refusal> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok(Scheme::Http),
        "https" => Ok(Scheme::Https),
        other => refuse_scheme(other),
    }
}

/// Parses the text after `//`; `offset` is its offset in the complete text.
fn absolute(scheme: Scheme, rest: &[u8], offset: usize) -> Result<Url, Refusal> {
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#');
    let (authority, tail) = rest.split_at(rest.iter().position(ends).unwrap_or(rest.len()));
    let Authority { credentials, host, port, endpoint } =
        authority::parse(authority, offset, scheme.default_port())?;
    let target = reference::absolute(tail)?;

    let is_v6 = host.contains(':');
    let (opening, closing) = if is_v6 { ("[", "]") } else { ("", "") };
    let port_text = if port == scheme.default_port() { String::new() } else { format!(":{port}") };
    let text = format!("{scheme}://{opening}{host}{closing}{port_text}{target}");
    let start = scheme.name().len() + "://".len() + opening.len();
    // A scope belongs to this machine and is not sent to the server (RFC 9844).
    let unscoped = host.split_once('%').map_or(host.as_str(), |(ip, _)| ip);
    let Ok(host_value) = HeaderValue::try_from(format!("{opening}{unscoped}{closing}{port_text}"))
    else {
        return refuse(offset, "a host expected");
    };
    Ok(Url {
        host: start..start + host.len(),
        target: text.len() - target.len(),
        text: bounded(text)?,
        scheme,
        port,
        host_value,
        endpoint,
        credentials: credentials.map(Box::new),
    })
}

fn bounded(text: String) -> Result<Box<str>, Refusal> {
    if text.len() > MAX_URL {
        return refuse(0, reference::TOO_LONG);
    }
    Ok(text.into_boxed_str())
}

impl FromStr for Url {
    type Err = ParseUrlError;

    /// As [`Url::parse`].
    fn from_str(text: &str) -> Result<Url, ParseUrlError> {
        Url::parse(text)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.text).finish()
    }
}
