//! The two ends of the wire: one call of the socket, and the first bytes of a peer.

use std::io;

/// Calls `send` once. Returns `None` if the socket is full.
pub(super) fn send_once(
    send: &mut impl FnMut(&[u8]) -> io::Result<usize>,
    bytes: &[u8],
) -> io::Result<Option<usize>> {
    loop {
        match send(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(sent) => return Ok(Some(sent)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns `true` unless the first bytes of a peer are certainly no record: the types are those of
/// RFC 8446 section 5.1, and the major version is 3.
pub(super) fn looks_like_tls(input: &[u8]) -> bool {
    matches!(input.first(), Some(20..=23)) && input.get(1).is_none_or(|&major| major == 3)
}
