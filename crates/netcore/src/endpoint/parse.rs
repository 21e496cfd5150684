//! The parser of endpoints.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::endpoint::error::ParseEndpointError;
use crate::endpoint::{Endpoint, Host, Place, Port, Transport};

/// The most bytes of a host name in RFC 1035 section 2.3.4, without the dot of the root.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;
/// The most bytes of a service name: far more than IANA's longest (15 bytes, RFC 6335 section 5.1).
const MAX_SERVICE: usize = 63;
/// The most bytes of a scope: more than an interface's name on any system (`IF_NAMESIZE`).
const MAX_SCOPE: usize = 63;
/// The most bytes of a path: more than `sun_path` on any system. The limit bounds the memory of an
/// endpoint.
const MAX_PATH: usize = 4096;
/// The most characters of a refused text that its error keeps.
const MAX_QUOTED: usize = 256;

const PORT: &str = "a port from 0 to 65535, or a service's name, expected";
const SCOPE: &str = "an interface's name or number expected";

impl FromStr for Endpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Endpoint, ParseEndpointError> {
        Endpoint::parse(text, Transport::Tcp)
    }
}

impl Endpoint {
    /// Parses `text`. `transport` is the transport of a text without a scheme.
    pub(super) fn parse(text: &str, transport: Transport) -> Result<Endpoint, ParseEndpointError> {
        match place(text, transport) {
            Ok(place) => Ok(Endpoint { place, given: Some(text.into()) }),
            Err(Refusal { mut offset, expected }) => {
                // A limit in bytes may end inside a character.
                while !text.is_char_boundary(offset) {
                    offset -= 1;
                }
                let text = text.chars().take(MAX_QUOTED).collect::<String>().into_boxed_str();
                Err(ParseEndpointError { text, offset, expected })
            }
        }
    }
}

struct Refusal {
    offset: usize,
    expected: &'static str,
}

fn refuse<T>(offset: usize, expected: &'static str) -> Result<T, Refusal> {
    Err(Refusal { offset, expected })
}

fn place(text: &str, transport: Transport) -> Result<Place, Refusal> {
    if let Some(path) = strip_scheme(text, "unix:") {
        return unix(path.strip_prefix("//").unwrap_or(path), text);
    }
    let (transport, rest) = if let Some(rest) = strip_scheme(text, "tcp://") {
        (Transport::Tcp, rest)
    } else if let Some(rest) = strip_scheme(text, "udp://") {
        (Transport::Udp, rest)
    } else if let Some(rest) = strip_scheme(text, "tls://") {
        (Transport::Tls, rest)
    } else if text.contains("://") {
        return refuse(0, "the scheme must be tcp://, tls://, udp:// or unix:");
    } else {
        (transport, text)
    };
    let offset = text.len() - rest.len();
    let (host, port) = match rest.strip_prefix('[') {
        Some(inside) => bracketed(inside, offset + 1)?,
        None => plain(rest, offset)?,
    };
    Ok(Place::Inet { transport, host, port })
}

/// Removes a scheme, in any case (RFC 3986 section 3.1).
fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn unix(path: &str, text: &str) -> Result<Place, Refusal> {
    let offset = text.len() - path.len();
    if path.is_empty() {
        return refuse(offset, "the path of a Unix socket expected");
    }
    if let Some(at) = path.find(char::is_control) {
        return refuse(offset + at, "a path has no control characters");
    }
    if path.len() > MAX_PATH {
        return refuse(offset + MAX_PATH, "a path has at most 4096 bytes");
    }
    match path.strip_prefix('@') {
        Some("") => refuse(offset + 1, "the name of an abstract Unix socket expected behind @"),
        Some(name) => Ok(Place::Unix(PathBuf::from(format!("\0{name}")))),
        None => Ok(Place::Unix(PathBuf::from(path))),
    }
}

