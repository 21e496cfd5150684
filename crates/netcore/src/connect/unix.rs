//! Connecting to a Unix socket's file.

use std::io;
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::address::Address;
use crate::connect::socket::{failed, open};
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::options::SocketOptions;
use crate::sys;
use crate::until::Until;

/// The interval between looks at a token: nothing else ends a blocking connect(2) in time.
const LOOK: Duration = Duration::from_millis(20);

/// Connects in blocking mode. With `O_NONBLOCK` a full backlog is an error on Linux (connect(2));
/// without it `SO_SNDTIMEO` bounds the wait for a place.
pub(super) fn stream(
    path: &Path,
    options: &SocketOptions,
    until: Until<'_>,
) -> Result<(Socket, Address), Error> {
    let address = Address::Unix(Some(path.to_path_buf()));
    let target = system_address(&address)?;
    let socket = open(Domain::UNIX, Type::STREAM, options)?;
    loop {
        if until.is_over() {
            return Err(until.error(Operation::Connect));
        }
        let slice = match until.token() {
            Some(_) => until.deadline().earlier(Deadline::after(LOOK)),
            None => until.deadline(),
        };
        let left = slice.remaining().map(|left| left.max(Duration::from_micros(1)));
        socket.set_write_timeout(left).map_err(failed)?;
        match socket.connect(&target) {
            Ok(()) => break,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
                ) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    socket.set_write_timeout(None).map_err(failed)?;
    if let Some(timeout) = options.write_timeout() {
        SocketOptions::new().with_write_timeout(timeout).apply(&socket)?;
    }
    Ok((socket, address))
}

pub(super) fn datagram(path: &Path, options: &SocketOptions) -> Result<(Socket, Address), Error> {
    let address = Address::Unix(Some(path.to_path_buf()));
    let target = system_address(&address)?;
    let socket = open(Domain::UNIX, Type::DGRAM, options)?;
    if sys::HAS_AUTOBIND {
        let own = Address::Unix(None).to_system().map_err(failed)?;
        socket.bind(&own).map_err(|error| Error::from_io(Operation::Bind, error))?;
    }
    socket.connect(&target).map_err(failed)?;
    Ok((socket, address))
}

fn system_address(address: &Address) -> Result<SockAddr, Error> {
    if !sys::HAS_UNIX_SOCKETS {
        return Err(Error::new(Operation::Connect, ErrorKind::Unsupported)
            .because_text("this system has no Unix sockets"));
    }
    address.to_system().map_err(failed)
}
