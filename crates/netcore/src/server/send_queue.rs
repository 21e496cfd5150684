//! The unsent bytes of a connection: the rest of a partial write, written with few system calls.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};

use bytes::{Buf, Bytes};

use super::byte_stream::{ByteStream, Written};
use super::output::Output;

/// Slices in one vectored write. The system allows at least 1,024 (IOV_MAX), but one call rarely
/// takes more bytes than 64 slices hold.
const SLICES: usize = 64;

/// Bytes that the socket has not taken yet. Shared bytes stay shared.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    parts: VecDeque<Bytes>,
    bytes: usize,
    /// The service has sent something that went into the queue.
    has_output: bool,
    /// Time of the last progress in milliseconds.
    pub(super) last_write: u64,
}

impl SendQueue {
    /// Returns an empty queue, for bytes that the layer below the connection holds.
    pub(super) fn since(now: u64) -> SendQueue {
        SendQueue { last_write: now, ..SendQueue::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Returns `true` if output of the service was queued, not only a message of the layer between
    /// the connection and the socket.
    pub(super) fn has_output(&self) -> bool {
        self.has_output
    }

    fn push(&mut self, part: Bytes) {
        self.has_output = true;
        self.bytes += part.len();
        self.parts.push_back(part);
    }

    /// Moves the contents of `output` behind the queued bytes.
    pub(super) fn take(&mut self, output: &mut Output) {
        for part in output.parts.drain(..) {
            self.push(part);
        }
        if !output.tail.is_empty() {
            self.push(Bytes::copy_from_slice(&output.tail));
            output.tail.clear();
        }
    }

    /// Writes until everything is sent or the socket is full.
    pub(super) fn write(&mut self, to: &mut impl ByteStream) -> io::Result<Written> {
        let mut progress = false;
        loop {
            if let Written::Full { progress: some } = to.flush()? {
                return Ok(Written::Full { progress: progress || some });
            }
            if self.bytes == 0 {
                return Ok(Written::All);
            }
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            let mut offered = 0;
            for part in self.parts.iter().take(SLICES) {
                slices[count] = IoSlice::new(part);
                count += 1;
                offered += part.len();
            }
            let Some(taken) = write(to, &slices[..count])? else {
                return Ok(Written::Full { progress });
            };
            self.advance(taken);
            progress = true;
            // Saves the write that would fail because the socket is full (epoll(7)).
            if to.is_full_after(taken, offered) {
                return Ok(Written::Full { progress });
            }
        }
    }

    fn advance(&mut self, mut taken: usize) {
        self.bytes -= taken;
        while taken > 0 {
            let Some(first) = self.parts.front_mut() else { break };
            if taken < first.len() {
                first.advance(taken);
                break;
            }
            taken -= first.len();
            self.parts.pop_front();
        }
    }
}

/// Sends the contents of `output` to a connection with nothing unsent. Returns the queue of a
/// socket that has not taken everything.
pub(super) fn send(output: &mut Output, to: &mut impl ByteStream) -> io::Result<Option<SendQueue>> {
    let whole = match (output.parts.as_slice(), output.tail.as_slice()) {
        ([], []) => return Ok(None),
        ([], tail) => tail,
        ([one], []) => one,
        _ => {
            let mut queue = SendQueue::default();
            queue.take(output);
            return Ok(match queue.write(to)? {
                Written::All => None,
                Written::Full { .. } => Some(queue),
            });
        }
    };
    let taken = write_all(to, whole)?;
    if taken == whole.len() && to.unsent() == 0 {
        output.clear();
        return Ok(None);
    }
    let mut queue = SendQueue::default();
    queue.take(output);
    queue.advance(taken);
    Ok(Some(queue))
}

/// Writes until everything is taken or the socket is full. Returns the number of taken bytes.
fn write_all(to: &mut impl ByteStream, bytes: &[u8]) -> io::Result<usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        let rest = &bytes[taken..];
        let Some(more) = write(to, &[IoSlice::new(rest)])? else { break };
        taken += more;
        if more < rest.len() && to.is_full_after(more, rest.len()) {
            break;
        }
    }
    Ok(taken)
}

/// Writes once. Returns `None` if the socket is full.
fn write(to: &mut impl ByteStream, slices: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
    loop {
        let result = match slices {
            [one] => to.write(one),
            _ => to.write_vectored(slices),
        };
        match result {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => return Ok(Some(taken)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
