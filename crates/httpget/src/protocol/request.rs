//! The head of a request: a GET, or a HEAD.

mod field;

#[cfg(feature = "coding")]
use http::header::ACCEPT_ENCODING;
#[cfg(feature = "proxy")]
use http::header::PROXY_AUTHORIZATION;
use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Version};

use crate::url::{Credentials, Url};

pub use field::{Field, InvalidField, is_secret, parse_field};

#[cfg(test)]
mod tests;

const AGENT: &str = concat!("httpget/", env!("CARGO_PKG_VERSION"));

/// The head of a GET or HEAD request: a request line, `Host`, and fields in the order in which they
/// were added.
///
/// ```
/// use httpget::Url;
/// use httpget::protocol::{RequestHead, parse_field};
///
/// let mut head = RequestHead::get(&Url::parse("http://[::1]:8080/a?b")?);
/// head.apply(&parse_field("Accept: text/plain")?);
/// head.apply(&parse_field("User-Agent:")?);
///
/// let mut bytes = Vec::new();
/// head.encode(&mut bytes);
/// assert_eq!(bytes, b"GET /a?b HTTP/1.1\r\nHost: [::1]:8080\r\nAccept: text/plain\r\n\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It always encodes as one head of one request without a body. The target comes from a [`Url`],
/// names and values from the types of [`http`], and fields that would announce a body are refused.
///
/// `User-Agent`, `Accept`, and an `Authorization` of the URL's user and password are defaults: a
/// field of that name replaces them.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// `true` for a HEAD.
    is_head: bool,
    version: Version,
    target: Box<str>,
    /// The fields. `Host` is always the first.
    lines: Vec<Line>,
    /// Names of removed default fields.
    removed: Vec<HeaderName>,
}

/// A field as the user set it.
#[cfg(feature = "proxy")]
#[derive(Clone, Debug)]
pub(crate) enum ByHand {
    /// It has its default.
    Unset,
    /// It is not sent.
    Removed,
    Value(HeaderValue),
}

#[derive(Clone, Debug)]
struct Line {
    name: HeaderName,
    /// The name as the user wrote it.
    spelled: Option<Box<str>>,
    value: HeaderValue,
    is_default: bool,
}

impl RequestHead {
    /// Returns the GET of a URL.
    #[must_use]
    pub fn get(url: &Url) -> RequestHead {
        let host = Line::default(HOST, url.host_value().clone());
        let agent = Line::default(USER_AGENT, HeaderValue::from_static(AGENT));
        let accept = Line::default(ACCEPT, HeaderValue::from_static("*/*"));
        let mut head = RequestHead {
            is_head: false,
            version: Version::HTTP_11,
            target: url.target().into(),
            lines: vec![host, agent, accept],
            removed: Vec::new(),
        };
        head.default_authorization(url.credentials());
        head
    }

    /// Returns the HEAD of a URL (RFC 9110 section 9.3.2), with the fields of a GET. Its response
    /// has no content; see [`Exchange::for_head`](super::Exchange::for_head).
    #[must_use]
    pub fn head(url: &Url) -> RequestHead {
        RequestHead { is_head: true, ..RequestHead::get(url) }
    }

