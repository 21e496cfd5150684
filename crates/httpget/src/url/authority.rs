//! The authority of a URL: user, password, host and port.

use std::borrow::Cow;

use netcore::Endpoint;
use netcore::endpoint::Host;

use super::credentials::Credentials;
use super::error::{Reason, Refusal, refuse};
use super::international::to_ascii;

/// The part between `//` and the path (RFC 3986 section 3.2).
pub(crate) struct Authority {
    pub(crate) credentials: Option<Credentials>,
    /// A name in lower case, or an address in its shortest form, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) endpoint: Endpoint,
}

/// Parses an authority; `offset` is its offset in the complete text.
pub(crate) fn parse(
    authority: &[u8],
    offset: usize,
    default_port: u16,
) -> Result<Authority, Refusal> {
    let Ok(text) = std::str::from_utf8(authority) else {
        return refuse(offset, "a host in ASCII expected");
    };
    let (userinfo, place) = match text.split_once('@') {
        Some((userinfo, place)) => (Some(userinfo), place),
        None => (None, text),
    };
    let place_offset = offset + text.len() - place.len();
    // Some readers take the first `@` for the end of the password, others the last.
    if let Some(at) = place.find('@') {
        return refuse(place_offset + at, "one @ at most; in a user or password it is %40");
    }
    let credentials = match userinfo {
        Some(userinfo) => Credentials::from_userinfo(userinfo)
            .or_else(|(at, expected)| refuse(offset + at, expected))?,
        None => None,
    };

    let (host, port) = split_port(place, place_offset)?;
    let port_offset = place_offset + place.len() - port.len();
    let port = if port.is_empty() { default_port } else { number(port, port_offset)? };
    if host.is_empty() {
        return refuse(place_offset, "a host expected");
    }
    let foreign = host.find(|c: char| !c.is_ascii());
    let host = match foreign {
        Some(at) => to_ascii(host).or_else(|expected| refuse(place_offset + at, expected))?.into(),
        None => Cow::Borrowed(host),
    };
    // RFC 6874 wrote the `%` before a scope as an escape; RFC 9844 took it out of URLs again.
    let host = if host.starts_with('[') {
        host.replacen("%25", "%", 1)
    } else {
        host.to_ascii_lowercase()
    };
    let endpoint: Endpoint = match format!("{host}:{port}").parse() {
        Ok(endpoint) => endpoint,
        Err(error) => {
            let error: netcore::endpoint::ParseEndpointError = error;
            // The offset in an ASCII form says nothing about the text.
            let offset = place_offset + foreign.unwrap_or(error.offset().min(host.len()));
            return Err(Refusal { offset, reason: Reason::Expected(error.expected()) });
        }
    };
    let host = match endpoint.host() {
        // Such a scope would be read as an escape.
        Some(Host::Ip(ip, Some(scope))) if scope.starts_with("25") => format!("{ip}%25{scope}"),
        Some(Host::Ip(ip, Some(scope))) => format!("{ip}%{scope}"),
        Some(Host::Ip(ip, None)) => ip.to_string(),
        _ => host,
    };
    Ok(Authority { credentials, host, port, endpoint })
}

/// Splits off the host, with its brackets, and the text of the port, which may be empty.
fn split_port(place: &str, offset: usize) -> Result<(&str, &str), Refusal> {
    if place.starts_with('[') {
        let Some(end) = place.find(']') else {
            return refuse(offset + place.len(), "a closing bracket expected");
        };
        let (host, rest) = place.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, port)),
            None if rest.is_empty() => Ok((host, rest)),
            None => refuse(offset + host.len(), "a colon or the path expected"),
        };
    }
    let (host, port) = place.split_once(':').unwrap_or((place, ""));
    if port.contains(':') {
        return refuse(offset, "an IPv6 address needs brackets around it, as in [::1]");
    }
    Ok((host, port))
}

/// Reads a port of digits only: the standard parser also accepts a plus sign.
fn number(text: &str, offset: usize) -> Result<u16, Refusal> {
    const PORT: &str = "a port from 1 to 65535 expected";
    if let Some(at) = text.find(|c: char| !c.is_ascii_digit()) {
        return refuse(offset + at, PORT);
    }
    match text.parse() {
        Ok(0) | Err(_) => refuse(offset, PORT),
        Ok(port) => Ok(port),
    }
}
