//! The state machine of one response.

#[cfg(feature = "coding")]
mod decoded;

use http::{HeaderMap, StatusCode};

use super::chunked::{Chunked, Piece};
use super::diagnose::{self, malformed};
use super::error::{ProtocolError, ResponsePart};
use super::field_section::FieldSection;
use super::framing::Framing;
use super::head::ResponseHead;
use super::warning::Warning;
use crate::limits::Limits;

/// One response to one GET or HEAD, from its first byte to its last: bytes in, [events](Event) out.
///
/// ```
/// use httpget::Limits;
/// use httpget::protocol::{Event, Exchange};
///
/// let mut exchange = Exchange::new(&Limits::default());
/// let input = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
/// let (used, event) = exchange.receive(input)?;
/// assert!(matches!(event, Event::Head));
/// let (_, event) = exchange.receive(&input[used..])?;
/// assert!(matches!(event, Event::Content(b"hello")));
/// # Ok::<(), httpget::protocol::ProtocolError>(())
/// ```
///
/// The events do not depend on how the bytes are split; only pieces of content vary. Content is
/// borrowed from the input, never copied. The [module's page](super) shows the states.
///
/// # Limits
///
/// All of [`Limits`] apply except `redirects` and `drain`, which concern the use of responses. The
/// exchange stores the head, and the trailers while they arrive.
#[derive(Debug)]
pub struct Exchange {
    limits: Limits,
    state: State,
    head: Option<ResponseHead>,
    /// Length of the content in bytes, if the head announces it.
    expected: Option<u64>,
    interim: usize,
    received: u64,
    trailers: Option<HeaderMap>,
    /// `true` if the connection can be used again after the response.
    keep: bool,
    /// `true` if the request is a HEAD, whose response has no content.
    is_head: bool,
    warnings: Vec<Warning>,
}

#[derive(Debug)]
enum State {
    Head(FieldSection),
    Length { left: u64 },
    Chunked(Chunked),
    UntilClose,
    Done,
    Failed(ProtocolError),
}

/// The result of bytes given to [`Exchange::receive`].
#[derive(Debug)]
pub enum Event<'a> {
    /// All input is consumed without an event: more is needed.
    NeedMore,
    /// The head of an interim response (1xx). Another head follows.
    Interim(Box<ResponseHead>),
    /// The head of the response is complete: [`Exchange::head`].
    Head,
    /// The next piece of content, never empty.
    Content(&'a [u8]),
    /// The response is complete. The rest of the input does not belong to it.
    End,
}

impl Exchange {
    /// Returns an exchange before the first byte of a response.
    #[must_use]
    pub fn new(limits: &Limits) -> Exchange {
        Exchange {
            limits: limits.clone(),
            state: State::Head(FieldSection::default()),
            head: None,
            expected: None,
            interim: 0,
            received: 0,
            trailers: None,
            keep: false,
            is_head: false,
            warnings: Vec::new(),
        }
    }

    /// Returns an exchange before the first byte of a response to a HEAD. It ends with its head,
    /// whatever `Content-Length` and `Transfer-Encoding` say: they describe the response to a GET
    /// (RFC 9112 section 6.3, rule 1).
    ///
    /// ```
    /// use httpget::Limits;
    /// use httpget::protocol::{Event, Exchange};
    ///
    /// let mut exchange = Exchange::for_head(&Limits::default());
    /// let input = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    /// let (_, event) = exchange.receive(input)?;
    /// assert!(matches!(event, Event::Head) && exchange.is_reusable());
    /// assert_eq!(exchange.content_length(), Some(5));
    /// # Ok::<(), httpget::protocol::ProtocolError>(())
    /// ```
    #[must_use]
    pub fn for_head(limits: &Limits) -> Exchange {
        Exchange { is_head: true, ..Exchange::new(limits) }
    }

