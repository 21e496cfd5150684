//! Writing bytes to a descriptor under a deadline.

use std::io;

use crate::error::{Error, Operation};
use crate::sys::{AsDescriptor, Interest, NoSigpipe};
use crate::transfer::descriptor::{Descriptor, not_opened};
use crate::until::Until;
use crate::wait;

#[cfg(test)]
mod tests;

/// Writes all of `bytes` to `target`: a file at its current position, a pipe, a terminal, standard
/// output.
///
/// Use it for bytes that were read ahead of a body, beside the functions of
/// [`Stream`](crate::Stream) that write the bytes of a socket. The blocking mode of the descriptor
/// does not change. The deadline covers everything except the time that a disk takes.
///
/// # Errors
///
/// - [`Operation::Write`], often with [`StorageFull`](crate::ErrorKind::StorageFull) or
///   [`BrokenPipe`](crate::ErrorKind::BrokenPipe), and with
///   [`TimedOut`](crate::ErrorKind::TimedOut) if the target accepts no more bytes by the deadline,
///   or [`Cancelled`](crate::ErrorKind::Cancelled) once the token is cancelled. An unknown part has
///   then been written;
/// - [`Operation::Open`] if the system can't report the type of `target`.
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
pub fn write_all_to<'a>(
    target: &impl AsDescriptor,
    bytes: &[u8],
    deadline: impl Into<Until<'a>>,
) -> Result<(), Error> {
    write_all_to_with_progress(target, bytes, deadline, |_| ())
}

/// Writes all of `bytes` to `target`, as [`write_all_to`] does, and calls `progress` with the
/// running total whenever bytes are written.
///
/// # Errors
///
/// As [`write_all_to`]. The last argument of `progress` is then the number of bytes written.
pub fn write_all_to_with_progress<'a>(
    target: &impl AsDescriptor,
    bytes: &[u8],
    deadline: impl Into<Until<'a>>,
    progress: impl FnMut(u64),
) -> Result<(), Error> {
    if bytes.is_empty() {
        return Ok(());
    }
    let to = Descriptor::of(target.as_descriptor()).map_err(not_opened)?;
    let _quiet = to.is_pipe().then(NoSigpipe::new);
    write_all(&to, bytes, deadline.into(), progress).map_err(|error| error.at(to.name()))
}

fn write_all(
    to: &Descriptor<'_>,
    bytes: &[u8],
    until: Until<'_>,
    mut progress: impl FnMut(u64),
) -> Result<(), Error> {
    let failed = |error| Error::from_io(Operation::Write, error);
    let mut rest = bytes;
    while !rest.is_empty() {
        if until.is_over() {
            return Err(until.error(Operation::Write));
        }
        match to.write(rest) {
            Ok(0) => return Err(failed(io::Error::other("it accepts no more bytes"))),
            Ok(written) => {
                rest = &rest[written..];
                progress((bytes.len() - rest.len()) as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait::any_ready(&mut [to.poll_entry(Interest::Write)], until)
                    .map_err(|error| Error::from_io(Operation::Poll, error))?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}
