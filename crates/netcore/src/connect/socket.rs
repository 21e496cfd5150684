//! Opens the sockets that connect, with their options.

use std::io;

use socket2::{Domain, Socket, Type};

use crate::error::{Error, Operation};
use crate::options::SocketOptions;

/// Opens a socket in blocking mode, with all options except the mode.
pub(super) fn open(domain: Domain, kind: Type, options: &SocketOptions) -> Result<Socket, Error> {
    let socket =
        Socket::new(domain, kind, None).map_err(|error| Error::from_io(Operation::Open, error))?;
    options.apply_but_mode(&socket)?;
    Ok(socket)
}

/// Returns the error of a failed step of a connection attempt.
pub(super) fn failed(error: io::Error) -> Error {
    Error::from_io(Operation::Connect, error)
}
