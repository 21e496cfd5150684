//! Opens the sockets that connect, and reads the errors of connect(2).

use std::io;

use socket2::{Domain, Socket, Type};

use crate::error::kind::NO_FREE_PORT;
use crate::error::{Error, ErrorKind, Operation};
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

/// Returns `true` if the error of connect(2) on an IP socket means that the attempt goes on.
pub(crate) fn goes_on(error: &io::Error) -> bool {
    // connect(2): an interrupted attempt continues too.
    matches!(ErrorKind::of(error), ErrorKind::WouldBlock | ErrorKind::Interrupted)
        && !is_out_of_ports(error)
}

/// Returns the error of connect(2) on an IP socket, with a reason in words where the system's code
/// misleads.
pub(crate) fn explained(error: io::Error) -> io::Error {
    match is_out_of_ports(&error) {
        true => io::Error::new(io::ErrorKind::AddrNotAvailable, NO_FREE_PORT),
        false => error,
    }
}

/// Returns `true` for `EAGAIN`: Linux reports it for datagrams and FreeBSD for all sockets if every
/// port that the system may choose is taken. An attempt that has begun is `EINPROGRESS`, for which
/// std has another kind; Windows has no `EAGAIN` and reports `WSAEWOULDBLOCK` for it.
fn is_out_of_ports(error: &io::Error) -> bool {
    cfg!(unix) && error.kind() == io::ErrorKind::WouldBlock
}
