//! The calls of a session over its transport. They never wait.

use std::io;

use crate::stream::encrypted::transport::Transport;
use crate::tls::session::Session;

/// Returns `true` if the call that failed is to be repeated, after a wait or at once.
pub(super) fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn receive(
    session: &mut Session,
    transport: Transport<'_>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    session.receive(|buffer| transport.receive(buffer), buffer).map(|(received, _)| received)
}

/// Sends the ciphertext that waits, down to the socket. Returns `false` if the socket is full.
fn send_waiting(session: &mut Session, transport: Transport<'_>) -> io::Result<bool> {
    Ok(session.flush(|bytes| transport.send(bytes))? && transport.flush()?)
}

/// Sends the ciphertext that waits.
pub(super) fn flush(session: &mut Session, transport: Transport<'_>) -> io::Result<()> {
    match send_waiting(session, transport) {
        Ok(true) => Ok(()),
        Ok(false) => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(refusal(session, transport, error)),
    }
}

/// Returns the reason why the peer takes nothing more, if it has sent one before it closed the
/// connection. Otherwise returns `error`, the failure to send.
fn refusal(session: &mut Session, transport: Transport<'_>, error: io::Error) -> io::Error {
    if !is_transient(&error) && matches!(session.peek(), Ok(None)) {
        let _ = receive(session, transport, &mut []);
    }
    session.alert().unwrap_or(error)
}

/// Sends the ciphertext that waits and receives more. Returns the number of bytes in `buffer`.
pub(super) fn exchange(
    session: &mut Session,
    transport: Transport<'_>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let flushed = send_waiting(session, transport);
    let received = receive(session, transport, buffer);
    // An alert of this side, or another reply.
    let replied = send_waiting(session, transport);
    match received {
        // The peer takes nothing more, and has not said why.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            flushed?;
            replied?;
            Err(error)
        }
        received => received,
    }
}

/// Returns the request for another call.
///
/// A peer can send messages without data faster than they are read. The caller therefore checks its
/// deadline and releases the lock between any two of the calls below.
fn again() -> io::Error {
    io::ErrorKind::Interrupted.into()
}

pub(super) fn handshake(session: &mut Session, transport: Transport<'_>) -> io::Result<()> {
    if !session.is_established() {
        exchange(session, transport, &mut [])?;
    }
    match session.is_established() {
        true => flush(session, transport),
        false => Err(again()),
    }
}

pub(super) fn read(
    session: &mut Session,
    transport: Transport<'_>,
    buffer: &mut [u8],
) -> io::Result<usize> {
    if let Some(taken) = session.take(buffer)? {
        return Ok(taken);
    }
    match exchange(session, transport, buffer)? {
        0 => Err(again()),
        read => Ok(read),
    }
}

/// Encrypts the beginning of `bytes`, at most `limit` bytes, and sends it as far as the socket has
/// room. The rest of the ciphertext is for [`flush`].
pub(super) fn write(
    session: &mut Session,
    transport: Transport<'_>,
    bytes: &[u8],
    limit: usize,
) -> io::Result<usize> {
    if !session.is_established() {
        handshake(session, transport)?;
    }
    let sent = session.send(bytes, limit, |bytes| transport.send(bytes));
    sent.map_err(|error| refusal(session, transport, error))
}

/// Sends `close_notify` after the ciphertext that waits, unless the handshake is not done or the
/// connection has failed. The session below does the same next.
pub(super) fn end(session: &mut Session, transport: Transport<'_>) -> io::Result<()> {
    session.end();
    flush(session, transport)?;
    transport.end()
}

pub(super) fn has_more(session: &mut Session, transport: Transport<'_>) -> io::Result<bool> {
    if let Some(more) = session.peek()? {
        return Ok(more);
    }
    exchange(session, transport, &mut [])?;
    session.peek()?.ok_or_else(again)
}
