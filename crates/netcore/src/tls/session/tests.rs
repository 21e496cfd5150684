//! Sessions in memory: between both sides, and against hostile peers.

mod cuts;
mod hostile;
mod misbehaviour;
mod negotiation;
mod sockets;

use rustls::SupportedProtocolVersion;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};

use super::*;
use crate::error::Error;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn name() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// Takes all ciphertext that waits for the socket.
fn wire(session: &mut Session) -> Vec<u8> {
    let mut taken = Vec::new();
    let send = |bytes: &[u8]| {
        taken.extend_from_slice(bytes);
        Ok(bytes.len())
    };
    assert!(session.flush(send).unwrap());
    taken
}

/// Gives `bytes` to the session in one piece, and returns the decrypted bytes.
fn feed(session: &mut Session, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut rest = bytes;
    let mut decrypted = Vec::new();
    while !rest.is_empty() {
        let mut buffer = [0; 1000];
        let read = |room: &mut [u8]| {
            let length = room.len().min(rest.len());
            room[..length].copy_from_slice(&rest[..length]);
            rest = &rest[length..];
            Ok(length)
        };
        let (received, _) = session.receive(read, &mut buffer)?;
        decrypted.extend_from_slice(&buffer[..received]);
        while let Some(taken @ 1..) = session.take(&mut buffer)? {
            decrypted.extend_from_slice(&buffer[..taken]);
        }
    }
    Ok(decrypted)
}

/// Ends the input of the session.
fn feed_end(session: &mut Session) -> io::Result<(usize, bool)> {
    session.receive(|_| Ok(0), &mut [])
}

/// Encrypts `bytes`, and returns the ciphertext.
fn encrypted(session: &mut Session, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut taken = Vec::new();
    let send = |bytes: &[u8]| {
        taken.extend_from_slice(bytes);
        Ok(bytes.len())
    };
    assert_eq!(session.send(bytes, usize::MAX, send)?, bytes.len());
    Ok(taken)
}

/// Returns one record in the clear.
fn record(typ: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[typ, 3, 3, length[0], length[1]], content].concat()
}

/// Makes the handshake in whole flights.
fn shake(one: &mut Session, other: &mut Session) -> io::Result<()> {
    loop {
        let (from_one, from_other) = (wire(one), wire(other));
        if from_one.is_empty() && from_other.is_empty() {
            return Ok(());
        }
        feed(other, &from_one)?;
        feed(one, &from_other)?;
    }
}

/// Returns the text of an error with its causes.
fn text(error: &io::Error) -> String {
    let error = error.get_ref().and_then(|it| it.downcast_ref::<Error>()).unwrap();
    format!("{error:#}")
}
