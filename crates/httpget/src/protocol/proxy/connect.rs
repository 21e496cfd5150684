//! CONNECT: a tunnel through an HTTP proxy (RFC 9110 section 9.3.6).

use std::fmt;

use http::{HeaderName, HeaderValue, StatusCode};

use super::error::ProxyError;
use super::handshake::{Handshake, Progress};
use super::target::TunnelTarget;
use crate::limits::Limits;
use crate::protocol::diagnose::{self, malformed};
use crate::protocol::error::{ProtocolError, ResponsePart};
use crate::protocol::field_section::FieldSection;
use crate::protocol::head::ResponseHead;
use crate::protocol::request::extend_capitalised;

/// The handshake of an HTTP proxy: a CONNECT request, and the head of its reply.
///
/// ```
/// use httpget::Limits;
/// use httpget::protocol::proxy::{Connect, Handshake, TunnelTarget};
///
/// let target = TunnelTarget::of(&"https://example.com/a?b".parse()?);
/// let connect = Connect::new(&target, &Limits::default());
/// let expected = b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";
/// assert_eq!(connect.start(), expected);
/// # Ok::<(), httpget::ParseUrlError>(())
/// ```
///
/// Every 2xx opens the tunnel right behind its head: its `Content-Length` and `Transfer-Encoding`
/// have no meaning. Every other final status is a refusal, redirects included. The content of a
/// refusal is not read, so the connection must be closed.
///
/// # Limits
///
/// `head`, `fields` and `interim` of [`Limits`].
pub struct Connect {
    request: Vec<u8>,
    limits: Limits,
    state: State,
    interim: usize,
}

#[derive(Debug)]
enum State {
    Head(FieldSection),
    /// The head was returned, with this status.
    Replied(StatusCode),
    Open,
    Failed(ProxyError),
}

impl Connect {
    /// Returns the request of a tunnel to `target`, before a byte of its reply.
    #[must_use]
    pub fn new(target: &TunnelTarget, limits: &Limits) -> Connect {
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        Connect {
            request: request.into_bytes(),
            limits: limits.clone(),
            state: State::Head(FieldSection::default()),
            interim: 0,
        }
    }

    /// Adds a field to the request, such as `Proxy-Authorization` or `User-Agent`.
    #[must_use]
    pub fn with_field(mut self, name: &HeaderName, value: &HeaderValue) -> Connect {
        self.request.truncate(self.request.len() - 2);
        extend_capitalised(&mut self.request, name.as_str());
        self.request.extend_from_slice(b": ");
        self.request.extend_from_slice(value.as_bytes());
        self.request.extend_from_slice(b"\r\n\r\n");
        self
    }

    fn step(&mut self, input: &[u8]) -> Result<(usize, Progress<'static>), ProxyError> {
        match &mut self.state {
            State::Head(section) => {
                // Refuse other protocols at their first wrong byte, not at the limit of a head.
                let room = self.limits.head.saturating_sub(section.len());
                let first = &input[..room.min(input.len())];
                diagnose::status_line(section.len(), first).map_err(ProxyError::Head)?;
                let (used, whole) =
                    section.receive(input, "head", self.limits.head).map_err(ProxyError::Head)?;
                if !whole {
                    return Ok((used, Progress::NeedMore));
                }
                let head = ResponseHead::parse_tunnel(section, &self.limits)
                    .and_then(|head| self.headed(head));
                Ok((used, head.map_err(ProxyError::Head)?))
            }
            State::Replied(status) if status.is_success() => {
                self.state = State::Open;
                Ok((0, Progress::Open))
            }
            State::Replied(status) => Err(ProxyError::Status(*status)),
            State::Open => Ok((0, Progress::Open)),
            State::Failed(error) => Err(error.clone()),
        }
    }

    /// Handles a complete head.
    fn headed(&mut self, head: ResponseHead) -> Result<Progress<'static>, ProtocolError> {
        let status = head.status();
        if !status.is_informational() {
            self.state = State::Replied(status);
            return Ok(Progress::Reply(Box::new(head)));
        }
        if status == StatusCode::SWITCHING_PROTOCOLS {
            let what = "101, though no other protocol was requested";
            return Err(malformed(ResponsePart::Head, 9, what));
        }
        self.interim += 1;
        if self.interim > self.limits.interim {
            let max = self.limits.interim as u64;
            return Err(ProtocolError::TooLarge { limit: "interim", max });
        }
        self.state = State::Head(FieldSection::default());
        Ok(Progress::Interim(Box::new(head)))
    }
}

impl Handshake for Connect {
    fn start(&self) -> &[u8] {
        &self.request
    }

    fn receive(&mut self, input: &[u8]) -> Result<(usize, Progress<'_>), ProxyError> {
        let result = self.step(input);
        if let Err(error) = &result {
            self.state = State::Failed(error.clone());
        }
        result
    }

    fn closed(&mut self) -> ProxyError {
        let error = match &self.state {
            State::Failed(error) => return error.clone(),
            State::Replied(status) if !status.is_success() => ProxyError::Status(*status),
            State::Replied(_) | State::Open => ended(ResponsePart::Response, 0),
            State::Head(section) if section.len() == 0 && self.interim == 0 => {
                ended(ResponsePart::Response, 0)
            }
            State::Head(section) => ended(ResponsePart::Head, section.len() as u64),
        };
        self.state = State::Failed(error.clone());
        error
    }
}

/// The request may have credentials.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("limits", &self.limits)
            .field("state", &self.state)
            .field("interim", &self.interim)
            .finish_non_exhaustive()
    }
}

fn ended(part: ResponsePart, received: u64) -> ProxyError {
    ProxyError::Head(ProtocolError::Incomplete { part, received, expected: None })
}
