//! Addresses of sockets, of any family.

pub(crate) mod group;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use socket2::SockAddr;

use crate::sys;

#[cfg(test)]
mod tests;

/// The address of one end of a socket: an IP address and a port, or a file.
///
/// Prints as `127.0.0.1:80`, `[::1]:80`, `unix:/run/app.sock`, and `unix:` for a Unix socket
/// without a name, as a client's usually is.
///
/// An IPv4 peer of an IPv6 socket (`::ffff:10.0.0.7`, RFC 4291 section 2.5.5.2) prints as an IPv4
/// address. The value keeps the form in which the socket can send to it. Linux's abstract names
/// (unix(7)) keep their leading NUL and print as `unix:@name`, which parses as an
/// [`Endpoint`](crate::Endpoint). Other families print as their number and their bytes,
/// `family 16:0000…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port.
    Inet(SocketAddr),
    /// A Unix socket's file, if it has one.
    Unix(Option<PathBuf>),
    /// An address of another family, as a [raw socket](crate::raw) can have it.
    Other {
        /// The family, an `AF_` constant.
        family: i32,
        /// The bytes after the family in the system's `sockaddr`, in the byte order of each field.
        data: Box<[u8]>,
    },
}

impl Address {
    /// Returns the IP address and port; an IPv4-mapped address as IPv4.
    #[must_use]
    pub fn inet(&self) -> Option<SocketAddr> {
        match self {
            Address::Inet(address) => Some(unmapped(*address)),
            _ => None,
        }
    }

    /// Returns the file of a Unix socket.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Address::Unix(path) => path.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn from_system(address: &SockAddr) -> Address {
        match address.as_socket() {
            Some(address) => Address::Inet(address),
            // An address without a family belongs to a socket without a name.
            None if address.is_unix() || address.family() == 0 => {
                Address::Unix(sys::unix_name(address))
            }
            None => {
                let (family, data) = sys::other_address(address);
                Address::Other { family, data }
            }
        }
    }

    /// # Errors
    ///
    /// - [`io::ErrorKind::InvalidInput`] if the path or the data is longer than the system takes;
    /// - [`io::ErrorKind::Unsupported`] for an abstract name where the system has none.
    pub(crate) fn to_system(&self) -> io::Result<SockAddr> {
        match self {
            Address::Inet(address) => Ok(SockAddr::from(*address)),
            Address::Unix(None) => SockAddr::unix(""),
            Address::Unix(Some(path)) => {
                if is_abstract(path) && !sys::HAS_ABSTRACT_NAMES {
                    return Err(io::Error::new(io::ErrorKind::Unsupported, NO_ABSTRACT_NAMES));
                }
                let length = path.as_os_str().len();
                if length > sys::MAX_UNIX_PATH {
                    let limit = sys::MAX_UNIX_PATH;
                    let text = format!("the path has {length} bytes, the system takes {limit}");
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
                }
                SockAddr::unix(path)
            }
            Address::Other { family, data } => sys::other_address_of(*family, data),
        }
    }
}

const NO_ABSTRACT_NAMES: &str = "this system has no abstract Unix sockets (unix:@NAME), only Linux \
     has; use a file, as in unix:/run/app.sock";

/// Returns `true` if a Unix socket's path is one of Linux's abstract names: its first byte is NUL
/// (unix(7)).
pub(crate) fn is_abstract(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().first() == Some(&0)
}

/// Writes a Unix socket's path, an abstract name as `unix:@name`. Control characters, NUL included,
/// are escaped.
pub(crate) fn write_unix(f: &mut fmt::Formatter<'_>, path: &Path) -> fmt::Result {
    if !is_abstract(path) {
        return write!(f, "unix:{}", path.display());
    }
    f.write_str("unix:@")?;
    path.to_string_lossy().chars().skip(1).try_for_each(|c| match c.is_control() {
        true => write!(f, "{}", c.escape_default()),
        false => write!(f, "{c}"),
    })
}

fn unmapped(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::from((ip, address.port())),
        IpAddr::V6(_) => address,
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Inet(address) => unmapped(*address).fmt(f),
            Address::Unix(None) => f.write_str("unix:"),
            Address::Unix(Some(path)) => write_unix(f, path),
            Address::Other { family, data } => {
                write!(f, "family {family}:")?;
                data.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        Address::Inet(address)
    }
}

#[cfg(unix)]
impl From<std::os::unix::net::SocketAddr> for Address {
    fn from(address: std::os::unix::net::SocketAddr) -> Address {
        Address::Unix(sys::unix_name_of_std(&address))
    }
}