/// Parses the text after `[`; `offset` is its position in the whole text.
fn bracketed(inside: &str, offset: usize) -> Result<(Host, Port), Refusal> {
    let Some((address, rest)) = inside.split_once(']') else {
        return refuse(offset + inside.len(), "a closing bracket expected");
    };
    let (ip, scope) = match address.split_once('%') {
        Some((ip, scope)) => (ip, Some(scope)),
        None => (address, None),
    };
    let Ok(ip) = ip.parse::<Ipv6Addr>() else {
        return refuse(offset, "an IPv6 address expected in brackets");
    };
    if let Some(scope) = scope {
        let start = offset + address.len() - scope.len();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if let Some(at) = scope.find(|c| !allowed(c)) {
            return refuse(start + at, SCOPE);
        }
        if scope.is_empty() || scope.len() > MAX_SCOPE {
            return refuse(start, SCOPE);
        }
    }
    let after = offset + address.len() + 1;
    let Some(port) = rest.strip_prefix(':') else {
        return refuse(after, "a colon and a port expected");
    };
    Ok((Host::Ip(IpAddr::V6(ip), scope.map(String::from)), self::port(port, after + 1)?))
}

/// Parses `HOST:PORT` or `:PORT`.
fn plain(text: &str, offset: usize) -> Result<(Host, Port), Refusal> {
    let Some((host, port)) = text.split_once(':') else {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return refuse(offset, "a port has a colon before it, as in :80 for every interface");
        }
        // The host is checked first: its fault stands before the missing colon.
        if !text.is_empty() {
            self::host(text, offset)?;
        }
        return refuse(offset + text.len(), "a colon and a port expected");
    };
    if port.contains(':') && looks_like_ipv6(text) {
        return refuse(offset, "an IPv6 address needs brackets around it, as in [::1]:80");
    }
    let port_offset = offset + host.len() + 1;
    let host = if host.is_empty() { Host::Any } else { self::host(host, offset)? };
    Ok((host, self::port(port, port_offset)?))
}

/// Returns `true` if the text, or its part before the last colon, is an IPv6 address.
fn looks_like_ipv6(text: &str) -> bool {
    let bare = |text: &str| {
        let ip = text.split_once('%').map_or(text, |(ip, _)| ip);
        ip.parse::<Ipv6Addr>().is_ok()
    };
    bare(text) || text.rsplit_once(':').is_some_and(|(host, _)| bare(host))
}

fn host(text: &str, offset: usize) -> Result<Host, Refusal> {
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Ok(Host::Ip(IpAddr::V4(ip), None));
    }
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(at) = text.find(|c| !allowed(c)) {
        return refuse(offset + at, "a host's name has letters, digits, '-', '_' and '.' only");
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.len() > MAX_NAME {
        return refuse(offset + MAX_NAME, "a host's name has at most 253 bytes");
    }
    let mut start = offset;
    for label in name.split('.') {
        if label.is_empty() {
            return refuse(start, "a part of a host's name is empty");
        }
        if label.len() > MAX_LABEL {
            return refuse(start + MAX_LABEL, "a part of a host's name has at most 63 bytes");
        }
        start += label.len() + 1;
    }
    // No top-level domain is a number (RFC 3696 section 2), but some resolvers take 127.1,
    // 010.0.0.1 or 0x7f.1 for addresses, and they disagree about which one.
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|b| b.is_ascii_digit()) || is_hexadecimal(last) {
        return refuse(offset, "an IPv4 address is four decimal numbers from 0 to 255");
    }
    Ok(Host::Name(String::from(text)))
}

fn is_hexadecimal(label: &str) -> bool {
    let digits = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    digits.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn port(text: &str, offset: usize) -> Result<Port, Refusal> {
    if text.is_empty() {
        return refuse(offset, PORT);
    }
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse() {
            Ok(number) => Ok(Port::Number(number)),
            Err(_) => refuse(offset, PORT),
        };
    }
    // IANA's names (RFC 6335 section 5.1) and those of older tables, which have '_', '.' and '+'.
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if let Some(at) = text.find(|c| !allowed(c)) {
        return refuse(offset + at, PORT);
    }
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !begins || !text.bytes().any(|b| b.is_ascii_alphabetic()) {
        return refuse(offset, PORT);
    }
    if text.len() > MAX_SERVICE {
        return refuse(offset + MAX_SERVICE, PORT);
    }
    Ok(Port::Service(String::from(text)))
}
