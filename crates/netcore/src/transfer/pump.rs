//! The copy from one descriptor to another, by splice(2), with a buffer, or through TLS.

use std::io::{self, Read};
use std::ops::Range;

use crate::sys::{Interest, Pipe, PollEntry, is_refusal};
use crate::transfer::descriptor::Descriptor;

/// The most bytes in flight to a file: the size of the kernel's pipe, if the system allows that
/// much. Without privileges it allows no more (pipe(7), `pipe-max-size`).
const TO_FILE: usize = 1 << 20;

/// The most bytes in flight to a stream, a pipe or a device. These take over the pages, so more
/// gains nothing measurable. Linux allows 64 MiB for all pipes of a user together (pipe(7),
/// `pipe-user-pages-soft`).
const TO_OTHERS: usize = 1 << 18;

/// The most bytes written to a file with one call. A smaller size needs more calls. With 128 KiB or
/// more, a file system that prefers large blocks allocates memory in such blocks, which a virtual
/// machine may have returned to its host. Getting them again costs more than the copy.
/// docs/benchmarks.md, "Files", has the figures.
const PIECE: usize = 96 << 10;

/// The size of the buffer if the kernel can't copy by itself.
const BUFFER: usize = PIECE;

/// The size of the buffer for bytes that are encrypted next: three records of TLS. With their
/// ciphertext they stay in the cache of one core. A buffer of 256 KiB doubles the sender's CPU
/// time.
const ENCRYPTED_BUFFER: usize = 3 << 14;

/// Moves bytes from one descriptor to another without waiting for either.
///
/// ```text
///   from ──fill──► carrier ──drain──► to
/// ```
///
/// It fills only an empty carrier. A refusal to fill is therefore always `from`'s, and a refusal to
/// drain is `to`'s.
#[derive(Debug)]
pub(crate) struct Pump<'a> {
    pub(crate) from: Descriptor<'a>,
    pub(crate) to: Descriptor<'a>,
    carrier: Carrier,
    /// The next position to read in `from`. `None` stands for its current position.
    position: Option<u64>,
    /// The bytes that may still be read.
    left: u64,
    /// The bytes that have arrived in `to`.
    moved: u64,
    ended: bool,
}

/// The bytes between the two descriptors.
#[derive(Debug)]
enum Carrier {
    Pipe {
        pipe: Pipe,
        size: usize,
        held: usize,
    },
    /// A buffer, allocated for the first byte.
    Buffer {
        bytes: Vec<u8>,
        held: Range<usize>,
    },
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bytes have arrived in `to`.
    Moved,
    /// No byte can move until `from` is readable, or `to` writable.
    Wait(Interest),
    /// All bytes have arrived.
    Done,
}

/// A failure to read from `from`, or to write to `to`.
pub(crate) type Failure = (Interest, io::Error);

