//! The calls of a session over its socket. They never wait.

use std::io;

use socket2::Socket;

use crate::sys;
use crate::tls::session::Session;

/// Returns `true` if the call that failed is to be repeated, after a wait or at once.
pub(super) fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

pub(super) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    socket.send_with_flags(bytes, sys::NO_SIGNAL | sys::DONT_WAIT)
}

fn receive(session: &mut Session, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    let receive = |buffer: &mut [u8]| socket.recv_with_flags(sys::uninit(buffer), sys::DONT_WAIT);
    session.receive(receive, buffer).map(|(received, _)| received)
}

pub(super) fn flush(session: &mut Session, socket: &Socket) -> io::Result<()> {
    match session.flush(|bytes| send(socket, bytes)) {
        Ok(true) => Ok(()),
        Ok(false) => Err(io::ErrorKind::WouldBlock.into()),
        Err(error) => Err(refusal(session, socket, error)),
    }
}

/// Returns the reason why the peer takes nothing more, if it has sent one before it closed the
/// connection. Otherwise returns `error`, the failure to send.
pub(super) fn refusal(session: &mut Session, socket: &Socket, error: io::Error) -> io::Error {
    if !is_transient(&error) && matches!(session.peek(), Ok(None)) {
        let _ = receive(session, socket, &mut []);
    }
    session.alert().unwrap_or(error)
}

/// Sends the ciphertext that waits and receives more. Returns the number of bytes in `buffer`.
pub(super) fn exchange(
    session: &mut Session,
    socket: &Socket,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let flushed = session.flush(|bytes| send(socket, bytes));
    let received = receive(session, socket, buffer);
    // An alert of this side, or another reply.
    let replied = session.flush(|bytes| send(socket, bytes));
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

pub(super) fn handshake(session: &mut Session, socket: &Socket) -> io::Result<()> {
    if !session.is_established() {
        exchange(session, socket, &mut [])?;
    }
    match session.is_established() {
        true => flush(session, socket),
        false => Err(again()),
    }
}

pub(super) fn read(session: &mut Session, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    if let Some(taken) = session.take(buffer)? {
        return Ok(taken);
    }
    match exchange(session, socket, buffer)? {
        0 => Err(again()),
        read => Ok(read),
    }
}

pub(super) fn has_more(session: &mut Session, socket: &Socket) -> io::Result<bool> {
    if let Some(more) = session.peek()? {
        return Ok(more);
    }
    exchange(session, socket, &mut [])?;
    session.peek()?.ok_or_else(again)
}
