//! [`Read`] and [`Write`] for [`Stream`].

use std::io::{self, IoSlice, IoSliceMut, Read, Write};

use crate::deadline::Deadline;
use crate::stream::Stream;
use crate::sys::{self, Interest};
use crate::wait;

impl Stream {
    /// Repeats `call` after a signal, and reports the time of an option as a timeout.
    pub(super) fn retry(
        &self,
        interest: Interest,
        mut call: impl FnMut() -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match call() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && !self.mode.is_nonblocking(&self.socket) =>
                {
                    // socket(7): the time of SO_RCVTIMEO or SO_SNDTIMEO ran out.
                    if sys::SYSTEM_HAS_MODE || !self.wait_by_options(interest)? {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                result => return result,
            }
        }
    }

    /// Waits as a call in blocking mode does. Returns `false` if the time of the option ran out.
    fn wait_by_options(&self, interest: Interest) -> io::Result<bool> {
        let timeout = match interest {
            Interest::Read => self.socket.read_timeout()?,
            Interest::Write => self.socket.write_timeout()?,
        };
        wait::ready(&self.socket, interest, timeout.map_or(Deadline::never(), Deadline::after))
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.retry(Interest::Read, || self.socket.recv(sys::uninit(buffer))),
            Some(tls) => tls.read_by_mode(&self.socket, buffer),
        }
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if self.tls.is_some() {
            let first = buffers.iter_mut().find(|buffer| !buffer.is_empty());
            return first.map_or(Ok(0), |buffer| self.read(buffer));
        }
        self.retry(Interest::Read, || (&self.socket).read_vectored(buffers))
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => {
                self.retry(Interest::Write, || self.socket.send_with_flags(bytes, sys::NO_SIGNAL))
            }
            Some(tls) => tls.write_by_mode(&self.socket, bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.tls.is_some() {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return first.map_or(Ok(0), |slice| self.write(slice));
        }
        self.retry(Interest::Write, || self.socket.send_vectored_with_flags(slices, sys::NO_SIGNAL))
    }

    /// Sends the rest of an encrypted record, if the last write could not. A socket itself has no
    /// buffer to flush.
    fn flush(&mut self) -> io::Result<()> {
        match &self.tls {
            None => Ok(()),
            Some(tls) => tls.flush_by_mode(&self.socket),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(buffers)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}
