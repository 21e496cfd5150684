//! The response to a GET.

use http::{HeaderMap, StatusCode, Version};
use netcore::Address;

use crate::body::decoding::Decoding;
use crate::body::{Body, Context};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::protocol::{Exchange, ResponseHead};
use crate::timings::Timings;
use crate::url::Url;

#[cfg(test)]
mod tests;

/// The initial buffer for a body of unknown length in bytes, and the largest one reserved for an
/// announced length.
const ROOM: (u64, u64) = (8 << 10, 1 << 20);

/// The response to a GET: its head, and its body still to be read.
///
/// ```no_run
/// let response = httpget::get("http://example.net/")?;
/// println!("{} from {:?}", response.status(), response.peer_address());
/// for (name, value) in response.headers() {
///     println!("{name}: {value:?}");
/// }
/// print!("{}", response.text(1 << 20)?);
/// # Ok::<(), httpget::Error>(())
/// ```
#[derive(Debug)]
pub struct Response {
    head: ResponseHead,
    local: Option<Address>,
    peer: Option<Address>,
    reused: bool,
    body: Body,
}

impl Response {
    pub(crate) fn new(
        head: ResponseHead,
        exchange: Exchange,
        connection: Connection,
        decoding: Option<Box<Decoding>>,
        context: Context,
    ) -> Response {
        Response {
            head,
            local: connection.local().cloned(),
            peer: connection.peer().cloned(),
            reused: connection.is_reused(),
            body: Body::new(exchange, connection, decoding, context),
        }
    }

    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// Returns HTTP/1.0 or HTTP/1.1.
    #[must_use]
    pub fn version(&self) -> Version {
        self.head.version()
    }

    /// Returns the fields of the head.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// Returns the head, with its bytes as received.
    #[must_use]
    pub fn head(&self) -> &ResponseHead {
        &self.head
    }

    /// Returns the URL of this response: the last one if redirects were followed.
    #[must_use]
    pub fn url(&self) -> &Url {
        self.body.url()
    }

    /// Returns the times of the steps so far.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        self.body.timings()
    }

    /// Returns the local address of the connection, if the system knows it.
    #[must_use]
    pub fn local_address(&self) -> Option<&Address> {
        self.local.as_ref()
    }

    /// Returns the server's address, if the system knows it.
    #[must_use]
    pub fn peer_address(&self) -> Option<&Address> {
        self.peer.as_ref()
    }

    /// Returns `true` if an earlier request has used the connection.
    #[must_use]
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    /// Returns the length of the body in bytes. Returns `None` if the head does not announce it.
    /// After a HEAD this is the length that a GET would bring.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.body.content_length()
    }

    /// Returns `true` if a content coding of the body is undone.
    pub(crate) fn is_decoded(&self) -> bool {
        self.body.is_decoded()
    }

    /// Returns the body, to be read.
    #[must_use]
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Returns the body and drops the head.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Reads the whole body, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// Those of reading the [`Body`], and [`ErrorKind::TooLarge`] if it is longer.
    pub fn bytes(mut self, limit: u64) -> Result<Vec<u8>, Error> {
        // The length of decoded content is unknown.
        let expected = self.content_length().filter(|_| !self.is_decoded());
        // The response to a HEAD announces a body that does not follow.
        if !self.body.is_done() && expected.is_some_and(|expected| expected > limit) {
            return Err(self.too_large(limit));
        }
        let (first, most) = ROOM;
        let room = match self.body.is_done() {
            true => 0,
            false => expected.map_or(first, |expected| expected.min(most)),
        };
        let mut bytes = vec![0; usize::try_from(room).unwrap_or(0)];
        let mut filled = 0;
        loop {
            if filled == bytes.len() {
                if self.body.is_done() {
                    break;
                }
                // One byte above the limit is enough to detect a longer body.
                let most = usize::try_from(limit).map_or(usize::MAX, |it| it.saturating_add(1));
                bytes.resize((2 * filled).clamp(1, most), 0);
            }
            match self.body.take(&mut bytes[filled..])? {
                0 => break,
                read => filled += read,
            }
            if filled as u64 > limit {
                return Err(self.too_large(limit));
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// Reads the whole body as text, of at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As [`bytes`](Response::bytes), and [`ErrorKind::Malformed`] if it is not UTF-8.
    pub fn text(self, limit: u64) -> Result<String, Error> {
        let url = self.url().clone();
        String::from_utf8(self.bytes(limit)?).map_err(|error| {
            Error::new(ErrorKind::Malformed).with_cause(error.utf8_error()).with_url(&url)
        })
    }

    /// Returns the response, unless its status is 400 or above.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Status`]. The body is dropped then.
    pub fn error_for_status(self) -> Result<Response, Error> {
        let status = self.status();
        match status.as_u16() >= 400 {
            true => Err(Error::new(ErrorKind::Status(status)).with_url(self.url())),
            false => Ok(self),
        }
    }

    fn too_large(&self, limit: u64) -> Error {
        let cause = format!("the body is longer than {limit} bytes");
        Error::new(ErrorKind::TooLarge).with_cause(cause).with_url(self.url())
    }
}
