//! Standard output as one transfer sees it: a pipe whose other end prints in turn.
//!
//! ```text
//!   transfer ──► pipe ──► Outlet ──┬─ before its turn ──► Spool
//!                                  └─ in its turn ──► the spooled bytes, then the rest ──► stdout
//! ```
//!
//! So a server never waits for another transfer, and the time of a transfer is its own. A body that the
//! pipe holds as a whole needs no thread: it is printed when the transfer has ended.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::thread::{Builder, Scope, ScopedJoinHandle};

use netcore::Deadline;
use rustix::event::{PollFd, PollFlags, poll};

use super::spool::Spool;
use super::turns::Turns;
use crate::exit::{self, Failure};

/// Bytes that are read from the pipe at once: all that a pipe holds.
const PIECE: usize = 64 << 10;

/// The way to standard output for one body.
pub(super) struct Outlet<'a> {
    pub(super) turns: &'a Turns,
    /// The number of the transfer.
    pub(super) index: usize,
    /// Text only: standard output is a terminal, and the user has not asked for anything else.
    pub(super) text_only: bool,
}

/// The printing end of the pipe.
pub(super) enum Printer<'scope, 'a> {
    /// The pipe holds what has come so far.
    Waits(Outlet<'a>, PipeReader),
    Runs(ScopedJoinHandle<'scope, Result<(), Failure>>),
    /// The system had no thread. The pipe is closed, which ends the transfer.
    Refused,
}

impl<'scope, 'a: 'scope> Printer<'scope, 'a> {
    /// Prints in a thread from now on, unless it does already.
    pub(super) fn start<'env>(&mut self, scope: &'scope Scope<'scope, 'env>) {
        *self = match std::mem::replace(self, Printer::Refused) {
            Printer::Waits(outlet, body) => {
                let thread = Builder::new().spawn_scoped(scope, move || outlet.pass(body));
                thread.map_or(Printer::Refused, Printer::Runs)
            }
            other => other,
        };
    }

    /// Prints the rest of the body, whose other end is closed. Returns `None` if the body was refused.
    pub(super) fn finish(self) -> Option<Result<(), Failure>> {
        match self {
            Printer::Waits(outlet, body) => Some(outlet.pass_on(body, Spool::default())),
            Printer::Runs(thread) => {
                Some(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            }
            Printer::Refused => None,
        }
    }
}

/// Returns how many bytes the pipe holds for sure before a write has to wait. In a page that a write
/// has begun, the next write may not fit: so it is half of the pipe.
pub(super) fn room(pipe: &PipeWriter) -> u64 {
    #[cfg(target_os = "linux")]
    let size = rustix::pipe::fcntl_getpipe_size(pipe).unwrap_or(0);
    // The least that POSIX allows.
    #[cfg(not(target_os = "linux"))]
    let (size, _) = (512, pipe);
    size as u64 / 2
}

/// What is worth waking for.
enum Ready {
    Turn,
    Bytes,
}

impl Outlet<'_> {
    /// Prints all that comes through `body`, in the turn of the transfer.
    ///
    /// # Errors
    ///
    /// [`exit::WRITE_ERROR`] if standard output takes no more, or if the body is binary and only
    /// text is wanted. `body` is closed then, which ends the transfer.
    fn pass(self, mut body: PipeReader) -> Result<(), Failure> {
        let mut spool = Spool::default();
        // Without a pipe to poll, the body waits where it is.
        if let Ok(Some(turn)) = self.turns.notice(self.index) {
            self.store(&mut body, &turn, &mut spool)?;
        }
        self.pass_on(body, spool)
    }

    /// Waits for the turn, and prints the spooled bytes and then the rest of the body.
    fn pass_on(self, mut body: PipeReader, spool: Spool) -> Result<(), Failure> {
        self.turns.wait(self.index);
        spool.empty(print)?;
        let mut piece = vec![0; PIECE];
        loop {
            match self.read(&mut body, &mut piece)? {
                0 => return Ok(()),
                count => print(&piece[..count])?,
            }
        }
    }

    /// Stores what comes until `turn` or `body` ends, or the spool is full.
    fn store(
        &self,
        body: &mut PipeReader,
        turn: &PipeReader,
        spool: &mut Spool,
    ) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE];
        while let Ready::Bytes = ready(body, turn).map_err(unreadable)? {
            let count = self.read(body, &mut piece)?;
            if count == 0 {
                break;
            }
            if let Err(error) = spool.keep(&piece[..count]) {
                let index = self.index;
                log::warn!("the body of URL {index} waits for its turn in the network: {error}");
                break;
            }
        }
        Ok(())
    }

    /// Reads a piece. 0: the transfer has ended.
    fn read(&self, body: &mut PipeReader, piece: &mut [u8]) -> Result<usize, Failure> {
        let count = loop {
            match body.read(piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(unreadable)?,
            }
        };
        // curl has the same rule: a NUL is in no text.
        if self.text_only && piece[..count].contains(&0) {
            let message = "binary data can disturb a terminal: -o FILE saves it, -o - prints it";
            return Err(Failure::new(exit::WRITE_ERROR, message));
        }
        Ok(count)
    }
}

/// Waits until the turn has come or `body` has more.
fn ready(body: &PipeReader, turn: &PipeReader) -> io::Result<Ready> {
    let mut watched = [PollFd::new(turn, PollFlags::IN), PollFd::new(body, PollFlags::IN)];
    rustix::io::retry_on_intr(|| poll(&mut watched, None))?;
    Ok(if watched[0].revents().is_empty() { Ready::Bytes } else { Ready::Turn })
}

/// Prints to the process's own standard output, as transfers in their turn do.
fn print(bytes: &[u8]) -> Result<(), Failure> {
    netcore::transfer::write_all_to(&io::stdout(), bytes, Deadline::never())
        .map_err(|error| Failure::output(&error.into()))
}

fn unreadable(error: io::Error) -> Failure {
    Failure::new(exit::OTHER, format!("read what waits for standard output: {error}"))
}

impl From<io::Error> for Failure {
    /// What waits for standard output can't be read from the disk again.
    fn from(error: io::Error) -> Failure {
        unreadable(error)
    }
}
