//! The limits of a session's buffers.

/// The most bytes of a record on the wire: RFC 5246 section 6.2.3 allows more than RFC 8446.
pub(super) const MAX_RECORD: usize = 5 + 16_384 + 2_048;
/// The most plaintext bytes of a record (RFC 8446 section 5.1).
pub(crate) const MAX_PLAINTEXT: usize = 16_384;
/// The most ciphertext that waits for the rest of a message, on the client's side. A handshake
/// message has at most 64 KiB in rustls; a peer may split it into many small records.
pub(super) const MAX_INCOMING: usize = 128 * 1024;
/// The same on the server's side, during the handshake. A client sends no long message.
const MAX_INCOMING_OF_SERVER: usize = 64 * 1024;
/// The same on the server's side, after the handshake: the rest of a record, or a message such as
/// KeyUpdate in many records.
const MAX_INCOMING_ESTABLISHED: usize = 2 * MAX_RECORD;
/// The most bytes for the state of a server's session, rounded up from about 4.5 KB in a handshake
/// and 3.7 KB after it.
#[cfg(feature = "server")]
const MAX_STATE: usize = 16 * 1024;

/// The most bytes that the event loop holds for an encrypted connection, or for its handshake, in
/// addition to those of a connection in the clear.
///
/// They are the state of the session, the certificates of the client if it has sent some, the
/// ciphertext of an unfinished message, decrypted bytes that the service has not received, and one
/// record that the socket has not taken. Buffers grow by doubling, so each counts twice. An idle
/// connection has the state only.
#[cfg(feature = "server")]
pub const MAX_BUFFERED: usize = MAX_STATE + MAX_INCOMING_OF_SERVER + 3 * 2 * MAX_RECORD;

/// Returns the most ciphertext that waits for the rest of a message.
pub(super) fn max_incoming(is_client: bool, is_established: bool) -> usize {
    match (is_client, is_established) {
        (true, _) => MAX_INCOMING,
        (false, false) => MAX_INCOMING_OF_SERVER,
        (false, true) => MAX_INCOMING_ESTABLISHED,
    }
}
