//! The sockets of all encrypted streams, so that none of them is used in the clear by mistake.
//!
//! A stream can be passed as a plain descriptor, whose bytes are ciphertext. A transfer would mix
//! plaintext into it, for everybody on the way to read.

use std::collections::BTreeSet;
use std::sync::Mutex;

use socket2::Socket;

use crate::lock::lock;
use crate::sys::{BorrowedFile, SocketIdentity};

static SOCKETS: Mutex<BTreeSet<SocketIdentity>> = Mutex::new(BTreeSet::new());

/// A registered socket, until it is dropped.
#[derive(Debug)]
pub(super) struct Registration(Option<SocketIdentity>);

impl Registration {
    pub(super) fn of(socket: &Socket) -> Registration {
        let identity = match BorrowedFile::of_socket(socket).inspect() {
            Ok((_, identity)) => identity,
            Err(_) => None,
        };
        if let Some(identity) = identity {
            lock(&SOCKETS).insert(identity);
        }
        Registration(identity)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(identity) = &self.0 {
            lock(&SOCKETS).remove(identity);
        }
    }
}

/// Returns `true` if the socket with this identity belongs to an encrypted stream of this process.
pub(crate) fn is_encrypted_socket(identity: SocketIdentity) -> bool {
    lock(&SOCKETS).contains(&identity)
}
