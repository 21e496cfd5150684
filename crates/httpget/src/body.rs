//! The body of a response, read from its connection.

#[cfg(feature = "download")]
mod carry;
#[cfg(feature = "digest")]
mod check;
#[cfg(not(feature = "digest"))]
#[path = "body/check/none.rs"]
mod check;
pub(crate) mod copy_to;
#[cfg(feature = "coding")]
mod decoded;
#[cfg_attr(not(feature = "coding"), path = "body/decoding/none.rs")]
pub(crate) mod decoding;
mod paced;
mod release;
mod wait;

use std::io::{self, Read};
use std::ops::Range;
use std::time::Instant;

use http::HeaderMap;

use crate::connection::{BUFFER, Connection};
use crate::deadlines::{Deadlines, StepDeadline};
use crate::error::{Error, ErrorKind};
use crate::event::{CloseReason, Event};
use crate::min_speed::SpeedMeter;
use crate::pace::Pace;
use crate::pool::Pool;
use crate::protocol::{self, Exchange, ProtocolError, Warning};
use crate::route::Route;
use crate::timeouts::Phase;
use crate::timings::Timings;
use crate::url::Url;
pub(crate) use check::Check;
use decoding::Decoding;

#[cfg(test)]
mod tests;

/// The body of a response, as a [`Read`] whose errors contain an [`Error`].
///
/// ```
/// # mod server { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/serve/mod.rs")); }
/// # let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 42\r\n\r\n";
/// # let url = &server::serve(chunked)?;
/// let mut response = httpget::get(url)?;
/// std::io::copy(response.body(), &mut std::io::stdout())?;
/// assert!(response.body().trailers().is_some_and(|trailers| trailers.contains_key("x-sum")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Read` returns 0 only at the end that the response has announced. A body that is cut short is an
/// error, [`ErrorKind::BodyTruncated`]. The first error is final. With the feature `digest`,
/// content that does not match its [digest](crate::ErrorKind::Digest) is an error after its last
/// byte.
///
/// Each read waits at most [`Timeouts::stall`](crate::Timeouts::stall) for the server. All reads
/// together take at most [`Timeouts::total`](crate::Timeouts::total), which has run since the
/// request was sent. Time spent by the reader counts only against `total`.
///
/// After the last byte, the connection goes back to the client. If the body is dropped earlier, the
/// connection is closed. It is kept only if the rest is at most
/// [`Limits::drain`](crate::Limits::drain) and arrives within 100 ms.
#[derive(Debug)]
pub struct Body {
    pub(super) exchange: Exchange,
    /// The connection; `None` once it is back in the pool or closed.
    connection: Option<Connection>,
    /// The range of the connection's buffer that has content.
    content: Range<usize>,
    /// The decoder of content with a coding that is undone.
    decoding: Option<Box<Decoding>>,
    context: Context,
    /// The speed of the body; `None` if there is no minimum.
    meter: Option<SpeedMeter>,
    failed: Option<ErrorKind>,
    connection_event: Option<Event<'static>>,
}

/// The facts about the transfer that its body needs.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) pool: Pool,
    pub(crate) url: Url,
    /// The way of the request, by which the pool keeps its connection.
    pub(crate) route: Route,
    pub(crate) deadlines: Deadlines,
    /// The time at which the transfer began.
    pub(crate) start: Instant,
    pub(crate) timings: Timings,
    pub(crate) drain: u64,
    /// `true` if the request has asked the server to close the connection.
    pub(crate) last: bool,
    /// `true` if the framing is passed on with the content.
    pub(crate) raw: bool,
    /// The check against the digests of the response.
    pub(crate) check: Check,
    /// The highest speed; `None` without a limit.
    pub(crate) pace: Option<Pace>,
}

/// The result of decoding the bytes received so far.
enum Decoded {
    /// The buffer has content.
    Content,
    /// The buffer is empty, and the body is not at its end.
    NeedMore,
    End,
}

