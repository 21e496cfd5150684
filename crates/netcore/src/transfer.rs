//! Transfers of whole files and pipes, by the kernel's own copy where it has one.

mod deadline;
mod descriptor;
mod nonblocking;
mod pollable;
mod pump;
mod write;

use std::io;
use std::ops::{Bound, RangeBounds};
use std::time::Instant;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::stream::Stream;
pub use crate::sys::{AsDescriptor, BorrowedDescriptor};
use crate::sys::{Interest, NoSigpipe};
use crate::until::Until;
use crate::wait;
pub use deadline::TransferDeadline;
pub(crate) use descriptor::{Descriptor, error_of, not_opened};
pub(crate) use nonblocking::Nonblocking;
pub use pollable::pollable;
pub(crate) use pump::{Pump, Step};
pub use write::{write_all_to, write_all_to_with_progress};

#[cfg(test)]
mod tests;

/// Transfers of whole files.
///
/// The kernel moves the bytes by itself where it can (splice(2), on Linux, between streams, files,
/// pipes and `/dev/null`); elsewhere they go through a buffer. Up to 256 KiB are in flight, and up
/// to 1 MiB to a file.
///
/// The deadline covers the whole transfer, except the time that a disk takes for one piece. A
/// [`TransferDeadline`] instead of a [`Deadline`] also bounds the time without a byte from the
/// peer. The functions `_with_progress` report the bytes that have arrived.
///
/// During a transfer the stream is in non-blocking mode, so other threads may use it with deadlines
/// only. Other descriptors keep their blocking mode.
///
/// Windows cannot wait for a pipe or a console. As a target it makes the transfer wait for its
/// reader, beyond the deadline. As a source it is [`Unsupported`](ErrorKind::Unsupported);
/// [`pollable`] makes a stream of it.
///
/// Over TLS the bytes go through two buffers, and the peer's end without `close_notify` is
/// [`UnexpectedEnd`](ErrorKind::UnexpectedEnd), never success. An encrypted stream cannot be the
/// `source` or `target` of another one's transfer, since its descriptor has ciphertext; that is
/// [`InvalidInput`](ErrorKind::InvalidInput). [`relay`](crate::relay::relay) joins two streams.
///
/// ```
/// use std::fs::File;
/// use std::time::Duration;
/// use netcore::{Deadline, Stream};
///
/// /// Sends a file, and gets the answer into another, of a gigabyte at most.
/// fn convert(stream: &Stream, from: &File, to: &File) -> Result<u64, netcore::Error> {
///     let deadline = Deadline::after(Duration::from_secs(600));
///     stream.send_file_with_progress(from, .., deadline, |sent| eprintln!("{sent} bytes sent"))?;
///     stream.shutdown(std::net::Shutdown::Write)?;
///     stream.receive_into(to, 1 << 30, deadline)
/// }
/// ```
impl Stream {
    /// Sends a part of a file: `..` is all of it, `offset..` its rest, `offset..end` exactly that.
    /// Returns the number of bytes sent.
    ///
    /// The file's own position (lseek(2)) is neither used nor changed. A range without an end goes
    /// to the end of the file at the time when it is reached, so bytes appended meanwhile are sent
    /// too. An offset beyond the end sends nothing.
    ///
    /// # Errors
    ///
    /// - [`Operation::Write`], as [`write_all_deadline`](Stream::write_all_deadline). An unknown
    ///   part has then been sent, so the stream is of no more use;
    /// - [`Operation::Read`] with [`UnexpectedEnd`](ErrorKind::UnexpectedEnd) if the file ends
    ///   before the range does, or has shrunk, or with another kind: the file is a pipe or a
    ///   directory, or not open for reading;
    /// - [`Operation::Read`] with [`InvalidInput`](ErrorKind::InvalidInput) for a range that ends
    ///   before it begins;
    /// - [`Operation::Open`], often with
    ///   [`DescriptorsExhausted`](ErrorKind::DescriptorsExhausted): a transfer needs up to two
    ///   descriptors more.
    pub fn send_file<'a>(
        &self,
        file: &impl AsDescriptor,
        range: impl RangeBounds<u64>,
        deadline: impl Into<Until<'a>>,
    ) -> Result<u64, Error> {
        self.send_file_with_progress(file, range, deadline, |_| ())
    }

    /// As [`send_file`](Stream::send_file), and calls `progress` with the running total whenever
    /// bytes arrive.
    ///
    /// # Errors
    ///
    /// As [`send_file`](Stream::send_file). The last argument of `progress` is then the number of
    /// bytes transferred.
    pub fn send_file_with_progress<'a>(
        &self,
        file: &impl AsDescriptor,
        range: impl RangeBounds<u64>,
        deadline: impl Into<Until<'a>>,
        progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        let (offset, count) = offset_and_count(&range)?;
        self.send(file, Some(offset), count, deadline.into(), progress)
    }

    /// Sends all bytes of `source` until it ends: a pipe, a terminal, standard input, or a file
    /// from its current position. Returns the number of bytes sent.
    ///
    /// # Errors
    ///
    /// As [`send_file`](Stream::send_file), and [`Operation::Read`] with
    /// [`TimedOut`](ErrorKind::TimedOut) if the source has no more bytes by the deadline. Its
    /// earlier bytes have then been sent.
    pub fn send_from<'a>(
        &self,
        source: &impl AsDescriptor,
        deadline: impl Into<Until<'a>>,
    ) -> Result<u64, Error> {
        self.send_from_with_progress(source, deadline, |_| ())
    }

    /// As [`send_from`](Stream::send_from), and calls `progress` with the running total whenever
    /// bytes arrive.
    ///
    /// # Errors
    ///
    /// As [`send_from`](Stream::send_from). The last argument of `progress` is then the number of
    /// bytes transferred.
    pub fn send_from_with_progress<'a>(
        &self,
        source: &impl AsDescriptor,
        deadline: impl Into<Until<'a>>,
        progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        self.send(source, None, None, deadline.into(), progress)
    }

    /// Receives all bytes until the peer ends into `target`: a file at its current position, a
    /// pipe, a terminal, standard output. Returns the number of bytes, at most `limit`.
    ///
    /// # Errors
    ///
    /// - [`Operation::Read`] with [`TooLarge`](ErrorKind::TooLarge) if the peer sends more.
    ///   `target` has the first `limit` bytes; the others are still to be read;
    /// - [`Operation::Read`], as [`read_deadline`](Stream::read_deadline). `target` has all
    ///   received bytes;
    /// - [`Operation::Write`] with [`StorageFull`](ErrorKind::StorageFull),
    ///   [`BrokenPipe`](ErrorKind::BrokenPipe) or another kind, and with
    ///   [`TimedOut`](ErrorKind::TimedOut) if the target accepts no more bytes by the deadline. Up
    ///   to 1 MiB of received data is then lost;
    /// - [`Operation::Open`], as [`send_file`](Stream::send_file).
    pub fn receive_into<'a>(
        &self,
        target: &impl AsDescriptor,
        limit: u64,
        deadline: impl Into<TransferDeadline<'a>>,
    ) -> Result<u64, Error> {
        self.receive_into_with_progress(target, limit, deadline, |_| ())
    }

    /// As [`receive_into`](Stream::receive_into), and calls `progress` with the running total
    /// whenever bytes arrive.
    ///
    /// # Errors
    ///
    /// As [`receive_into`](Stream::receive_into). The last argument of `progress` is then the
    /// number of bytes transferred.
    pub fn receive_into_with_progress<'a>(
        &self,
        target: &impl AsDescriptor,
        limit: u64,
        deadline: impl Into<TransferDeadline<'a>>,
        progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        let deadline = deadline.into();
        let received = self.receive(target, limit, deadline, progress)?;
        if received == limit
            && self.has_more(deadline.until().earlier(deadline.reading_at(Instant::now())))?
        {
            let cause = io::Error::other(format!("the peer sent more than {limit} bytes"));
            return Err(self.name(Error::new(Operation::Read, ErrorKind::TooLarge).because(cause)));
        }
        Ok(received)
    }

    /// Receives exactly `count` bytes into `target`, as for a body whose length was announced.
    /// Later bytes are still to be read.
    ///
    /// # Errors
    ///
    /// As [`receive_into`](Stream::receive_into), and [`UnexpectedEnd`](ErrorKind::UnexpectedEnd)
    /// if the peer ends before. `target` then has all received bytes.
    pub fn receive_exact_into<'a>(
        &self,
        target: &impl AsDescriptor,
        count: u64,
        deadline: impl Into<TransferDeadline<'a>>,
    ) -> Result<(), Error> {
        self.receive_exact_into_with_progress(target, count, deadline, |_| ())
    }

    /// As [`receive_exact_into`](Stream::receive_exact_into), and calls `progress` with the running
    /// total whenever bytes arrive.
    ///
    /// # Errors
    ///
    /// As [`receive_exact_into`](Stream::receive_exact_into). The last argument of `progress` is
    /// then the number of bytes transferred.
    pub fn receive_exact_into_with_progress<'a>(
        &self,
        target: &impl AsDescriptor,
        count: u64,
        deadline: impl Into<TransferDeadline<'a>>,
        progress: impl FnMut(u64),
    ) -> Result<(), Error> {
        let received = self.receive(target, count, deadline.into(), progress)?;
        if received < count {
            return Err(self.name(ended("peer", received, count)));
        }
        Ok(())
    }

    fn send(
        &self,
        source: &impl AsDescriptor,
        offset: Option<u64>,
        count: Option<u64>,
        until: Until<'_>,
        progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        self.establish(until)?;
        let _mode = Nonblocking::set(self)?;
        let from = Descriptor::of(source.as_descriptor()).map_err(not_opened)?;
        let source = from.name();
        let to = Descriptor::of_stream(self).map_err(not_opened)?;
        let mut pump = Pump::new(from, to, offset, count);
        let sent = run(&mut pump, until.into(), progress).map_err(|(side, error)| match side {
            Interest::Read => error.at(source),
            Interest::Write => self.name(error),
        })?;
        match count {
            Some(count) if sent < count => Err(ended("file", sent, count).at(source)),
            _ => Ok(sent),
        }
    }

    fn receive(
        &self,
        target: &impl AsDescriptor,
        count: u64,
        limits: TransferDeadline<'_>,
        progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        self.establish(limits.until().earlier(limits.reading_at(Instant::now())))?;
        let _mode = Nonblocking::set(self)?;
        let from = Descriptor::of_stream(self).map_err(not_opened)?;
        let to = Descriptor::of(target.as_descriptor()).map_err(not_opened)?;
        let target = to.name();
        let mut pump = Pump::new(from, to, None, Some(count));
        run(&mut pump, limits, progress).map_err(|(side, error)| match side {
            Interest::Write => error.at(target),
            Interest::Read => self.name(error),
        })
    }
}

