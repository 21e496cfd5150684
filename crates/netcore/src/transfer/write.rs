#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::AsFd;

use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::sys::{self, Interest, NoSigpipe};
use crate::transfer::descriptor::{Descriptor, not_opened};

/// Writes all of `bytes` to `target`: a file where it stands, a pipe, a terminal, standard output.
/// On Unix.
///
/// What the functions of [`Stream`](crate::Stream) do for bytes that come from a socket, for bytes
/// that are here already, such as those that were read ahead of a body. The mode of the descriptor
/// does not change, and only what a disk takes is beyond the deadline.
///
/// # Errors
///
/// - [`Operation::Write`] with the system's reason, often
///   [`StorageFull`](crate::ErrorKind::StorageFull) or
///   [`BrokenPipe`](crate::ErrorKind::BrokenPipe), and with
///   [`TimedOut`](crate::ErrorKind::TimedOut) if it takes no more by the deadline. An unknown part
///   has been written then;
/// - [`Operation::Open`] if the system can't say what `target` is.
///
/// ```
/// use std::fs::File;
/// use std::time::Duration;
/// use netcore::{Deadline, Stream};
///
/// /// What was read ahead, and what is still to come, of `length` bytes in all.
/// fn save(ahead: &[u8], stream: &Stream, length: u64, to: &File) -> Result<(), netcore::Error> {
///     let deadline = Deadline::after(Duration::from_secs(600));
///     netcore::transfer::write_all_to(to, ahead, deadline)?;
///     let left = length.saturating_sub(ahead.len() as u64);
///     stream.receive_exact_into(to, left, deadline)
/// }
/// ```
pub fn write_all_to(target: &impl AsFd, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
    if bytes.is_empty() {
        return Ok(());
    }
    let to = Descriptor::of(target.as_fd()).map_err(not_opened)?;
    let _quiet = to.is_pipe().then(NoSigpipe::new);
    write_all(&to, bytes, deadline).map_err(|error| error.at(to.name()))
}

fn write_all(to: &Descriptor<'_>, bytes: &[u8], deadline: Deadline) -> Result<(), Error> {
    let failed = |error| Error::from_io(Operation::Write, error);
    let mut rest = bytes;
    while !rest.is_empty() {
        if deadline.is_expired() {
            return Err(Error::timed_out(Operation::Write));
        }
        match to.write(rest) {
            Ok(0) => return Err(failed(io::Error::other("it takes no more bytes"))),
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                sys::wait(to, Interest::Write, deadline)
                    .map_err(|error| Error::from_io(Operation::Poll, error))?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}
