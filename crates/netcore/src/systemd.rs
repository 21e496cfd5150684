//! Sockets from systemd and messages to it: sd_listen_fds(3) and sd_notify(3).
//!
//! ```no_run
//! use netcore::systemd::{self, PassedSocket, Socket};
//!
//! for PassedSocket { name, socket, .. } in systemd::take_sockets()? {
//!     match socket {
//!         Socket::Listener(listener) => println!("{name}: {}", listener.endpoint()),
//!         Socket::Datagram(datagram) => println!("{name}: {}", datagram.endpoint()),
//!         _ => {}
//!     }
//! }
//! systemd::notify("READY=1")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;
use std::process;
use std::time::Duration;

use socket2::{SockRef, Type};

use crate::datagram::Datagram;
use crate::error::{Error, ErrorKind, Operation};
use crate::listener::Listener;
use crate::sys::{OwnedHandle, PassedDescriptors};

#[cfg(test)]
mod tests;

/// Number of the first passed descriptor (`SD_LISTEN_FDS_START`).
const FIRST: RawFd = 3;

/// The most passed descriptors.
const MAX_PASSED: usize = 1024;

/// Name of a descriptor without one, as systemd has it.
const UNKNOWN: &str = "unknown";

/// Time that the service manager has to take a message.
const NOTIFY_TIMEOUT: Duration = Duration::from_secs(1);

/// A socket that the service manager has bound for this process.
#[derive(Debug)]
#[non_exhaustive]
pub struct PassedSocket {
    /// Its name: `FileDescriptorName=` of the socket's unit, or `unknown`.
    pub name: String,
    /// The socket.
    pub socket: Socket,
}

/// The kinds of passed sockets.
#[derive(Debug)]
#[non_exhaustive]
pub enum Socket {
    /// A stream socket that listens (`ListenStream=`).
    Listener(Listener),
    /// A datagram socket (`ListenDatagram=`).
    Datagram(Datagram),
}

/// Takes the sockets that the service manager has passed to this process. Returns none if
/// `LISTEN_PID` is not this process, and none at a second call.
///
/// The variables stay in the environment, because removing one is not safe beside other threads.
/// They mean nothing to another process, whose number differs, and no program that this one starts
/// inherits the sockets.
///
/// # Errors
///
/// [`Operation::Inspect`] if `LISTEN_FDS` or `LISTEN_FDNAMES` is malformed, or if a descriptor is
/// not open, or neither a listening stream socket nor a datagram socket. All of them are closed
/// then.
pub fn take_sockets() -> Result<Vec<PassedSocket>, Error> {
    let variable = |name| env::var_os(name);
    let names = [variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES")];
    let names = names_of(names, process::id())?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let Some(passed) = PassedDescriptors::once() else { return Ok(Vec::new()) };
    let failed = |error| Error::from_io(Operation::Inspect, error).at("LISTEN_FDS");
    let taken = passed.take(FIRST, names.len() as RawFd).map_err(failed)?;
    let sockets = taken.into_iter().zip(FIRST..).zip(names);
    sockets
        .map(|((handle, number), name)| {
            let socket =
                socket_of(handle).map_err(|error| error.at(format!("descriptor {number}")))?;
            Ok(PassedSocket { name, socket })
        })
        .collect()
}

/// Sends a message to the service manager, for example `READY=1`: lines `NAME=VALUE`, see
/// sd_notify(3). Returns `false` without a service manager (`NOTIFY_SOCKET`).
///
/// # Errors
///
/// [`Operation::Send`] with the system's reason, also if the service manager does not take the
/// message within a second.
pub fn notify(message: &str) -> Result<bool, Error> {
    match env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty()) {
        Some(address) => send(&address, message).map(|()| true),
        None => Ok(false),
    }
}

/// Sends a message to the socket at `address`: a path, or an abstract name after `@`.
fn send(address: &OsString, message: &str) -> Result<(), Error> {
    let bytes = address.as_bytes();
    let failed = |error| {
        Error::from_io(Operation::Send, error).at(format!("unix:{}", address.to_string_lossy()))
    };
    let socket = UnixDatagram::unbound().map_err(failed)?;
    socket.set_write_timeout(Some(NOTIFY_TIMEOUT)).map_err(failed)?;
    let name = match bytes.first() {
        Some(b'@') => [b"\0", &bytes[1..]].concat(),
        Some(b'/') => bytes.to_vec(),
        _ => {
            let error = Error::new(Operation::Send, ErrorKind::InvalidInput);
            let text = "NOTIFY_SOCKET is neither a path nor an abstract name";
            return Err(error.because_text(text));
        }
    };
    let name = socket2::SockAddr::unix(std::ffi::OsStr::from_bytes(&name)).map_err(failed)?;
    SockRef::from(&socket).send_to(message.as_bytes(), &name).map_err(failed)?;
    Ok(())
}

/// Returns the name of each passed descriptor, from the values of `LISTEN_PID`, `LISTEN_FDS` and
/// `LISTEN_FDNAMES`.
fn names_of([pid, fds, names]: [Option<OsString>; 3], own: u32) -> Result<Vec<String>, Error> {
    let malformed = |name: &str, why: &str| {
        let error = Error::new(Operation::Inspect, ErrorKind::InvalidInput).at(name);
        Err(error.because_text(why))
    };
    let (Some(pid), Some(fds)) = (pid, fds) else { return Ok(Vec::new()) };
    let number = |text: OsString| text.to_str().and_then(|text| text.parse::<u64>().ok());
    let Some(pid) = number(pid) else { return malformed("LISTEN_PID", "it is no number") };
    if pid != u64::from(own) {
        return Ok(Vec::new());
    }
    let count = number(fds).and_then(|count| usize::try_from(count).ok());
    let Some(count) = count.filter(|count| *count <= MAX_PASSED) else {
        return malformed("LISTEN_FDS", "it is no number from 0 to 1024");
    };
    let Some(names) = names else { return Ok(vec![UNKNOWN.to_owned(); count]) };
    let names = names.to_string_lossy();
    let names: Vec<String> = names.split(':').map(str::to_owned).collect();
    match names.len() == count {
        true => Ok(names),
        false => malformed("LISTEN_FDNAMES", "it has another number of names than LISTEN_FDS"),
    }
}

/// Takes a listening stream socket or a datagram socket over.
fn socket_of(handle: OwnedHandle) -> Result<Socket, Error> {
    let inspect = |error| Error::from_io(Operation::Inspect, error);
    let socket = SockRef::from(&handle);
    match socket.r#type().map_err(inspect)? {
        Type::STREAM if listens(&socket).map_err(inspect)? => {
            Listener::try_from(handle).map(Socket::Listener)
        }
        Type::DGRAM => Datagram::try_from(handle).map(Socket::Datagram),
        _ => {
            let error = Error::new(Operation::Inspect, ErrorKind::InvalidInput);
            Err(error.because_text("neither a listening stream socket nor a datagram socket"))
        }
    }
}

/// Returns `true` if a stream socket listens: `SO_ACCEPTCONN` of socket(7), where socket2 has it.
/// Elsewhere a socket without a peer counts.
fn listens(socket: &SockRef<'_>) -> io::Result<bool> {
    #[cfg(any(target_os = "android", target_os = "freebsd", target_os = "linux"))]
    return socket.is_listener();
    #[cfg(not(any(target_os = "android", target_os = "freebsd", target_os = "linux")))]
    Ok(socket.peer_addr().is_err())
}
