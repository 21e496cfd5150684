//! The sockets of all encrypted streams, so that none of them is used in the clear by mistake.
//!
//! A stream can be passed as a plain descriptor, whose bytes are ciphertext. A transfer would mix
//! plaintext into it, for everybody on the way to read.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Mutex;

use socket2::Socket;

use crate::lock::lock;
use crate::sys::BorrowedFile;

/// The device and the inode of a socket. Its other descriptors have the same.
type Identity = (u64, u64);

static SOCKETS: Mutex<BTreeSet<Identity>> = Mutex::new(BTreeSet::new());

/// A registered socket, until it is dropped.
#[derive(Debug)]
pub(super) struct Registration(Option<Identity>);

impl Registration {
    pub(super) fn of(socket: &Socket) -> Registration {
        let identity = match BorrowedFile::of(socket.as_fd()).metadata() {
            Ok(metadata) => identity(&metadata),
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

/// Returns `true` if the socket with `metadata` belongs to an encrypted stream of this process.
/// Systems on which sockets have no inodes do not tell.
pub(crate) fn is_encrypted_socket(metadata: &Metadata) -> bool {
    identity(metadata).is_some_and(|identity| lock(&SOCKETS).contains(&identity))
}

fn identity(metadata: &Metadata) -> Option<Identity> {
    (metadata.ino() != 0).then(|| (metadata.dev(), metadata.ino()))
}
