//! The write buffer of [`LineStream`](crate::line::LineStream).

use std::io::{self, Write};

use crate::error::{Error, ErrorKind, Operation};

/// The most bytes that wait for a flush.
pub(super) const WRITE_BUFFER: usize = 8192;

/// The bytes that were written and not yet sent.
#[derive(Debug, Default)]
pub(super) struct WriteBuffer {
    bytes: Vec<u8>,
}

impl WriteBuffer {
    /// Buffers `bytes`, and sends them if the buffer has no room.
    pub(super) fn write_all(&mut self, to: &mut impl Write, bytes: &[u8]) -> Result<(), Error> {
        if self.bytes.len() + bytes.len() > WRITE_BUFFER {
            self.flush(to)?;
        }
        if bytes.len() > WRITE_BUFFER {
            return put(to, bytes).1;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the number of buffered bytes.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Sends the buffered bytes. A temporary failure keeps the unsent ones; any other failure drops
    /// them.
    pub(super) fn flush(&mut self, to: &mut impl Write) -> Result<(), Error> {
        let (sent, result) = put(to, &self.bytes);
        let result =
            result.and_then(|()| to.flush().map_err(|error| error_of(Operation::Write, error)));
        let goes_on = result.as_ref().is_err_and(|error| {
            matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
        });
        self.bytes.drain(..if goes_on { sent } else { self.bytes.len() });
        result
    }
}

/// Writes all of `bytes`. Returns the number of bytes written before a failure, with the result.
fn put(stream: &mut impl Write, bytes: &[u8]) -> (usize, Result<(), Error>) {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(0) => {
                let cause = io::Error::other("the stream accepts no more bytes");
                return (sent, Err(Error::new(Operation::Write, ErrorKind::Other).because(cause)));
            }
            Ok(written) => sent += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (sent, Err(error_of(Operation::Write, error))),
        }
    }
    (sent, Ok(()))
}

/// Returns the [`Error`] inside `error`, or a new one with `error` as its cause.
pub(super) fn error_of(operation: Operation, error: io::Error) -> Error {
    error.downcast().unwrap_or_else(|error| Error::from_io(operation, error))
}
