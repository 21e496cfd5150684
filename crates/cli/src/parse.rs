//! Parsers for the values of arguments: durations, sizes, counts, rates and addresses.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use ::chat::Rate;
use ::chat::SyncPolicy;
use netcore::endpoint::{Host, Port};
use netcore::resolve::{Family, resolve as resolve_endpoint};
use netcore::{Deadline, Endpoint};

use crate::exit::chain;

#[cfg(test)]
mod tests;

const UNITS: [(&str, f64); 6] =
    [("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];

/// Parses a duration as people write it: `250ms`, `5s`, `1m30s`, `2h`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "expected a number with a unit, as in 250ms, 5s, 1m30s or 2h".to_owned();
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        // Only a single number may lack its unit.
        let unit = if unit.is_empty() && rest.len() == text.len() && after.is_empty() {
            "s"
        } else {
            unit
        };
        let (_, factor) = UNITS.iter().find(|(u, _)| *u == unit).ok_or_else(expected)?;
        let starts = number.starts_with(|c: char| c.is_ascii_digit());
        let number: f64 = number.parse().ok().filter(|_| starts).ok_or_else(expected)?;
        seconds += number * factor;
        rest = after;
    }
    if text.is_empty() {
        return Err(expected());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("too long: {}s at most", u64::MAX))
}

/// Parses a duration longer than zero.
pub(crate) fn some_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("expected more than 0, as in 250ms or 5s".to_owned()),
        some => Ok(some),
    }
}

/// The silence after which a vanished client is closed. `None`: never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keepalive(pub(crate) Option<Duration>);

/// Parses a duration that systems accept for TCP keepalive, or `off`.
pub(crate) fn keepalive(text: &str) -> Result<Keepalive, String> {
    const HOUR: u64 = 3600;
    if text == "off" {
        return Ok(Keepalive(None));
    }
    let limits = Duration::from_secs(1)..=Duration::from_secs(18 * HOUR);
    match duration(text)? {
        limit if limits.contains(&limit) => Ok(Keepalive(Some(limit))),
        _ => Err("expected 1s to 18h, or off".to_owned()),
    }
}

/// Parses a number of bytes: digits, and `k`, `M` or `G` for powers of 1024.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let (digits, shift) = match text.as_bytes().last() {
        Some(b'k' | b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        _ => (text, 0),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("expected a number of bytes, as in 4096, 64k or 1M".to_owned());
    }
    let too_large = || format!("too large: {} bytes at most", usize::MAX);
    let number: usize = digits.parse().map_err(|_| too_large())?;
    number.checked_mul(1 << shift).ok_or_else(too_large)
}

/// Parses a number of bytes, at least one.
pub(crate) fn some_size(text: &str) -> Result<usize, String> {
    match size(text)? {
        0 => Err("expected 1 byte or more, as in 4096, 64k or 1M".to_owned()),
        some => Ok(some),
    }
}

/// Parses lines per second, and bytes per second behind a comma (by default 1 KiB for each line).
pub(crate) fn rate(text: &str) -> Result<Rate, String> {
    let expected = "expected lines a second, as in 10, and bytes a second, as in 10,64k";
    let (lines, bytes) = text.split_once(',').map_or((text, None), |(l, b)| (l, Some(b)));
    let digits = lines.bytes().all(|b| b.is_ascii_digit());
    let lines: u32 = lines.parse().ok().filter(|n| digits && *n > 0).ok_or(expected)?;
    let bytes = match bytes {
        Some(bytes) => size(bytes).ok().filter(|n| *n > 0).ok_or(expected)?,
        None => usize::try_from(lines).unwrap_or(usize::MAX).saturating_mul(1024),
    };
    Ok(Rate::new(lines, bytes))
}

/// Parses `always`, `never` or a duration.
pub(crate) fn flush(text: &str) -> Result<SyncPolicy, String> {
    match text {
        "never" => Ok(SyncPolicy::Never),
        "always" => Ok(SyncPolicy::Every(Duration::ZERO)),
        other => duration(other)
            .map(SyncPolicy::Every)
            .map_err(|_| "expected always, never, or a duration as in 1s".to_owned()),
    }
}

/// Parses an address of this machine with an optional port and zone. Without a port, any will do.
pub(crate) fn local_address(text: &str) -> Result<SocketAddr, String> {
    let with_any_port = || text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 0)).ok();
    let found = text.parse().ok().or_else(with_any_port).map(Ok).or_else(|| zoned(text));
    found.unwrap_or_else(|| {
        Err("expected an IP address, as in 192.0.2.7, 192.0.2.7:80, ::1 or fe80::1%eth0".to_owned())
    })
}

