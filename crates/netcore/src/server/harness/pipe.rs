//! A connection in memory between a peer and the loop.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;

use crate::server::byte_stream::ByteStream;
use crate::server::connection::state::Readiness;

#[derive(Debug, Clone)]
pub(super) struct Wire(pub(super) Rc<RefCell<Pipe>>);

/// The server's end of a connection.
#[derive(Debug)]
pub(super) struct End(pub(super) Wire);

#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) input: VecDeque<u8>,
    pub(super) output: Vec<u8>,
    /// Bytes that the socket takes before it is full.
    pub(super) room: usize,
    /// The peer has sent its end.
    pub(super) finished: bool,
    pub(super) reset: bool,
    pub(super) lost: bool,
    /// The server has sent its end, or has closed the socket.
    pub(super) ended: bool,
    pub(super) released: bool,
    /// The state has changed since the last event.
    pub(super) edge: bool,
    /// `Some` if each event is the last of its direction until a call would have blocked, as with
    /// mio on Windows.
    armed: Option<Armed>,
    pub(super) writes: usize,
}

/// The directions in which the next change is an event.
#[derive(Debug, Clone, Copy)]
struct Armed {
    read: bool,
    write: bool,
}

impl Armed {
    const BOTH: Armed = Armed { read: true, write: true };
}

impl Wire {
    pub(super) fn new(rearms_late: bool) -> Wire {
        Wire(Rc::new(RefCell::new(Pipe {
            input: VecDeque::new(),
            output: Vec::new(),
            room: usize::MAX,
            finished: false,
            reset: false,
            lost: false,
            ended: false,
            released: false,
            edge: false,
            armed: rearms_late.then_some(Armed::BOTH),
            writes: 0,
        })))
    }

    /// Returns the event for the changes since the last event.
    pub(super) fn readiness(&self) -> Option<Readiness> {
        let mut pipe = self.0.borrow_mut();
        let event = pipe.event()?;
        pipe.edge = false;
        if let Some(armed) = &mut pipe.armed {
            armed.read &= !(event.read || event.ended);
            armed.write &= !event.write;
        }
        Some(event)
    }
}

impl Pipe {
    pub(super) fn has_event(&self) -> bool {
        self.event().is_some()
    }

    fn event(&self) -> Option<Readiness> {
        let armed = self.armed.unwrap_or(Armed::BOTH);
        let hung_up = self.reset || self.lost;
        let event = Readiness {
            read: armed.read && (!self.input.is_empty() || self.finished || hung_up),
            write: armed.write && self.room > 0,
            ended: armed.read && self.finished,
            urgent: false,
            hung_up: armed.read && hung_up,
        };
        (self.edge && (event.read || event.write)).then_some(event)
    }

    /// Arms the socket's reading if the call would have blocked. Returns the call's `result`.
    fn note_read(&mut self, result: io::Result<usize>) -> io::Result<usize> {
        if let Some(armed) = &mut self.armed {
            armed.read |= would_block(&result);
        }
        result
    }

    /// Arms the socket's writing if the call would have blocked. Returns the call's `result`.
    fn note_write(&mut self, result: io::Result<usize>) -> io::Result<usize> {
        if let Some(armed) = &mut self.armed {
            armed.write |= would_block(&result);
        }
        result
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.reset || self.lost {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let taken = bytes.len().min(self.room);
        if taken == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        if self.room != usize::MAX {
            self.room -= taken;
        }
        self.output.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }
}

fn would_block(result: &io::Result<usize>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.0.borrow_mut().released = true;
    }
}

impl ByteStream for End {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut pipe = self.0.0.borrow_mut();
        if pipe.reset {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let n = pipe.input.len().min(buffer.len());
        if n == 0 && pipe.lost {
            return Err(ErrorKind::ConnectionReset.into());
        }
        if n == 0 && !pipe.finished {
            return pipe.note_read(Err(ErrorKind::WouldBlock.into()));
        }
        for (to, from) in buffer.iter_mut().zip(pipe.input.drain(..n)) {
            *to = from;
        }
        Ok(n)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pipe = self.0.0.borrow_mut();
        pipe.writes += 1;
        let taken = pipe.take(bytes);
        pipe.note_write(taken)
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut pipe = self.0.0.borrow_mut();
        pipe.writes += 1;
        let mut total = 0;
        for slice in bytes {
            match pipe.take(slice) {
                Ok(n) => total += n,
                Err(error) if total == 0 => return pipe.note_write(Err(error)),
                Err(_) => break,
            }
        }
        Ok(total)
    }

    fn shutdown_write(&mut self) -> io::Result<()> {
        self.0.0.borrow_mut().ended = true;
        Ok(())
    }

    fn short_call_rearms(&self) -> bool {
        self.0.0.borrow().armed.is_none()
    }
}
