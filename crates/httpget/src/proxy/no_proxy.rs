//! The list of hosts that are reached without a proxy.

use std::net::IpAddr;

use crate::url::Url;

#[cfg(test)]
mod tests;

/// A list of hosts that are reached without a proxy, as in curl's `no_proxy` and `--noproxy`.
///
/// ```
/// use httpget::Url;
/// use httpget::proxy::NoProxy;
///
/// let list = NoProxy::parse("example.com, 10.0.0.0/8");
/// assert!(list.covers(&Url::parse("http://www.example.com/")?));
/// assert!(list.covers(&Url::parse("http://10.1.2.3/")?));
/// assert!(!list.covers(&Url::parse("http://example.org/")?));
/// # Ok::<(), httpget::ParseUrlError>(())
/// ```
///
/// Commas or spaces separate the entries. `docs/http.md` has a table of their forms:
///
/// - a name stands for itself and all names below it; a dot before it makes no difference;
/// - an address stands for itself, and `ADDRESS/BITS` for a network; an IPv6 address may have
///   brackets;
/// - `:PORT` behind a name or an address restricts it to that port;
/// - `*` stands for all hosts.
///
/// Names are not resolved, so an address never covers a URL with a name. An entry of no such form
/// covers nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name in lower case, and all names below it.
    Below(String),
    /// The addresses with these first bits.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Parses a list.
    #[must_use]
    pub fn parse(list: &str) -> NoProxy {
        let texts = list.split(|c: char| c == ',' || c.is_ascii_whitespace());
        NoProxy(texts.filter_map(entry).collect())
    }

    /// Returns `true` if the server of `url` is reached without a proxy.
    #[must_use]
    pub fn covers(&self, url: &Url) -> bool {
        let host = url.host();
        let ip = address(host);
        let name = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().filter(|entry| entry.port.is_none_or(|port| port == url.port())).any(
            |entry| match (&entry.hosts, ip) {
                (Hosts::All, _) => true,
                (Hosts::Below(top), None) => name
                    .strip_suffix(top.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
                (Hosts::Network(network, bits), Some(ip)) => is_within(ip, *network, *bits),
                _ => false,
            },
        )
    }
}

/// Parses one entry. Returns `None` if it covers nothing.
fn entry(text: &str) -> Option<Entry> {
    let (host, port) = split_port(text)?;
    let hosts = match host.split_once('/') {
        Some((ip, bits)) => {
            let network = address(unbracketed(ip))?;
            Hosts::Network(network, number(bits).filter(|bits| *bits <= length(network))?)
        }
        None if host == "*" => Hosts::All,
        None => match address(unbracketed(host)) {
            Some(ip) => Hosts::Network(ip, length(ip)),
            None => {
                let name = host.strip_suffix('.').unwrap_or(host);
                let name = name.strip_prefix('.').unwrap_or(name);
                Hosts::Below(Some(name).filter(|name| !name.is_empty())?.to_ascii_lowercase())
            }
        },
    };
    Some(Entry { hosts, port })
}

/// Splits off a port. A colon within a bare IPv6 address is none of a port. Returns `None` if the
/// port is malformed.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let behind = text.rfind(']').map_or(0, |bracket| bracket + 1);
    match text[behind..].split_once(':') {
        Some((_, port)) if behind > 0 || !port.contains(':') => {
            let port = u16::try_from(number(port)?).ok()?;
            Some((&text[..text.rfind(':')?], Some(port)))
        }
        _ => Some((text, None)),
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Reads an address without its scope. An IPv4-mapped address is the IPv4 address.
fn address(host: &str) -> Option<IpAddr> {
    let unscoped = host.split_once('%').map_or(host, |(ip, _)| ip);
    unscoped.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

/// Reads digits only: the standard parser also accepts a plus sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Returns the number of bits of an address.
fn length(ip: IpAddr) -> u32 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// Returns `true` if the first `bits` of both addresses are equal.
fn is_within(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    let difference = match (ip, network) {
        // The bits of an IPv4 address stand at the top.
        (IpAddr::V4(a), IpAddr::V4(b)) => u128::from(a.to_bits() ^ b.to_bits()) << 96,
        (IpAddr::V6(a), IpAddr::V6(b)) => a.to_bits() ^ b.to_bits(),
        _ => return false,
    };
    difference.leading_zeros() >= bits
}
