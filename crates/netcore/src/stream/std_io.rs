//! [`Read`] and [`Write`] for [`Stream`].

use std::io::{self, IoSlice, IoSliceMut, Read, Write};

use socket2::SockRef;

use crate::stream::Stream;
use crate::sys;

impl Stream {
    /// Repeats `call` after a signal, and reports the time of an option as a timeout.
    pub(super) fn retry(&self, mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match call() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // socket(7): the time of SO_RCVTIMEO or SO_SNDTIMEO ran out.
                Err(error)
                    if error.kind() == io::ErrorKind::WouldBlock
                        && !sys::is_nonblocking(&SockRef::from(&self.socket)) =>
                {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                result => return result,
            }
        }
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.retry(|| self.socket.recv(sys::uninit(buffer))),
            Some(tls) => tls.read_by_mode(&self.socket, buffer),
        }
    }

    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if self.tls.is_some() {
            let first = buffers.iter_mut().find(|buffer| !buffer.is_empty());
            return first.map_or(Ok(0), |buffer| self.read(buffer));
        }
        self.retry(|| (&self.socket).read_vectored(buffers))
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            None => self.retry(|| self.socket.send_with_flags(bytes, sys::NO_SIGNAL)),
            Some(tls) => tls.write_by_mode(&self.socket, bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.tls.is_some() {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return first.map_or(Ok(0), |slice| self.write(slice));
        }
        self.retry(|| self.socket.send_vectored_with_flags(slices, sys::NO_SIGNAL))
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
