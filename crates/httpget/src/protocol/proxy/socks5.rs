//! SOCKS5 (RFC 1928), with user and password (RFC 1929).

use std::fmt;
use std::net::IpAddr;

use super::error::ProxyError;
use super::handshake::{Handshake, Progress};
use super::refusal::SocksRefusal;
use super::target::{TunnelHost, TunnelTarget};
use crate::url::Credentials;

const VERSION: u8 = 5;
/// The version of the negotiation with user and password.
const LOGIN_VERSION: u8 = 1;

const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_ACCEPTABLE_METHOD: u8 = 0xff;

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// The length in bytes of the replies before the last, and of the part of the last one up to the
/// length of its address.
const SHORT_REPLY: usize = 2;
const FIXED: usize = 5;

/// The handshake of a SOCKS5 proxy.
///
/// ```
/// use httpget::protocol::proxy::{Handshake, Progress, Socks5, TunnelTarget};
///
/// let target = TunnelTarget::of(&"http://127.0.0.1:8080/".parse()?);
/// let mut socks = Socks5::new(&target, None)?;
/// assert_eq!(socks.start(), b"\x05\x01\x00");
/// let (_, progress) = socks.receive(b"\x05\x00")?;
/// assert!(matches!(progress, Progress::Send(b"\x05\x01\x00\x01\x7f\x00\x00\x01\x1f\x90")));
/// let (_, progress) = socks.receive(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")?;
/// assert!(matches!(progress, Progress::Open));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A user and password are offered beside no authentication, and go only to a proxy that selects
/// them. A refusal is complete with its code, so the rest of its reply is not waited for.
pub struct Socks5 {
    greeting: Vec<u8>,
    /// The message with user and password; `None` if they are not offered.
    login: Option<Vec<u8>>,
    request: Vec<u8>,
    state: State,
    /// Bytes of the current reply.
    received: usize,
    /// Length of the current reply in bytes, as far as it is known.
    length: usize,
    failed: Option<ProxyError>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Method,
    Login,
    Reply,
    Open,
}

/// The consequence of a complete reply.
enum Next {
    Login,
    Request,
    Open,
}

impl Socks5 {
    /// Returns the handshake for a tunnel to `target`. A name goes to the proxy, which resolves it.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Unsupported`]: a user or password of more than 255 bytes.
    pub fn new(
        target: &TunnelTarget,
        credentials: Option<&Credentials>,
    ) -> Result<Socks5, ProxyError> {
        let login = credentials.map(login).transpose()?;
        let greeting = match login {
            Some(_) => vec![VERSION, 2, NO_AUTHENTICATION, USER_AND_PASSWORD],
            None => vec![VERSION, 1, NO_AUTHENTICATION],
        };
        // The command 1 is CONNECT, and a reserved byte follows.
        let mut request = vec![VERSION, 1, 0];
        match target.host() {
            TunnelHost::Ip(IpAddr::V4(ip)) => {
                request.push(IPV4);
                request.extend(ip.octets());
            }
            TunnelHost::Ip(IpAddr::V6(ip)) => {
                request.push(IPV6);
                request.extend(ip.octets());
            }
            TunnelHost::Name(name) => {
                request.push(NAME);
                let too_long = "SOCKS5 has names of at most 255 bytes";
                extend_text(&mut request, name, too_long)?;
            }
        }
        request.extend(target.port().to_be_bytes());
        let (state, length) = (State::Method, SHORT_REPLY);
        Ok(Socks5 { greeting, login, request, state, received: 0, length, failed: None })
    }

