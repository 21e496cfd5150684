//! The file of a bound Unix socket: replaced if it is stale, and removed by its owner.

use std::io;
use std::path::{Path, PathBuf};

use socket2::{Domain, Socket, Type};

use crate::address::Address;
use crate::error::{Error, ErrorKind, Operation};
use crate::sys;

#[cfg(test)]
mod tests;

/// The file of a bound Unix socket.
///
/// Dropping it removes only the file that it was made for (by device and inode number), not one
/// that another process has put there. Drop it before the socket is closed: an open socket keeps
/// its inode number from being given to another file.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// Returns the absolute path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the file, for a process that takes the socket over.
    pub fn leave(self) {
        let mut this = std::mem::ManuallyDrop::new(self);
        // The path is freed here because drop is not run.
        this.path = PathBuf::new();
    }

    fn of(path: PathBuf) -> io::Result<SocketFile> {
        match sys::socket_file_identity(&path)? {
            Some(identity) => Ok(SocketFile { path, identity }),
            None => Err(io::Error::other("the socket's file was replaced meanwhile")),
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if is_still(&self.path, self.identity) {
            // The next server replaces a file that could not be removed. Drop has no caller to
            // report the error to.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn is_still(path: &Path, identity: (u64, u64)) -> bool {
    matches!(sys::socket_file_identity(path), Ok(Some(present)) if present == identity)
}

/// Binds `socket` to `path`. Replaces a socket's file on which no process accepts, but no other
/// file.
pub(crate) fn bind(socket: &Socket, path: &Path, kind: Type) -> Result<SocketFile, Error> {
    let failed = |error| Error::from_io(Operation::Bind, error);
    let address = Address::Unix(Some(path.to_path_buf())).to_system().map_err(failed)?;
    let path = std::path::absolute(path).map_err(failed)?;
    let bound = match socket.bind(&address) {
        Err(error) if ErrorKind::of(&error) == ErrorKind::AddressInUse => {
            remove_stale(&path, &address, kind)?;
            socket.bind(&address)
        }
        result => result,
    };
    bound.map_err(failed)?;
    SocketFile::of(path).map_err(failed)
}

/// Binds `socket` to an abstract name, which leaves no file.
pub(crate) fn bind_abstract(socket: &Socket, path: &Path) -> Result<(), Error> {
    let address = Address::Unix(Some(path.to_path_buf())).to_system();
    let bound = address.and_then(|address| socket.bind(&address));
    bound.map_err(|error| Error::from_io(Operation::Bind, error))
}

fn remove_stale(path: &Path, address: &socket2::SockAddr, kind: Type) -> Result<(), Error> {
    let in_use = |why| Err(Error::new(Operation::Bind, ErrorKind::AddressInUse).because_text(why));
    let identity = match sys::socket_file_identity(path) {
        Ok(Some(identity)) => identity,
        Ok(None) => return in_use("the file there is not a socket"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::from_io(Operation::Bind, error)),
    };
    match probe(address, kind) {
        // connect(2): no process listens on the file. No other error says so for certain: EAGAIN is
        // a full backlog, EPROTOTYPE a socket of another type.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        _ => return in_use("another process has the socket"),
    }
    if !is_still(path, identity) {
        return in_use("another process has just replaced the file");
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::from_io(Operation::Bind, error))
        }
        _ => Ok(()),
    }
}

fn probe(address: &socket2::SockAddr, kind: Type) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, kind, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(address)
}