/// Parses an IPv6 address with a zone (the name or number of an interface): `fe80::1%eth0`,
/// `[fe80::1%2]:80`. Returns `None` if `text` is not such an address.
fn zoned(text: &str) -> Option<Result<SocketAddr, String>> {
    if !text.contains('%') {
        return None;
    }
    let endpoint: Endpoint = text.parse().or_else(|_| format!("[{text}]:0").parse()).ok()?;
    let (Some(Host::Ip(..)), Some(Port::Number(_))) = (endpoint.host(), endpoint.port()) else {
        return None;
    };
    // The system knows numbers and interfaces without a resolver.
    let found = resolve_endpoint(&endpoint, Family::Any, Deadline::never());
    Some(
        found.map_err(|error| chain(&error)).and_then(|found| {
            found.first().copied().ok_or_else(|| format!("{text} has no address"))
        }),
    )
}

/// Checks a range of bytes in the syntax of RFC 9110 section 14.1.2: `0-99`, `100-` or `-100`.
pub(crate) fn byte_range(text: &str) -> Result<String, String> {
    let number = |part: &str| match part.bytes().all(|b| b.is_ascii_digit()) {
        true => part.parse::<u64>().ok(),
        false => None,
    };
    let valid = match text.split_once('-') {
        Some(("", last)) => number(last).is_some(),
        Some((first, "")) => number(first).is_some(),
        Some((first, last)) => {
            number(first).zip(number(last)).is_some_and(|(first, last)| first <= last)
        }
        None => false,
    };
    match valid {
        true => Ok(text.to_owned()),
        false => Err("expected a range of bytes, as in 0-99, 100- or -100".to_owned()),
    }
}

/// Parses `HOST:PORT:ADDR`, the address to use for a host and port. IPv6 addresses may have
/// brackets.
pub(crate) fn resolve(text: &str) -> Result<(String, u16, IpAddr), String> {
    let expected = || "expected HOST:PORT:ADDR, as in www.example:80:192.0.2.7".to_owned();
    // A host that is an IPv6 address is in brackets.
    let end = if text.starts_with('[') { text.find(']').ok_or_else(expected)? + 1 } else { 0 };
    let at = end + text[end..].find(':').ok_or_else(expected)?;
    let (port, address) = text[at + 1..].split_once(':').ok_or_else(expected)?;
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse().ok().filter(|_| digits).ok_or_else(expected)?;
    let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    let address = bare.parse().map_err(|_| expected())?;
    let host = text[..at].trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(expected());
    }
    Ok((host.to_ascii_lowercase(), port, address))
}

/// Parses a whole number, 0 included. `N` is an unsigned type.
pub(crate) fn count<N: FromStr>(text: &str) -> Result<N, String> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("expected a whole number, as in 3".to_owned());
    }
    let bits = u64::BITS.min(8 * size_of::<N>() as u32);
    text.parse().map_err(|_| format!("too large: {} at most", u64::MAX >> (u64::BITS - bits)))
}

/// Parses a whole number, at least 1.
pub(crate) fn some_count<N: FromStr>(text: &str) -> Result<N, String> {
    match text.bytes().all(|b| b == b'0') && !text.is_empty() {
        true => Err("expected 1 or more".to_owned()),
        false => count(text),
    }
}

/// Parses the name of a node of a chat: 1 to 64 letters, digits, `-`, `_` and `.`.
#[cfg(feature = "redis")]
pub(crate) fn node_name(text: &str) -> Result<String, String> {
    match (1..=64).contains(&text.len()) && text.chars().all(is_of_node_name) {
        true => Ok(text.to_owned()),
        false => Err("expected 1 to 64 letters, digits, - _ and .".to_owned()),
    }
}

/// Returns `true` if the name of a node may have `c`.
#[cfg(feature = "redis")]
pub(crate) fn is_of_node_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Returns the bytes of an argument: on Unix as they were given, on Windows as UTF-8.
pub(crate) fn bytes_of(argument: OsString) -> Vec<u8> {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::into_vec(argument);
    #[cfg(not(unix))]
    argument.to_string_lossy().into_owned().into_bytes()
}

/// Parses a number of segments of a download.
pub(crate) fn segments(text: &str) -> Result<usize, String> {
    let most = httpget::download::MAX_SEGMENTS;
    match some_count(text)? {
        count if count <= most => Ok(count),
        _ => Err(format!("too large: {most} at most")),
    }
}