    /// Takes bytes of the current reply. Returns their number, and the consequence of the reply if
    /// it is complete.
    fn step(&mut self, input: &[u8]) -> Result<(usize, Option<Next>), ProxyError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.state == State::Open {
            return Ok((0, Some(Next::Open)));
        }
        let mut used = 0;
        while let (Some(byte), true) = (input.get(used), self.received < self.length) {
            match self.state {
                State::Method | State::Login if self.received == 0 => {}
                State::Method => self.is_offered(*byte)?,
                State::Login if *byte != 0 => return Err(ProxyError::Login),
                State::Reply => self.check_reply(*byte)?,
                State::Login | State::Open => {}
            }
            // Some proxies answer the login with another version than RFC 1929 has, harmlessly.
            if self.received == 0 && self.state != State::Login && *byte != VERSION {
                let what = "the version of a SOCKS5 reply is 5";
                return Err(ProxyError::Malformed { offset: 0, what });
            }
            used += 1;
            self.received += 1;
        }
        if self.received < self.length {
            return Ok((used, None));
        }
        let selected_login = self.state == State::Method && input[used - 1] == USER_AND_PASSWORD;
        self.received = 0;
        let next = match self.state {
            State::Method if selected_login => {
                self.state = State::Login;
                Next::Login
            }
            State::Method | State::Login => {
                (self.state, self.length) = (State::Reply, FIXED);
                Next::Request
            }
            State::Reply | State::Open => {
                self.state = State::Open;
                Next::Open
            }
        };
        Ok((used, Some(next)))
    }

    /// Refuses a method that was not offered.
    fn is_offered(&self, method: u8) -> Result<(), ProxyError> {
        match method {
            NO_AUTHENTICATION => Ok(()),
            USER_AND_PASSWORD if self.login.is_some() => Ok(()),
            NO_ACCEPTABLE_METHOD => Err(ProxyError::Method { login: self.login.is_some() }),
            _ => {
                let what = "a method of authentication that was not offered";
                Err(ProxyError::Malformed { offset: 1, what })
            }
        }
    }

    /// Checks the next byte of the last reply: version, code, reserved, address type, and the
    /// address, of which the first byte is its length if it is a name.
    fn check_reply(&mut self, byte: u8) -> Result<(), ProxyError> {
        match self.received {
            1 if byte != 0 => return Err(ProxyError::Refused(SocksRefusal::of_socks5(byte))),
            3 => {
                let port = 2;
                self.length = match byte {
                    IPV4 => 4 + 4 + port,
                    IPV6 => 4 + 16 + port,
                    // One byte more tells the length.
                    NAME => FIXED,
                    _ => {
                        let what = "an address type of 1, 3 or 4 expected";
                        return Err(ProxyError::Malformed { offset: 3, what });
                    }
                };
            }
            4 if self.length == FIXED => self.length = FIXED + usize::from(byte) + 2,
            _ => {}
        }
        Ok(())
    }
}

impl Handshake for Socks5 {
    fn start(&self) -> &[u8] {
        &self.greeting
    }

    fn receive(&mut self, input: &[u8]) -> Result<(usize, Progress<'_>), ProxyError> {
        match self.step(input) {
            Ok((used, None)) => Ok((used, Progress::NeedMore)),
            Ok((used, Some(Next::Open))) => Ok((used, Progress::Open)),
            Ok((used, Some(Next::Request))) => Ok((used, Progress::Send(&self.request))),
            Ok((used, Some(Next::Login))) => {
                Ok((used, Progress::Send(self.login.as_deref().unwrap_or_default())))
            }
            Err(error) => {
                self.failed = Some(error.clone());
                Err(error)
            }
        }
    }

    fn closed(&mut self) -> ProxyError {
        let received = self.received;
        self.failed.get_or_insert(ProxyError::Closed { received }).clone()
    }
}

/// The messages have a password.
impl fmt::Debug for Socks5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5")
            .field("state", &self.state)
            .field("received", &self.received)
            .field("length", &self.length)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

fn login(credentials: &Credentials) -> Result<Vec<u8>, ProxyError> {
    let too_long = "SOCKS5 has users and passwords of at most 255 bytes";
    let mut login = vec![LOGIN_VERSION];
    extend_text(&mut login, credentials.user(), too_long)?;
    extend_text(&mut login, credentials.password().expose(), too_long)?;
    Ok(login)
}

/// Appends the length of `text`, and `text`.
fn extend_text(out: &mut Vec<u8>, text: &str, too_long: &'static str) -> Result<(), ProxyError> {
    let length = u8::try_from(text.len()).map_err(|_| ProxyError::Unsupported(too_long))?;
    out.push(length);
    out.extend(text.as_bytes());
    Ok(())
}
