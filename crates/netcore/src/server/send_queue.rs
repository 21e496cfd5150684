//! The unsent bytes of a connection: the rest of a partial write, written with few system calls.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};

use bytes::{Buf, Bytes};

use super::output::Output;
use super::transport::ByteStream;

/// Slices in one vectored write. The system allows at least 1,024 (IOV_MAX), but one call rarely
/// takes more bytes than 64 slices hold.
const SLICES: usize = 64;

/// Bytes that the socket has not taken yet. Shared bytes stay shared.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    parts: VecDeque<Bytes>,
    bytes: usize,
    /// Time of the last progress in milliseconds.
    pub(super) last_write: u64,
}

/// The result of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// The socket took everything.
    All,
    /// The socket is full. `progress` is `true` if it took something.
    Full { progress: bool },
}

impl SendQueue {
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, part: Bytes) {
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
        while self.bytes > 0 {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = 0;
            let mut offered = 0;
            for part in self.parts.iter().take(SLICES) {
                slices[count] = IoSlice::new(part);
                count += 1;
                offered += part.len();
            }
            match write(to, &slices[..count])? {
                None => return Ok(Written::Full { progress }),
                Some(taken) => {
                    self.advance(taken);
                    progress = true;
                    // Saves the write that would fail because the socket is full (epoll(7)).
                    if taken < offered && to.short_call_rearms() {
                        return Ok(Written::Full { progress });
                    }
                }
            }
        }
        Ok(Written::All)
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

/// Sends the contents of `output` to a connection with nothing unsent. Returns the bytes that the
/// socket did not take.
pub(super) fn send(output: &mut Output, to: &mut impl ByteStream) -> io::Result<Option<SendQueue>> {
    let taken = match (output.parts.as_slice(), output.tail.as_slice()) {
        ([], []) => return Ok(None),
        ([], tail) => write(to, &[IoSlice::new(tail)])?,
        ([one], []) => write(to, &[IoSlice::new(one)])?,
        _ => {
            let mut queue = SendQueue::default();
            queue.take(output);
            return Ok(match queue.write(to)? {
                Written::All => None,
                Written::Full { .. } => Some(queue),
            });
        }
    };
    let whole = output.parts.first().map_or(output.tail.len(), Bytes::len);
    if taken == Some(whole) {
        output.parts.clear();
        output.tail.clear();
        return Ok(None);
    }
    let mut queue = SendQueue::default();
    queue.take(output);
    queue.advance(taken.unwrap_or(0));
    if taken.is_some() && !to.short_call_rearms() && queue.write(to)? == Written::All {
        return Ok(None);
    }
    Ok(Some(queue))
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
