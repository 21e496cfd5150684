//! Copies a body to a file descriptor, by the kernel where that is possible.

use netcore::Operation;
use netcore::transfer::{AsDescriptor, write_all_to_with_progress};

use super::{Body, Decoded};
use crate::error::{Error, NoAnswer};
use crate::timeouts::Phase;

/// The piece in which content goes through the program's memory if something has to see or decode
/// it, in bytes.
const PIECE: usize = 128 << 10;

/// A function that sees content which has arrived in the target.
pub(crate) type Tap<'a> = &'a mut dyn FnMut(&[u8]);

/// The least content in one piece that is worth a copy by the kernel, in bytes.
const KERNEL_COPY: u64 = 256 << 10;

impl Body {
    /// Copies the rest of the body to `target`: a file at its position, a pipe or standard output.
    /// Returns the number of bytes.
    ///
    /// On Linux the kernel copies the content from the socket to a file or pipe without a detour
    /// through the program's memory. It does so for pieces of at least 256 KiB between two parts of
    /// the framing. Content with a coding that is undone takes the detour.
    ///
    /// # Errors
    ///
    /// The errors of reading the body, and [`ErrorKind::Write`](crate::ErrorKind::Write) with a
    /// [`netcore::Error`] as its cause if writing to `target` fails. Up to 1 MiB of received
    /// content is lost then. Time spent writing to `target` counts only against `total`. A file
    /// that grows beyond RLIMIT_FSIZE is an error only if the process ignores or handles SIGXFSZ
    /// (setrlimit(2)).
    ///
    /// ```
    /// use std::fs::File;
    /// use httpget::{Error, Response};
    ///
    /// fn save(mut response: Response, file: &File) -> Result<u64, Error> {
    ///     response.body().copy_to(file)
    /// }
    /// ```
    pub fn copy_to(&mut self, target: &impl AsDescriptor) -> Result<u64, Error> {
        self.copy_to_with_progress(target, |_| {})
    }

    /// Copies the rest of the body to `target`, as [`copy_to`](Body::copy_to) does, and calls
    /// `progress` with the running total whenever bytes have arrived in `target`. After an error,
    /// its last argument is the number of bytes copied.
    ///
    /// # Errors
    ///
    /// As [`copy_to`](Body::copy_to).
    pub fn copy_to_with_progress(
        &mut self,
        target: &impl AsDescriptor,
        progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        self.copy_tapped(target, None, progress)
    }

    /// Copies the rest of the body to `target`, as [`copy_to`](Body::copy_to) does, and calls `tap`
    /// with all bytes that have arrived there.
    pub(crate) fn copy_tapped(
        &mut self,
        target: &impl AsDescriptor,
        tap: Option<Tap<'_>>,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        if tap.is_some() || self.context.check.is_running() || self.is_decoded() {
            return self.copy_through_memory(target, tap, progress);
        }
        let mut moved = 0;
        loop {
            match self.decode()? {
                Decoded::End => return Ok(moved),
                Decoded::Content => {
                    let before = moved;
                    self.write_to(target, |more| {
                        moved = before + more;
                        progress(moved);
                    })?;
                }
                // The kernel's copy does not report how long it waited for the server.
                Decoded::NeedMore
                    if self.meter.is_none()
                        && !self.is_paced()
                        && self.exchange.passthrough_len() >= KERNEL_COPY =>
                {
                    let before = moved;
                    self.splice_to(target, |more| {
                        moved = before + more;
                        progress(moved);
                    })?;
                }
                Decoded::NeedMore => {
                    self.keep_pace()?;
                    self.wait_at_min_speed()?;
                    self.fill(self.stall())?;
                }
            }
        }
    }

    /// Copies the rest of the body by reads and writes, so that each byte can be seen or decoded.
    fn copy_through_memory(
        &mut self,
        target: &impl AsDescriptor,
        mut tap: Option<Tap<'_>>,
        mut progress: impl FnMut(u64),
    ) -> Result<u64, Error> {
        let mut piece = vec![0; PIECE];
        let mut moved = 0;
        loop {
            let count = self.take(&mut piece)?;
            if count == 0 {
                return Ok(moved);
            }
            let content = &piece[..count];
            let until = self.context.deadlines.until();
            let before = moved;
            let written = write_all_to_with_progress(target, content, until, |more| {
                moved = before + more;
                if moved < before + count as u64 {
                    progress(moved);
                }
            });
            written.map_err(|error| self.not_written(error))?;
            if let Some(tap) = &mut tap {
                tap(content);
            }
            progress(moved);
        }
    }

    /// Writes the content in the buffer.
    fn write_to(
        &mut self,
        target: &impl AsDescriptor,
        progress: impl FnMut(u64),
    ) -> Result<(), Error> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let content = connection.at(self.content.clone());
        let until = self.context.deadlines.until();
        match write_all_to_with_progress(target, content, until, progress) {
            Ok(()) => {
                self.content = 0..0;
                self.release_if_whole();
                Ok(())
            }
            Err(error) => Err(self.not_written(error)),
        }
    }

    /// Lets the kernel copy the bytes that are certain to be content.
    fn splice_to(
        &mut self,
        target: &impl AsDescriptor,
        mut progress: impl FnMut(u64),
    ) -> Result<(), Error> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let plain = self.exchange.passthrough_len();
        let exchange = &mut self.exchange;
        let mut before = 0;
        let deadline = self.context.deadlines.transfer_deadline();
        let result = connection.stream().receive_exact_into_with_progress(
            target,
            plain,
            deadline,
            |moved| {
                exchange.advance(moved - before);
                before = moved;
                progress(moved);
            },
        );
        let error = match result {
            Ok(()) => {
                self.release_if_whole();
                return Ok(());
            }
            Err(error) if error.kind() == netcore::ErrorKind::UnexpectedEnd => {
                // A read tells an orderly end from one without close_notify.
                return self.fill(self.stall()).map(drop);
            }
            Err(error) => error,
        };
        if error.operation() != Operation::Read {
            return Err(self.not_written(error));
        }
        let received = self.exchange.received();
        Err(self.fail(match is_ours(&error) {
            true => {
                let step = self.context.deadlines.stalled();
                step.ran_out(Phase::Body, received).with_cause(NoAnswer(error))
            }
            false => Error::transport(error, Phase::Body, received),
        }))
    }

    fn not_written(&mut self, error: netcore::Error) -> Error {
        let received = self.exchange.received();
        self.fail(match is_ours(&error) {
            true => {
                let step = self.context.deadlines.total();
                step.ran_out(Phase::Body, received).with_cause(NoAnswer(error))
            }
            false => Error::not_written(error, received),
        })
    }
}

/// Returns `true` if our deadline expired, as opposed to a timeout of the system.
fn is_ours(error: &netcore::Error) -> bool {
    error.is_timeout() && error.code().is_none()
}