impl Stream {
    /// Completes the handshake of an encrypted stream, for which the peer waits even if there is
    /// nothing to send yet.
    fn establish(&self, until: Until<'_>) -> Result<(), Error> {
        if self.is_established() { Ok(()) } else { self.handshake(until) }
    }
}

/// Runs `pump` until all bytes have arrived. An error comes with the side that it is about.
fn run(
    pump: &mut Pump<'_>,
    limits: TransferDeadline<'_>,
    mut progress: impl FnMut(u64),
) -> Result<u64, (Interest, Error)> {
    let _quiet = NoSigpipe::new();
    let whole = limits.until();
    let mut watched = true;
    let mut waited = Interest::Read;
    // End of the current wait for `from`.
    let mut stall: Option<Deadline> = None;
    loop {
        if whole.is_over() {
            let side = if pump.holds() { Interest::Write } else { waited };
            return Err((side, whole.error(operation(side))));
        }
        match pump.step().map_err(|(side, error)| (side, error_of(operation(side), error)))? {
            Step::Moved => {
                stall = None;
                progress(pump.moved());
            }
            Step::Wait(interest) => {
                // If time runs out, the side that was waited for last is named.
                waited = interest;
                let until = match interest {
                    Interest::Write => whole,
                    Interest::Read => whole
                        .earlier(*stall.get_or_insert_with(|| limits.reading_at(Instant::now()))),
                };
                if until.is_over() {
                    return Err((interest, until.error(operation(interest))));
                }
                watched = wait(pump, interest, watched, until)?;
            }
            Step::Done => return Ok(pump.moved()),
        }
    }
}

