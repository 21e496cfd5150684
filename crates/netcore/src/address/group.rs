//! Groups of addresses that one subscriber has.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::address::Address;

#[cfg(test)]
mod tests;

/// The addresses that limits for each address count as one: an IPv4 address, or a `/64` of IPv6.
///
/// A network of IPv6 is a `/64` (RFC 4291, section 2.5.4), and each of its machines can take any
/// number of addresses in it. An IPv4-mapped address counts as the IPv4 address.
///
/// ```
/// use std::net::SocketAddr;
///
/// use netcore::AddressGroup;
///
/// let group = |text: &str| text.parse::<SocketAddr>().map(AddressGroup::from);
/// assert_eq!(group("[2001:db8::1]:4000")?, group("[2001:db8::2]:5000")?);
/// assert_eq!(group("[2001:db8::1]:4000")?.to_string(), "2001:db8::/64");
/// assert_ne!(group("192.0.2.1:4000")?, group("192.0.2.2:4000")?);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressGroup(Group);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Group {
    V4(Ipv4Addr),
    /// The first 64 bits.
    V6(u64),
}

impl AddressGroup {
    /// Returns the group of an address, or `None` if it is not one of IP.
    #[must_use]
    pub fn of(address: &Address) -> Option<AddressGroup> {
        address.inet().map(AddressGroup::from)
    }
}

impl From<SocketAddr> for AddressGroup {
    fn from(address: SocketAddr) -> AddressGroup {
        AddressGroup(match address.ip().to_canonical() {
            IpAddr::V4(ip) => Group::V4(ip),
            IpAddr::V6(ip) => Group::V6((u128::from(ip) >> 64) as u64),
        })
    }
}

impl fmt::Display for AddressGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Group::V4(ip) => ip.fmt(f),
            Group::V6(prefix) => {
                let network = Ipv6Addr::from(u128::from(prefix) << 64);
                write!(f, "{network}/64")
            }
        }
    }
}
