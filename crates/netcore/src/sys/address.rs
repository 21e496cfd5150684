//! Addresses of families that std and socket2 do not support, and pairs of sockets.

use std::io;
use std::slice;

use socket2::{Domain, Protocol, SockAddr, SockAddrStorage, Socket, Type, socklen_t};

/// The bytes of a `sockaddr` before its data: the family, and on the BSDs and Apple's systems also
/// the length.
const DATA: usize = 2;

/// `true` if the first byte of a `sockaddr` is its length, and the second one its family.
const HAS_LENGTH: bool = cfg!(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd",
));

/// Returns the family and the data after it.
pub(crate) fn other_address(address: &SockAddr) -> (i32, Box<[u8]>) {
    let len = usize::try_from(address.len()).unwrap_or(0).min(size_of::<SockAddrStorage>());
    // SAFETY: the address points to a whole SockAddrStorage, all of it initialised, of which this
    // is a part; it is borrowed for as long as the slice lives.
    let bytes = unsafe { slice::from_raw_parts(address.as_ptr().cast::<u8>(), len) };
    (i32::from(address.family()), bytes.get(DATA..).unwrap_or_default().into())
}

/// # Errors
///
/// [`io::ErrorKind::InvalidInput`] if the family does not exist, or the data is too long.
pub(crate) fn other_address_of(family: i32, data: &[u8]) -> io::Result<SockAddr> {
    let wrong = |text| io::Error::new(io::ErrorKind::InvalidInput, text);
    let len = DATA + data.len();
    if len > size_of::<SockAddrStorage>() {
        return Err(wrong("the address is longer than the system takes"));
    }
    let mut bytes = [0; DATA];
    if HAS_LENGTH {
        bytes[0] = u8::try_from(len).map_err(|_| wrong("the address is too long"))?;
        bytes[1] = u8::try_from(family).map_err(|_| wrong("there is no such family"))?;
    } else {
        let family = u16::try_from(family).map_err(|_| wrong("there is no such family"))?;
        bytes = family.to_ne_bytes();
    }
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: a SockAddrStorage is plain bytes to write to, as many as the slice has, and borrowed
    // by nobody else meanwhile.
    let room = unsafe {
        let start = (&raw mut storage).cast::<u8>();
        slice::from_raw_parts_mut(start, size_of::<SockAddrStorage>())
    };
    room[..DATA].copy_from_slice(&bytes);
    room[DATA..len].copy_from_slice(data);
    // SAFETY: what is not given is zero, so whatever struct the family has can be read from it, and
    // the length is within it.
    Ok(unsafe { SockAddr::new(storage, len as socklen_t) })
}

/// Makes a pair of connected sockets: socketpair(2).
pub(crate) fn pair(
    domain: Domain,
    kind: Type,
    protocol: Option<Protocol>,
) -> io::Result<(Socket, Socket)> {
    #[cfg(unix)]
    return Socket::pair(domain, kind, protocol);
    #[cfg(not(unix))]
    {
        let _ = (domain, kind, protocol);
        Err(io::ErrorKind::Unsupported.into())
    }
}