/// Waits until `pump` can continue, or the wait ends. `watched` says whether to watch the
/// sink for errors meanwhile. Returns the new value of `watched`.
fn wait(
    pump: &Pump<'_>,
    interest: Interest,
    watched: bool,
    until: Until<'_>,
) -> Result<bool, (Interest, Error)> {
    if pump.is_ready(interest) {
        return Ok(watched);
    }
    let watches = watched && interest == Interest::Read;
    let mut all = [pump.poll_entry(interest), pump.to.trouble_entry()];
    wait::any_ready(&mut all[..1 + usize::from(watches)], until)
        .map_err(|error| (interest, Error::from_io(Operation::Poll, error)))?;
    if !all[1].is_ready() {
        return Ok(watched);
    }
    match pump.to.take_error() {
        Some(error) => Err((Interest::Write, Error::from_io(Operation::Write, error))),
        None => Ok(false),
    }
}

pub(crate) const fn operation(side: Interest) -> Operation {
    match side {
        Interest::Read => Operation::Read,
        Interest::Write => Operation::Write,
    }
}

fn ended(who: &str, came: u64, wanted: u64) -> Error {
    let cause = io::Error::other(format!("the {who} ended after {came} of {wanted} bytes"));
    Error::new(Operation::Read, ErrorKind::UnexpectedEnd).because(cause)
}

fn offset_and_count(range: &impl RangeBounds<u64>) -> Result<(u64, Option<u64>), Error> {
    let offset = match range.start_bound() {
        Bound::Included(start) => Some(*start),
        Bound::Excluded(start) => start.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end = match range.end_bound() {
        Bound::Included(end) => end.checked_add(1).map(Some),
        Bound::Excluded(end) => Some(Some(*end)),
        Bound::Unbounded => Some(None),
    };
    match (offset, end) {
        (Some(offset), Some(None)) => Ok((offset, None)),
        (Some(offset), Some(Some(end))) if offset <= end => Ok((offset, Some(end - offset))),
        _ => {
            let cause = io::Error::other("the range ends before it begins");
            Err(Error::new(Operation::Read, ErrorKind::InvalidInput).because(cause))
        }
    }
}