impl<'a> Pump<'a> {
    /// Makes a pump of at most `count` bytes; without `count`, of all bytes.
    pub(crate) fn new(
        from: Descriptor<'a>,
        to: Descriptor<'a>,
        position: Option<u64>,
        count: Option<u64>,
    ) -> Pump<'a> {
        let size = if to.is_file() { TO_FILE } else { TO_OTHERS };
        let pipe = if from.splices() && to.splices() { Pipe::open(size).ok() } else { None };
        let carrier = match pipe {
            Some(pipe) => Carrier::Pipe { pipe, size, held: 0 },
            None => Carrier::Buffer { bytes: Vec::new(), held: 0..0 },
        };
        let left = count.unwrap_or(u64::MAX);
        Pump { from, to, carrier, position, left, moved: 0, ended: false }
    }

    /// Returns the number of bytes that have arrived.
    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Returns `true` if the next action is `to`'s.
    pub(crate) fn holds(&self) -> bool {
        self.carries() || self.to.has_unsent()
    }

    fn carries(&self) -> bool {
        match &self.carrier {
            Carrier::Pipe { held, .. } => *held > 0,
            Carrier::Buffer { held, .. } => !held.is_empty(),
        }
    }

    /// Returns `true` if a wait for `interest` would be in vain, since `from` has decrypted bytes.
    pub(crate) fn is_ready(&self, interest: Interest) -> bool {
        interest == Interest::Read && self.from.has_input()
    }

    /// Returns the entry of poll(2) for `from` or `to`, after [`Step::Wait`] with `interest`.
    pub(crate) fn poll_entry(&self, interest: Interest) -> PollEntry<'_> {
        match interest {
            Interest::Read => self.from.poll_entry(interest),
            Interest::Write => self.to.poll_entry(interest),
        }
    }

    /// Moves the bytes that can move without waiting.
    ///
    /// # Errors
    ///
    /// The system's errors. Bytes that `from` has given and `to` has not accepted are lost.
    pub(crate) fn step(&mut self) -> Result<Step, Failure> {
        if !self.carries() {
            if self.repeat(Interest::Write, |pump| pump.to.flush().map(|()| 0))?.is_none() {
                return Ok(Step::Wait(Interest::Write));
            }
            if self.ended || self.left == 0 {
                return Ok(Step::Done);
            }
            match self.repeat(Interest::Read, Pump::fill)? {
                None => return Ok(Step::Wait(Interest::Read)),
                Some(0) => {
                    self.ended = true;
                    return Ok(Step::Done);
                }
                Some(count) => {
                    self.left -= count as u64;
                    self.position = self.position.map(|position| position + count as u64);
                }
            }
        }
        match self.repeat(Interest::Write, Pump::drain)? {
            None => Ok(Step::Wait(Interest::Write)),
            Some(0) => Err((Interest::Write, io::Error::other("it accepts no more bytes"))),
            Some(count) => {
                self.moved += count as u64;
                Ok(Step::Moved)
            }
        }
    }

    /// Repeats `call` after signals and refusals of splice(2). Returns `None` if it would have to
    /// wait.
    fn repeat(
        &mut self,
        side: Interest,
        call: fn(&mut Pump<'a>) -> io::Result<usize>,
    ) -> Result<Option<usize>, Failure> {
        loop {
            let error = match call(self) {
                Ok(count) => return Ok(Some(count)),
                Err(error) => error,
            };
            match error.kind() {
                io::ErrorKind::Interrupted => {}
                io::ErrorKind::WouldBlock => return Ok(None),
                _ if self.is_refused(&error) => {
                    self.carry_by_hand().map_err(|error| (side, error))?;
                }
                _ => return Err((side, error)),
            }
        }
    }

    /// Returns `true` if splice(2) does not support one of the files, or refuses because of
    /// `O_APPEND`.
    fn is_refused(&self, error: &io::Error) -> bool {
        matches!(self.carrier, Carrier::Pipe { .. }) && is_refusal(error)
    }

    /// Continues with a buffer, which receives the content of the pipe.
    fn carry_by_hand(&mut self) -> io::Result<()> {
        let by_hand = Carrier::Buffer { bytes: Vec::new(), held: 0..0 };
        if let Carrier::Pipe { pipe, held, .. } = std::mem::replace(&mut self.carrier, by_hand) {
            if held > 0 {
                let mut bytes = vec![0; held.max(BUFFER)];
                pipe.into_exit().read_exact(&mut bytes[..held])?;
                self.carrier = Carrier::Buffer { bytes, held: 0..held };
            }
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        match &mut self.carrier {
            Carrier::Pipe { pipe, size, held } => {
                *held = pipe.fill(self.from.handle(), self.position, most.min(*size))?;
                Ok(*held)
            }
            Carrier::Buffer { bytes, held } => {
                if bytes.is_empty() {
                    let size = if self.to.is_encrypted() { ENCRYPTED_BUFFER } else { BUFFER };
                    *bytes = vec![0; size];
                }
                let most = most.min(bytes.len());
                let read = self.from.read(&mut bytes[..most], self.position)?;
                *held = 0..read;
                Ok(read)
            }
        }
    }

    fn drain(&mut self) -> io::Result<usize> {
        match &mut self.carrier {
            Carrier::Pipe { pipe, held, .. } => {
                if self.to.is_file() {
                    return drain_in_pieces(pipe, held, &self.to);
                }
                let drained = pipe.drain(self.to.handle(), *held)?;
                *held -= drained;
                Ok(drained)
            }
            Carrier::Buffer { bytes, held } => {
                let written = self.to.write(&bytes[held.clone()])?;
                held.start += written;
                Ok(written)
            }
        }
    }
}

/// Writes the whole content of the pipe into a file, so that the deadline does not interrupt it: a
/// file never waits for a peer.
fn drain_in_pieces(pipe: &Pipe, held: &mut usize, to: &Descriptor<'_>) -> io::Result<usize> {
    let before = *held;
    while *held > 0 {
        match pipe.drain(to.handle(), PIECE.min(*held)) {
            Ok(0) => break,
            Ok(drained) => *held -= drained,
            Err(error) if *held == before => return Err(error),
            // Written bytes count. The next call fails in the same way and returns the error.
            Err(_) => break,
        }
    }
    Ok(before - *held)
}
