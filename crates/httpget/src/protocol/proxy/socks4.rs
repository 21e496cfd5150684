//! SOCKS4 and its extension SOCKS4a, which leaves names to the proxy.

use std::net::IpAddr;

use super::error::ProxyError;
use super::handshake::{Handshake, Progress};
use super::refusal::SocksRefusal;
use super::target::{TunnelHost, TunnelTarget};

/// The most bytes of a user or a name. SOCKS4 itself has no limit.
const MAX_TEXT: usize = 255;

/// The length of the reply in bytes.
const REPLY: usize = 8;

/// The code of a granted request.
const GRANTED: u8 = 90;

/// The handshake of a SOCKS4 proxy ("SOCKS: A protocol for TCP proxy across firewalls", and
/// "SOCKS 4A: A Simple Extension to SOCKS 4 Protocol").
///
/// ```
/// use httpget::protocol::proxy::{Handshake, Socks4, TunnelTarget};
///
/// let target = TunnelTarget::of(&"http://example.com/".parse()?);
/// let socks = Socks4::new(&target, "ann")?;
/// assert_eq!(socks.start(), b"\x04\x01\x00\x50\x00\x00\x00\x01ann\0example.com\0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A target with a name makes it a request of SOCKS4a. Both have a user, but no password.
#[derive(Debug)]
pub struct Socks4 {
    request: Vec<u8>,
    /// Bytes of the reply so far. Their content after the second one has no meaning.
    received: usize,
    failed: Option<ProxyError>,
}

impl Socks4 {
    /// Returns the request of a tunnel to `target` for `user`, who may be empty.
    ///
    /// # Errors
    ///
    /// [`ProxyError::Unsupported`]: an IPv6 address, an address in 0.0.0.0/24, by which SOCKS4a
    /// marks names, and a user or a name that has a NUL or more than 255 bytes.
    pub fn new(target: &TunnelTarget, user: &str) -> Result<Socks4, ProxyError> {
        let (ip, name) = match target.host() {
            TunnelHost::Ip(IpAddr::V6(_)) => {
                return unsupported("SOCKS4 has no IPv6 addresses; SOCKS5 has");
            }
            TunnelHost::Ip(IpAddr::V4(ip)) if ip.octets().starts_with(&[0, 0, 0]) => {
                return unsupported("SOCKS4 cannot express an address in 0.0.0.0/24");
            }
            TunnelHost::Ip(IpAddr::V4(ip)) => (ip.octets(), None),
            TunnelHost::Name(name) => ([0, 0, 0, 1], Some(&**name)),
        };
        let is_bad = |text: &str| text.len() > MAX_TEXT || text.contains('\0');
        if is_bad(user) || name.is_some_and(is_bad) {
            return unsupported("SOCKS4 has users and names of at most 255 bytes, without NUL");
        }
        let mut request = vec![4, 1];
        request.extend(target.port().to_be_bytes());
        request.extend(ip);
        for text in [Some(user), name].into_iter().flatten() {
            request.extend(text.as_bytes());
            request.push(0);
        }
        Ok(Socks4 { request, received: 0, failed: None })
    }

    fn step(&mut self, input: &[u8]) -> Result<(usize, Progress<'static>), ProxyError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let used = input.len().min(REPLY - self.received);
        for byte in &input[..used] {
            match (self.received, *byte) {
                (0, 0) | (1, GRANTED) | (2.., _) => {}
                (0, _) => {
                    let what = "the version of a SOCKS4 reply is 0";
                    return Err(ProxyError::Malformed { offset: 0, what });
                }
                (_, 91) => return Err(ProxyError::Refused(SocksRefusal::Rejected)),
                (_, 92) => return Err(ProxyError::Refused(SocksRefusal::NoIdentd)),
                (_, 93) => return Err(ProxyError::Refused(SocksRefusal::OtherUser)),
                (_, _) => {
                    let what = "the code of a SOCKS4 reply is 90 to 93";
                    return Err(ProxyError::Malformed { offset: 1, what });
                }
            }
            self.received += 1;
        }
        let progress = if self.received == REPLY { Progress::Open } else { Progress::NeedMore };
        Ok((used, progress))
    }
}

impl Handshake for Socks4 {
    fn start(&self) -> &[u8] {
        &self.request
    }

    fn receive(&mut self, input: &[u8]) -> Result<(usize, Progress<'_>), ProxyError> {
        let result = self.step(input);
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    fn closed(&mut self) -> ProxyError {
        let received = self.received % REPLY;
        self.failed.get_or_insert(ProxyError::Closed { received }).clone()
    }
}

fn unsupported<T>(what: &'static str) -> Result<T, ProxyError> {
    Err(ProxyError::Unsupported(what))
}