    /// Decodes received bytes. Returns the number of consumed bytes, and their event.
    ///
    /// Call it again with the rest until it returns [`Event::NeedMore`], and then with the bytes
    /// that arrive next. After [`Event::End`] it always returns that.
    ///
    /// # Errors
    ///
    /// - [`ProtocolError::Malformed`]: bytes that a server must not send, or that readers interpret
    ///   differently. `docs/http.md` has every case.
    /// - [`ProtocolError::TooLarge`]: a limit was reached. A body with an announced length above
    ///   the limit is refused in the call after [`Event::Head`].
    /// - The error of an earlier call: the first one is final.
    pub fn receive<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Event<'a>), ProtocolError> {
        let result = self.step(input);
        if let Err(error) = result {
            self.state = State::Failed(error);
        }
        result
    }

    fn step<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Event<'a>), ProtocolError> {
        match &mut self.state {
            State::Head(section) => {
                // Refuse other protocols at their first wrong byte, not at the limit of a head.
                let room = self.limits.head.saturating_sub(section.len());
                diagnose::status_line(section.len(), &input[..room.min(input.len())])?;
                let (used, whole) = section.receive(input, "head", self.limits.head)?;
                let event = if whole { self.headed()? } else { Event::NeedMore };
                Ok((used, event))
            }
            State::Length { left } => {
                let length = at_most(*left, input);
                self.content(&input[..length])
            }
            State::UntilClose => {
                let left = self.limits.body.saturating_sub(self.received);
                if left == 0 && !input.is_empty() {
                    return Err(self.body_too_large());
                }
                self.content(&input[..at_most(left, input)])
            }
            State::Chunked(chunked) => {
                let (used, piece) = chunked.receive(input, &self.limits)?;
                let event = match piece {
                    Piece::NeedMore => Event::NeedMore,
                    Piece::Content(content) => {
                        self.received += content.len() as u64;
                        Event::Content(content)
                    }
                    Piece::End(trailers, dropped) => {
                        self.trailers = Some(trailers);
                        if dropped {
                            self.warning(Warning::TrailersDropped);
                        }
                        self.state = State::Done;
                        Event::End
                    }
                };
                Ok((used, event))
            }
            State::Done => {
                if !input.is_empty() {
                    self.keep = false;
                    self.warning(Warning::Surplus);
                }
                Ok((0, Event::End))
            }
            State::Failed(error) => Err(*error),
        }
    }

    /// Handles a complete head.
    fn headed(&mut self) -> Result<Event<'static>, ProtocolError> {
        let State::Head(section) = &mut self.state else { return Ok(Event::NeedMore) };
        let head = ResponseHead::parse(section, &self.limits)?;
        let warnings: Vec<Warning> = head.warnings(section).collect();
        for warning in warnings {
            self.warning(warning);
        }
        if head.status().is_informational() {
            if head.status() == StatusCode::SWITCHING_PROTOCOLS {
                return Err(malformed(
                    ResponsePart::Head,
                    9,
                    "101, though no other protocol was requested",
                ));
            }
            self.interim += 1;
            if self.interim > self.limits.interim {
                let max = self.limits.interim as u64;
                return Err(ProtocolError::TooLarge { limit: "interim", max });
            }
            self.state = State::Head(FieldSection::default());
            return Ok(Event::Interim(Box::new(head)));
        }
        let framing = Framing::of(&head);
        let framing_fields = head.framing_fields();
        self.keep = head.keeps_connection()
            && !framing_fields.is_both()
            && !framing_fields.is_chunked_http10(head.version())
            && !framing_fields.is_impossible(head.status());
        self.expected = match framing {
            Framing::Empty => Some(0),
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilClose => None,
        };
        let framing = if self.is_head { Framing::Empty } else { framing };
        self.state = match framing {
            Framing::Empty | Framing::Length(0) => State::Done,
            // The head is useful by itself, so the next call returns the error.
            Framing::Length(all) if all > self.limits.body => State::Failed(self.body_too_large()),
            Framing::Length(all) => State::Length { left: all },
            Framing::Chunked => State::Chunked(Chunked::new()),
            Framing::UntilClose => State::UntilClose,
        };
        self.head = Some(head);
        Ok(Event::Head)
    }

    /// Returns content that is all of a call's input, or the last of the body.
    fn content<'a>(&mut self, content: &'a [u8]) -> Result<(usize, Event<'a>), ProtocolError> {
        if content.is_empty() {
            return Ok((0, Event::NeedMore));
        }
        self.advance(content.len() as u64);
        Ok((content.len(), Event::Content(content)))
    }

    /// Handles an orderly end of the connection. A reset connection has no end that could be a
    /// body's.
    ///
    /// # Errors
    ///
    /// - [`ProtocolError::Incomplete`] where that is not the end of the response.
    /// - The error that an earlier call returned.
    pub fn closed(&mut self) -> Result<(), ProtocolError> {
        let (part, received, expected) = match &self.state {
            State::UntilClose | State::Done => {
                self.keep = false;
                self.state = State::Done;
                return Ok(());
            }
            State::Failed(error) => return Err(*error),
            State::Head(section) if section.len() == 0 && self.interim == 0 => {
                (ResponsePart::Response, 0, None)
            }
            State::Head(section) => (ResponsePart::Head, section.len() as u64, None),
            State::Length { .. } => (ResponsePart::Body, self.received, self.content_length()),
            State::Chunked(chunked) => {
                let (part, received) = chunked.cut();
                (part, received.unwrap_or(self.received), None)
            }
        };
        let error = ProtocolError::Incomplete { part, received, expected };
        self.state = State::Failed(error);
        Err(error)
    }

    /// Returns the response's head, from [`Event::Head`] on. Interim heads do not count.
    #[must_use]
    pub fn head(&self) -> Option<&ResponseHead> {
        self.head.as_ref()
    }

    /// Takes the head out, for a caller that stores it.
    pub(crate) fn take_head(&mut self) -> Option<ResponseHead> {
        self.head.take()
    }

    /// Returns `true` if the head allows another request on the connection.
    pub(crate) fn allows_reuse(&self) -> bool {
        self.keep
    }

    /// Returns `true` if only the end of the connection ends the content. Over TLS, an end without
    /// close_notify is none (RFC 9112 section 9.8).
    #[must_use]
    pub fn ends_with_connection(&self) -> bool {
        matches!(self.state, State::UntilClose)
    }

    /// Returns how many of the next bytes are certain to be content: up to the end of the content
    /// or of its chunk, or up to the limit if the content ends with the connection. Returns 0
    /// outside content.
    ///
    /// These bytes may bypass [`receive`](Exchange::receive), as with splice(2), if
    /// [`advance`](Exchange::advance) is called with their number.
    #[must_use]
    pub fn passthrough_len(&self) -> u64 {
        match &self.state {
            State::Length { left } => *left,
            State::Chunked(chunked) => chunked.passthrough_len(),
            State::UntilClose => self.limits.body.saturating_sub(self.received),
            State::Head(_) | State::Done | State::Failed(_) => 0,
        }
    }

    /// Counts `count` bytes of content that bypassed [`receive`](Exchange::receive).
    ///
    /// # Panics
    ///
    /// Panics if `count` is greater than [`passthrough_len`](Exchange::passthrough_len).
    pub fn advance(&mut self, count: u64) {
        assert!(
            count <= self.passthrough_len(),
            "{count} bytes moved, {} at most",
            self.passthrough_len()
        );
        self.received += count;
        match &mut self.state {
            State::Length { left } => {
                *left -= count;
                if *left == 0 {
                    self.state = State::Done;
                }
            }
            State::Chunked(chunked) => chunked.advance(count),
            State::Head(_) | State::UntilClose | State::Done | State::Failed(_) => {}
        }
    }

    /// Returns the bytes of content so far, including those passed to
    /// [`advance`](Exchange::advance).
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns the length of the content in bytes. Returns `None` if the head does not announce it.
    /// After a HEAD this is the length that a GET would bring.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.expected
    }

    /// Returns the fields after the content of a complete chunked body. Returns `None` for any
    /// other. Fields that only a head may have are dropped.
    #[must_use]
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    /// Returns `true` if the response is complete: after its last byte, also before [`Event::End`].
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Returns `true` if the response is complete and the connection can be used again (RFC 9112
    /// section 9.3): the server keeps it, the body's end is certain, and no bytes follow. Give
    /// remaining bytes to [`receive`](Exchange::receive) before. A request that asked to close the
    /// connection is the caller's concern.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        self.keep && self.is_done()
    }

    /// Returns the warnings so far, each kind once.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    fn warning(&mut self, warning: Warning) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn body_too_large(&self) -> ProtocolError {
        ProtocolError::TooLarge { limit: "body", max: self.limits.body }
    }
}

/// Returns the length of `input`, but at most `left`.
fn at_most(left: u64, input: &[u8]) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(input.len())
}
