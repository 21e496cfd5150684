//! Domains and paths of cookies (RFC 6265 sections 5.1.3 and 5.1.4).

use std::net::{Ipv4Addr, Ipv6Addr};

#[cfg(test)]
mod tests;

/// Returns `true` if a cookie of `domain`, with its subdomains, is for `host`. Both are in lower
/// case.
pub(super) fn domain_matches(host: &str, domain: &str) -> bool {
    let Some(before) = host.strip_suffix(domain) else { return false };
    before.is_empty() || (before.ends_with('.') && !is_address(host))
}

/// Returns `true` for an address, which has no subdomains.
pub(super) fn is_address(host: &str) -> bool {
    let unscoped = host.split_once('%').map_or(host, |(address, _)| address);
    unscoped.parse::<Ipv6Addr>().is_ok() || host.parse::<Ipv4Addr>().is_ok()
}

/// Returns `true` if anybody can get a name below `domain`, as below `com` or `github.io`: its
/// cookies would reach the hosts of strangers. The list is Mozilla's. By its rule `*`, a name of
/// one part is a public suffix too.
pub(super) fn is_public_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_none_or(|suffix| suffix == domain)
}

/// Returns `true` if a connection to this host may carry `Secure` cookies without TLS, because it
/// does not leave this machine. The list is curl's.
pub(super) fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

/// Returns `true` if a cookie of `cookie_path` is for `path`.
pub(super) fn path_matches(path: &[u8], cookie_path: &[u8]) -> bool {
    let Some(rest) = path.strip_prefix(cookie_path) else { return false };
    rest.is_empty() || cookie_path.ends_with(b"/") || rest.starts_with(b"/")
}

/// Returns the path of a request target, without the query.
pub(super) fn path_of(target: &str) -> &[u8] {
    target.split(['?', '#']).next().unwrap_or_default().as_bytes()
}

/// Returns the path of a cookie without one: the directory of the request's path.
pub(super) fn default_path(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| *byte == b'/') {
        None | Some(0) => b"/",
        Some(end) => &path[..end],
    }
}