    /// Returns `true` for a HEAD.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.is_head
    }

    /// Replaces all fields of that name. A value that is marked as sensitive does not go to another
    /// origin. `Authorization`, `Cookie` and similar fields are marked here; see
    /// [`redirect_request`](super::redirect_request).
    ///
    /// # Errors
    ///
    /// `Content-Length` and `Transfer-Encoding` are refused: a GET has no body here.
    pub fn set(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), InvalidField> {
        field::check_name(&name)?;
        if name != HOST {
            self.lines.retain(|line| line.name != name);
        }
        self.put(Line::given(name, None, value));
        Ok(())
    }

    /// Adds a field after others of that name; it replaces a default. `Host` occurs only once and
    /// is replaced (RFC 9112 section 3.2).
    ///
    /// # Errors
    ///
    /// As [`set`](RequestHead::set).
    pub fn add(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), InvalidField> {
        field::check_name(&name)?;
        self.put(Line::given(name, None, value));
        Ok(())
    }

    /// Removes all fields of that name, except `Host`. No redirect restores them.
    pub fn remove(&mut self, name: &HeaderName) {
        self.removed.push(name.clone());
        self.lines.retain(|line| line.name != *name || line.name == HOST);
    }

    /// Applies a field written by hand. Several fields of one name are all sent.
    pub fn apply(&mut self, field: &Field) {
        match &field.value {
            Some(value) => {
                let spelled = Some(field.spelled.clone());
                self.put(Line::given(field.name.clone(), spelled, value.clone()));
            }
            None => self.remove(&field.name),
        }
    }

    /// Returns HTTP/1.1, or HTTP/1.0 after [`http_1_0`](RequestHead::http_1_0).
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Changes the request to HTTP/1.0. `Host` is still sent: servers need it.
    pub fn http_1_0(&mut self) {
        self.version = Version::HTTP_10;
    }

    /// Asks the server to close the connection after its response: `Connection: close`.
    pub fn close(&mut self) {
        self.remove(&CONNECTION);
        self.put(Line::given(CONNECTION, None, HeaderValue::from_static("close")));
    }

    /// Returns `true` if this is the last request of its connection: it has `Connection: close`, or
    /// is HTTP/1.0 without `keep-alive` (RFC 9112 section 9.3).
    #[must_use]
    pub fn asks_for_close(&self) -> bool {
        self.has_option("close")
            || (self.version == Version::HTTP_10 && !self.has_option("keep-alive"))
    }

    fn has_option(&self, option: &str) -> bool {
        let connection = self.headers().filter(|(name, _)| **name == CONNECTION);
        let mut options = connection.flat_map(|(_, value)| value.as_bytes().split(|b| *b == b','));
        options.any(|given| given.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    }

    /// Returns the request target: path and query.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the fields in the order in which they are sent.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.lines.iter().map(|line| (&line.name, &line.value))
    }

    /// Returns the first value of that name.
    #[must_use]
    pub fn value(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.lines.iter().find(|line| line.name == *name).map(|line| &line.value)
    }

    /// Returns `true` if a field of that name is a default.
    #[cfg(feature = "download")]
    pub(crate) fn is_default(&self, name: &HeaderName) -> bool {
        self.lines.iter().any(|line| line.name == *name && line.is_default)
    }

    /// Appends the encoded head to `out`, with the empty line at its end. Names keep the spelling
    /// of the user; default names have a capital in each part.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_for(&self.target, out);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the head of the request for `url` as an HTTP proxy takes it: in absolute form (RFC
    /// 9112 section 3.2.2), with the value of `Proxy-Authorization` if there is one.
    #[cfg(feature = "proxy")]
    pub fn encode_absolute(
        &self,
        url: &Url,
        authorization: Option<&HeaderValue>,
        out: &mut Vec<u8>,
    ) {
        let target = format!("{}://{}{}", url.scheme(), url.authority(), self.target);
        self.encode_for(&target, out);
        if let Some(value) = authorization {
            out.extend_from_slice(b"Proxy-Authorization: ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the request line and the fields.
    fn encode_for(&self, target: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.is_head { b"HEAD " } else { b"GET " });
        out.extend_from_slice(target.as_bytes());
        out.extend_from_slice(match self.version {
            Version::HTTP_10 => b" HTTP/1.0\r\n",
            _ => b" HTTP/1.1\r\n",
        });
        for line in &self.lines {
            match &line.spelled {
                Some(spelled) => out.extend_from_slice(spelled.as_bytes()),
                None => extend_capitalised(out, line.name.as_str()),
            }
            // A space follows the colon even before an empty value: every server accepts that.
            out.extend_from_slice(b": ");
            out.extend_from_slice(line.value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Takes out `Proxy-Authorization`, which only a proxy may get.
    #[cfg(feature = "proxy")]
    pub(crate) fn take_proxy_authorization(&mut self) -> ByHand {
        let value = self.value(&PROXY_AUTHORIZATION).cloned();
        self.lines.retain(|line| line.name != PROXY_AUTHORIZATION);
        match value {
            Some(value) => ByHand::Value(value),
            None if self.removed.contains(&PROXY_AUTHORIZATION) => ByHand::Removed,
            None => ByHand::Unset,
        }
    }

    /// Changes the target to another URL and keeps all fields.
    pub(super) fn retarget(&mut self, url: &Url) {
        self.target = url.target().into();
    }

    /// Removes the fields for one origin only, sets the URL's host, and returns the names of
    /// removed fields.
    pub(super) fn leave_origin(&mut self, url: &Url) -> Vec<HeaderName> {
        let mut lost = Vec::new();
        self.lines.retain(|line| {
            let stays = !line.value.is_sensitive() && (line.name != HOST || line.is_default);
            if !stays && !lost.contains(&line.name) {
                lost.push(line.name.clone());
            }
            stays && line.name != HOST
        });
        self.lines.insert(0, Line::default(HOST, url.host_value().clone()));
        lost
    }

    /// Sets the credentials of a URL as a default. An `Authorization` that was set or removed by
    /// hand stays that way.
    pub(crate) fn default_authorization(&mut self, credentials: Option<&Credentials>) {
        self.set_default(AUTHORIZATION, credentials.map(Credentials::basic));
    }

    /// Sets or removes a default field. A field of that name that was set or removed by hand stays
    /// that way.
    pub(crate) fn set_default(&mut self, name: HeaderName, value: Option<HeaderValue>) {
        self.lines.retain(|line| line.name != name || !line.is_default);
        let is_free = self.value(&name).is_none() && !self.removed.contains(&name);
        if let (Some(value), true) = (value, is_free) {
            self.lines.push(Line::default(name, value));
        }
    }

    /// Sets or removes the default `Accept-Encoding`, which names the codings that are built in.
    /// One that was set or removed by hand stays that way.
    #[cfg(feature = "coding")]
    pub(crate) fn default_accept_encoding(&mut self, wanted: bool) {
        self.lines.retain(|line| line.name != ACCEPT_ENCODING || !line.is_default);
        let is_free =
            self.value(&ACCEPT_ENCODING).is_none() && !self.removed.contains(&ACCEPT_ENCODING);
        // The names of codings are tokens.
        let value = HeaderValue::try_from(super::coding::accept_encoding());
        if let (Ok(value), true, true) = (value, wanted, is_free) {
            self.lines.push(Line::default(ACCEPT_ENCODING, value));
        }
    }

    fn put(&mut self, line: Line) {
        if line.name == HOST {
            self.lines[0] = line;
            return;
        }
        self.lines.retain(|other| other.name != line.name || !other.is_default);
        self.lines.push(line);
    }
}

impl Line {
    fn default(name: HeaderName, value: HeaderValue) -> Line {
        Line { name, spelled: None, value, is_default: true }
    }

    fn given(name: HeaderName, spelled: Option<Box<str>>, value: HeaderValue) -> Line {
        Line { value: field::marked(&name, value), name, spelled, is_default: false }
    }
}

/// Appends a name with a capital at the start of each part.
pub(super) fn extend_capitalised(out: &mut Vec<u8>, name: &str) {
    let mut begins = true;
    for byte in name.bytes() {
        out.push(if begins { byte.to_ascii_uppercase() } else { byte });
        begins = byte == b'-';
    }
}
