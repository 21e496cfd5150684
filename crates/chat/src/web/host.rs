//! Host names under which browsers may reach an endpoint of this machine.
//!
//! A page of another site can give its name the address 127.0.0.1 after the browser has loaded it
//! (DNS rebinding). Its requests then reach a server of the visitor's machine, with the page's name
//! in both Host and Origin. Only the name tells such a request from one of the own page.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::web::origin::Origin;

#[cfg(test)]
mod tests;

/// Returns `true` if no other site can have the name in `host`, the value of a Host field: an IP
/// address, `localhost` or a name under it (RFC 6761, section 6.3), or the host of an origin in
/// `allowed`. HTTP/1.0 may lack the field, and then `host` is empty.
pub(crate) fn is_known(host: &str, allowed: &[Origin]) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(ip, _)| ip.parse::<Ipv6Addr>().is_ok());
    }
    let name = without_port(host);
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    host.is_empty()
        || name.parse::<Ipv4Addr>().is_ok()
        || name == "localhost"
        || name.ends_with(".localhost")
        || allowed.iter().any(|origin| without_port(origin.host()) == name)
}

/// Returns a host that is no IPv6 address without its port.
fn without_port(host: &str) -> &str {
    host.split_once(':').map_or(host, |(name, _)| name)
}