impl Body {
    /// Returns the body behind the head that `exchange` has received from `connection`.
    pub(crate) fn new(
        exchange: Exchange,
        connection: Connection,
        decoding: Option<Box<Decoding>>,
        context: Context,
    ) -> Body {
        let connection = Some(connection);
        let meter = context.deadlines.min_speed().map(SpeedMeter::new);
        let mut body = Body {
            exchange,
            connection,
            content: 0..0,
            decoding,
            context,
            meter,
            failed: None,
            connection_event: None,
        };
        body.release_if_whole();
        body
    }

    /// Returns the bytes of content received so far. Of content with a coding these are the coded
    /// bytes.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.exchange.received()
    }

    /// Returns the bytes of decoded content so far. They equal
    /// [`received`](Body::received), unless a content coding is undone.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.decoding.as_ref().map_or(self.received(), |decoding| decoding.decoded())
    }

    /// Returns `true` if a content coding of this body is undone.
    #[must_use]
    pub fn is_decoded(&self) -> bool {
        self.decoding.is_some()
    }

    /// Returns the length of the content in bytes. Returns `None` if the head does not announce it.
    /// The length of content with a coding counts coded bytes. After a HEAD, the length is that of
    /// a GET's content.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.exchange.content_length()
    }

    /// Returns `true` if all content was received and read, and matches its digests.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let is_decoded = self.decoding.as_ref().is_none_or(|decoding| decoding.is_done());
        self.is_read() && is_decoded && self.context.check.result().is_ok()
    }

    /// Returns `true` if all content was received, and read or given to the decoder.
    fn is_read(&self) -> bool {
        self.exchange.is_done() && self.content.is_empty()
    }

    /// Returns the fields behind a chunked body, once it is complete; see [`Exchange::trailers`].
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.exchange.trailers()
    }

    /// Returns the warnings about the response so far, those about its head included.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        self.exchange.warnings()
    }

    /// Returns the timings. [`finished`](Timings::finished) is set once the body is complete.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.context.timings
    }

    /// Returns [`Event::Kept`] or [`Event::Closed`] for the connection. Returns `None` while the
    /// body is still being received.
    #[must_use]
    pub fn connection_event(&self) -> Option<Event<'static>> {
        self.connection_event
    }

    pub(crate) fn url(&self) -> &Url {
        &self.context.url
    }

    /// Reads content like [`Read::read`], with an [`Error`] of this crate.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        #[cfg(feature = "coding")]
        if self.decoding.is_some() {
            return self.take_decoded(buffer);
        }
        loop {
            match self.decode()? {
                Decoded::End => return Ok(0),
                Decoded::Content => return Ok(self.copy(buffer)),
                Decoded::NeedMore => {
                    self.keep_pace()?;
                    self.wait_at_min_speed()?;
                    let received = self.receive_direct(buffer)?;
                    if received > 0 {
                        return Ok(received);
                    }
                }
            }
        }
    }

    /// Decodes received bytes until there is content or the server must send more.
    fn decode(&mut self) -> Result<Decoded, Error> {
        if let Some(kind) = self.failed {
            return Err(Error::new(kind).with_url(&self.context.url));
        }
        loop {
            if !self.content.is_empty() {
                return Ok(Decoded::Content);
            }
            let Some(connection) = &mut self.connection else {
                let checked = self.context.check.result();
                return checked
                    .map(|()| Decoded::End)
                    .map_err(|error| error.with_url(&self.context.url));
            };
            // Call it even without input: the head may announce a body above the limit.
            let (used, event) = match self.exchange.receive(connection.unread()) {
                Ok(received) => received,
                Err(error) => return Err(self.fail(Error::from(error))),
            };
            if connection.unread().is_empty() && !matches!(event, protocol::Event::End) {
                return Ok(Decoded::NeedMore);
            }
            if let protocol::Event::Content(content) = event {
                self.context.check.update(content);
            }
            match (wanted(self.context.raw, used, &event), event) {
                (0, protocol::Event::End) => self.release(),
                (0, _) => connection.consume(used),
                (wanted, _) => {
                    self.content = connection.last_of(used, wanted);
                    connection.consume(used);
                    self.gather();
                }
            }
        }
    }

    /// Joins further content in the buffer to the first piece, so that many small chunks do not
    /// cost a read or a write each. An end or an error is left for the next call of `decode`.
    fn gather(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        while !connection.unread().is_empty() {
            let Ok((used, event)) = self.exchange.receive(connection.unread()) else { return };
            if used == 0 {
                return;
            }
            if let protocol::Event::Content(content) = event {
                self.context.check.update(content);
            }
            let wanted = wanted(self.context.raw, used, &event);
            let more = connection.last_of(used, wanted);
            connection.consume(used);
            connection.move_to(more, self.content.end);
            self.content.end += wanted;
        }
    }

    /// Copies content from the connection's buffer.
    fn copy(&mut self, buffer: &mut [u8]) -> usize {
        let Some(connection) = &self.connection else { return 0 };
        let count = buffer.len().min(self.content.len());
        let from = self.content.start..self.content.start + count;
        buffer[..count].copy_from_slice(connection.at(from));
        self.content.start += count;
        self.release_if_whole();
        count
    }

    /// Receives content into `buffer` if that is larger than the connection's buffer. Otherwise
    /// fills the connection's buffer and returns 0.
    fn receive_direct(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let plain = usize::try_from(self.exchange.passthrough_len()).unwrap_or(usize::MAX);
        let most = plain.min(buffer.len());
        if most < BUFFER || self.is_paced() {
            self.fill(self.stall())?;
            return Ok(0);
        }
        let Some(connection) = &self.connection else { return Ok(0) };
        let step = self.stall();
        match connection.receive(&mut buffer[..most], step, self.exchange.received()) {
            Ok(0) => self.ended().map(|()| 0),
            Ok(count) => {
                self.exchange.advance(count as u64);
                self.context.check.update(&buffer[..count]);
                self.release_if_whole();
                Ok(count)
            }
            Err(error) => self.not_received(error).map(|()| 0),
        }
    }

    /// Receives into the connection's buffer. Returns the number of bytes.
    fn fill(&mut self, step: StepDeadline) -> Result<usize, Error> {
        let Some(connection) = &mut self.connection else { return Ok(0) };
        match connection.fill(step, (Phase::Body, self.exchange.received())) {
            Ok(0) => self.ended().map(|()| 0),
            Ok(count) => {
                self.record_pace(count);
                Ok(count)
            }
            Err(error) => self.not_received(error).map(|()| 0),
        }
    }

    /// Handles an error of the connection. An end without close_notify is an end of a body whose
    /// length is known otherwise.
    fn not_received(&mut self, error: Error) -> Result<(), Error> {
        if error.is_unexpected_end() && !self.exchange.ends_with_connection() {
            return self.ended();
        }
        Err(self.fail(error))
    }

    /// Handles the end of the connection.
    fn ended(&mut self) -> Result<(), Error> {
        let Err(error) = self.exchange.closed() else { return Ok(()) };
        let ended = Error::from(error);
        Err(self.fail(match error {
            // Bytes of trailers are not content.
            ProtocolError::Incomplete { expected, .. } => {
                ended.with_kind(ErrorKind::BodyTruncated { received: self.received(), expected })
            }
            _ => ended,
        }))
    }

    /// Closes the connection and makes the error final.
    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error.kind());
        self.content = 0..0;
        // Content that can't be decoded may have arrived whole.
        if self.connection.is_some() {
            self.close(CloseReason::Broken);
        }
        error.with_url(&self.context.url)
    }

    fn close(&mut self, reason: CloseReason) {
        self.connection = None;
        self.connection_event = Some(Event::Closed { reason });
    }
}

/// Returns how many of the last bytes that brought `event` are passed on.
fn wanted(raw: bool, used: usize, event: &protocol::Event<'_>) -> usize {
    match event {
        _ if raw => used,
        protocol::Event::Content(content) => content.len(),
        _ => 0,
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.take(buffer)?)
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.drain();
    }
}
