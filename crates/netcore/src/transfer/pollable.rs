//! A stream for input that no system call can wait for.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::listener::Listener;
use crate::options::SocketOptions;
use crate::stream::Stream;

#[cfg(test)]
mod tests;

/// The most bytes that are read at once.
const PIECE: usize = 16 << 10;

/// The longest time that this machine needs to connect to itself.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns a stream with the bytes of `source`, which a thread reads. It ends where `source` ends.
/// If a read fails, the stream fails with
/// [`ConnectionReset`](crate::ErrorKind::ConnectionReset).
///
/// Use it for a source that no system call can wait for: on Windows a pipe or a console, and
/// everywhere a [`Read`] without a descriptor. The stream can be the source of a transfer and the
/// input of a relay.
///
/// The thread reads ahead as far as the buffers of the stream allow. It ends with the source, or
/// with the first read after the stream was dropped, whose bytes are lost. Share one stream, if
/// several transfers read the same source.
///
/// # Errors
///
/// The stream is a TCP connection of this machine with itself, so the errors are those of
/// [`Listener::bind`], [`Listener::accept`] and [`Stream::connect`], and [`Operation::Open`] if the
/// system refuses a thread.
///
/// ```
/// use std::io::Cursor;
/// use std::time::Duration;
/// use netcore::{Deadline, Listener, SocketOptions, Stream, transfer};
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// let listener = Listener::bind("127.0.0.1:0")?;
/// let client = Stream::connect(listener.endpoint(), &SocketOptions::new(), deadline)?;
/// let typed = transfer::pollable(Cursor::new("hello"))?;
/// assert_eq!(client.send_from(&typed, deadline)?, 5);
/// # Ok::<(), netcore::Error>(())
/// ```
pub fn pollable(source: impl Read + Send + 'static) -> Result<Stream, Error> {
    let (reader, writer) = pair()?;
    let thread = thread::Builder::new().name("pollable".to_owned());
    let started = thread.spawn(move || pass(source, &writer));
    started.map(|_| reader).map_err(|error| Error::from_io(Operation::Open, error))
}

/// Makes a connection of this machine with itself.
fn pair() -> Result<(Stream, Stream), Error> {
    let deadline = Deadline::after(CONNECT_TIMEOUT);
    let listener = Listener::bind("127.0.0.1:0")?;
    let reader = Stream::connect(listener.endpoint(), &SocketOptions::new(), deadline)?;
    let ours: Address = reader.local_address()?;
    loop {
        // Any program of this machine can connect to the port.
        let (writer, peer) = listener.accept(deadline)?;
        if peer == ours {
            return Ok((reader, writer));
        }
    }
}

/// Copies `source` until it ends, or nobody reads `to`.
fn pass(mut source: impl Read, mut to: &Stream) {
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return,
            Ok(count) => {
                if to.write_all(&piece[..count]).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                log::warn!("read the input of a transfer: {error}");
                // A reset, so that the bytes until here do not count as all of them.
                let _ = SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(to);
                return;
            }
        }
    }
}
