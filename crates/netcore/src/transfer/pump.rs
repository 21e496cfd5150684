use std::io::{self, Read};
use std::ops::Range;

use crate::sys::{Interest, Pipe};
use crate::transfer::descriptor::Descriptor;

/// The most bytes that are on their way to a file: the size of the kernel's pipe, where the system
/// allows as much. Without privileges it allows no more (pipe(7), `pipe-max-size`).
const TO_FILE: usize = 1 << 20;

/// The most bytes that are on their way to a stream, a pipe or a device. These take over the pages,
/// so that more gains nothing measurable, and Linux stops at 64 MiB for all pipes of a user
/// together (pipe(7), `pipe-user-pages-soft`).
const TO_OTHERS: usize = 1 << 18;

/// What a file is given with one call. With less there are more calls. With 128 KiB or more a file
/// system that likes large blocks takes memory in blocks as large, and those a virtual machine may
/// have given back to its host: to get them again costs more than the copy. docs/benchmarks.md,
/// "Files", has the figures.
const PIECE: usize = 96 << 10;

/// The size of the buffer where the kernel can't copy by itself.
const BUFFER: usize = PIECE;

/// Moves bytes from one descriptor to another without waiting for either.
///
/// ```text
///   from ──fill──► carrier ──drain──► to
/// ```
///
/// It fills only what is empty, so that each refusal to fill is `from`'s and each refusal to drain
/// is `to`'s.
#[derive(Debug)]
pub(crate) struct Pump<'a> {
    pub(crate) from: Descriptor<'a>,
    pub(crate) to: Descriptor<'a>,
    carrier: Carrier,
    /// Where to read next in `from`; `None`: where it stands.
    position: Option<u64>,
    /// How many bytes may still be read.
    left: u64,
    /// How many bytes arrived in `to`.
    moved: u64,
    ended: bool,
}

/// What holds the bytes between the two.
#[derive(Debug)]
enum Carrier {
    Pipe {
        pipe: Pipe,
        size: usize,
        held: usize,
    },
    /// Allocated when the first byte comes.
    Buffer {
        bytes: Vec<u8>,
        held: Range<usize>,
    },
}

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Something arrived in `to`.
    Moved,
    /// Nothing can move until `from` can be read, or `to` be written.
    Wait(Interest),
    /// All that was to be moved has arrived.
    Done,
}

/// Reading from `from` failed, or writing to `to`.
pub(crate) type Failure = (Interest, io::Error);

impl<'a> Pump<'a> {
    /// At most `count` bytes `from` one `to` the other; without one, all there are.
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

    /// How many bytes arrived.
    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Whether it is `to` that has to do something next.
    pub(crate) fn holds(&self) -> bool {
        match &self.carrier {
            Carrier::Pipe { held, .. } => *held > 0,
            Carrier::Buffer { held, .. } => !held.is_empty(),
        }
    }

    /// Moves what can be moved at once.
    ///
    /// # Errors
    ///
    /// The system's. What `from` had given by then and `to` had not taken is lost.
    pub(crate) fn step(&mut self) -> Result<Step, Failure> {
        if !self.holds() {
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
            Some(0) => Err((Interest::Write, io::Error::other("it takes no more bytes"))),
            Some(count) => {
                self.moved += count as u64;
                Ok(Step::Moved)
            }
        }
    }

    /// `None`: it would have to wait.
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

    /// splice(2) does not know the one or the other kind of file, or refuses because of `O_APPEND`.
    fn is_refused(&self, error: &io::Error) -> bool {
        matches!(self.carrier, Carrier::Pipe { .. })
            && matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS))
    }

    /// Goes on with a buffer, and with what the pipe holds in it.
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
                *held = pipe.fill(&self.from, self.position, most.min(*size))?;
                Ok(*held)
            }
            Carrier::Buffer { bytes, held } => {
                if bytes.is_empty() {
                    *bytes = vec![0; BUFFER];
                }
                let most = most.min(BUFFER);
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
                let drained = pipe.drain(&self.to, *held)?;
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

/// Writes all that the pipe holds into a file, so that no deadline comes between: nobody waits.
fn drain_in_pieces(pipe: &Pipe, held: &mut usize, to: &Descriptor<'_>) -> io::Result<usize> {
    let before = *held;
    while *held > 0 {
        match pipe.drain(to, PIECE.min(*held)) {
            Ok(0) => break,
            Ok(drained) => *held -= drained,
            Err(error) if *held == before => return Err(error),
            // What was written counts. The next call meets the same, and tells.
            Err(_) => break,
        }
    }
    Ok(before - *held)
}
