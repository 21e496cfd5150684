//! Standard output for one of several transfers: a pipe whose other end prints in turn.
//!
//! ```text
//!   transfer ──► pipe ──► Outlet ──┬─ before its turn ──► Spool
//!                                  └─ in its turn ──► the spooled bytes, then the rest ──► stdout
//! ```
//!
//! So a server never waits for another transfer, and no transfer counts the time of another. A body
//! that fits the pipe needs no thread: it is printed after the transfer.

use std::io::{self, PipeReader, PipeWriter, Read};
#[cfg(not(unix))]
use std::sync::{Mutex, PoisonError};
#[cfg(not(unix))]
use std::thread;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use netcore::Deadline;
#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, poll};

use super::spool::Spool;
use super::turns::Turns;
use crate::exit::{self, Failure};

/// Bytes to read from the pipe at once: the capacity of a pipe.
const PIECE: usize = 64 << 10;

/// The way to standard output for one body.
pub(super) struct Outlet<'a> {
    pub(super) turns: &'a Turns,
    /// The number of the transfer.
    pub(super) index: usize,
    /// `true` if binary data is refused: standard output is a terminal, and the user did not ask
    /// for `-o -`.
    pub(super) text_only: bool,
}

/// The printing end of the pipe.
pub(super) enum Printer<'scope, 'a> {
    /// The pipe holds the body so far.
    Waiting(Outlet<'a>, PipeReader),
    /// A thread prints the body.
    Running(ScopedJoinHandle<'scope, Result<(), Failure>>),
    /// The system refused a thread. The pipe is closed, which ends the transfer.
    Refused,
}

impl<'scope, 'a: 'scope> Printer<'scope, 'a> {
    /// Starts to print in a thread, if none does yet.
    pub(super) fn start<'env>(&mut self, scope: &'scope Scope<'scope, 'env>) {
        *self = match std::mem::replace(self, Printer::Refused) {
            Printer::Waiting(outlet, body) => {
                let thread = Builder::new().spawn_scoped(scope, move || outlet.pass(body));
                thread.map_or(Printer::Refused, Printer::Running)
            }
            other => other,
        };
    }

    /// Prints the rest of the body after the transfer. Returns `None` if the system refused a
    /// thread.
    pub(super) fn finish(self) -> Option<Result<(), Failure>> {
        match self {
            Printer::Waiting(outlet, body) => Some(outlet.pass_on(body, Spool::default())),
            Printer::Running(thread) => {
                Some(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            }
            Printer::Refused => None,
        }
    }
}

/// Returns the number of bytes that the pipe certainly holds before a write blocks. This is half of
/// the pipe, because a partly filled page may not accept another write.
pub(super) fn room(pipe: &PipeWriter) -> u64 {
    #[cfg(target_os = "linux")]
    let size = rustix::pipe::fcntl_getpipe_size(pipe).unwrap_or(0);
    // The minimum of POSIX.
    #[cfg(not(target_os = "linux"))]
    let (size, _) = (512, pipe);
    size as u64 / 2
}

/// The event that ends a wait.
#[cfg(unix)]
enum Ready {
    /// The turn of the transfer has come.
    Turn,
    /// The body has more bytes, or has ended.
    Bytes,
}

impl Outlet<'_> {
    /// Prints the body in the turn of the transfer.
    ///
    /// # Errors
    ///
    /// [`exit::WRITE_ERROR`] if standard output cannot be written, or if the body is binary and
    /// only text is allowed. `body` is then closed, which ends the transfer.
    #[cfg(unix)]
    fn pass(&self, mut body: PipeReader) -> Result<(), Failure> {
        let mut spool = Spool::default();
        // Without a pipe to poll, the body waits in its own pipe.
        if let Ok(Some(turn)) = self.turns.notice(self.index) {
            self.store(&mut body, &turn, &mut spool)?;
        }
        self.pass_on(body, spool)
    }

    /// Prints the body in the turn of the transfer. Windows cannot wait for a pipe and something
    /// else, so another thread waits for the turn, and prints what is spooled by then.
    ///
    /// # Errors
    ///
    /// As on Unix.
    #[cfg(not(unix))]
    fn pass(&self, mut body: PipeReader) -> Result<(), Failure> {
        let spool = Mutex::new(Some(Spool::default()));
        let lock = || spool.lock().unwrap_or_else(PoisonError::into_inner);
        thread::scope(|scope| {
            let print_spool = || {
                self.turns.wait(self.index);
                // The lock keeps the next piece behind the spooled ones.
                lock().take().map_or(Ok(()), |spool| spool.empty(print))
            };
            // Without a thread, the body waits in its own pipe.
            let Ok(printer) = Builder::new().spawn_scoped(scope, print_spool) else {
                return self.pass_on(body, Spool::default());
            };
            let mut piece = vec![0; PIECE];
            let unprinted = loop {
                let read = self.read(&mut body, &mut piece).inspect_err(|_| drop(lock().take()));
                let count = read?;
                match &mut *lock() {
                    Some(spool) if count > 0 => {
                        if !self.keep(spool, &piece[..count]) {
                            break 0;
                        }
                    }
                    _ => break count,
                }
            };
            printer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            print(&piece[..unprinted])?;
            self.pass_on(body, Spool::default())
        })
    }

    /// Waits for the turn, and prints first the spooled bytes and then the rest of the body.
    fn pass_on(&self, mut body: PipeReader, spool: Spool) -> Result<(), Failure> {
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

    /// Spools the body until `turn` or `body` ends, or the spool is full.
    #[cfg(unix)]
    fn store(
        &self,
        body: &mut PipeReader,
        turn: &PipeReader,
        spool: &mut Spool,
    ) -> Result<(), Failure> {
        let mut piece = vec![0; PIECE];
        while let Ready::Bytes = self.ready(body, turn).map_err(unreadable)? {
            let count = self.read(body, &mut piece)?;
            if count == 0 || !self.keep(spool, &piece[..count]) {
                break;
            }
        }
        Ok(())
    }

    /// Spools a piece. Returns `false` if it was the last one that the spool keeps.
    fn keep(&self, spool: &mut Spool, piece: &[u8]) -> bool {
        let kept = spool.keep(piece);
        if let Err(error) = &kept {
            let index = self.index;
            log::warn!(
                "URL {index} is read more slowly until its turn on standard output: {error}"
            );
        }
        kept.is_ok()
    }

    /// Waits until the turn has come or `body` has more.
    #[cfg(unix)]
    fn ready(&self, body: &PipeReader, turn: &PipeReader) -> io::Result<Ready> {
        let mut watched = [PollFd::new(turn, PollFlags::IN), PollFd::new(body, PollFlags::IN)];
        rustix::io::retry_on_intr(|| poll(&mut watched, None))?;
        Ok(if watched[0].revents().is_empty() { Ready::Bytes } else { Ready::Turn })
    }

    /// Reads a piece. Returns 0 at the end of the transfer.
    fn read(&self, body: &mut PipeReader, piece: &mut [u8]) -> Result<usize, Failure> {
        let count = loop {
            match body.read(piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(unreadable)?,
            }
        };
        // As in curl, a NUL means binary data.
        if self.text_only && piece[..count].contains(&0) {
            let message =
                "binary data can disturb the terminal; -o FILE saves it, -o - prints it anyway";
            return Err(Failure::new(exit::WRITE_ERROR, message));
        }
        Ok(count)
    }
}

/// Prints to the process's own standard output.
fn print(bytes: &[u8]) -> Result<(), Failure> {
    netcore::transfer::write_all_to(&io::stdout(), bytes, Deadline::never())
        .map_err(|error| Failure::output(&error.into()))
}

/// Returns the failure of reading the spool or the pipe.
fn unreadable(error: io::Error) -> Failure {
    Failure::new(exit::OTHER, format!("read the spooled output: {error}"))
}

impl From<io::Error> for Failure {
    /// Converts an error of the spool or the pipe.
    fn from(error: io::Error) -> Failure {
        unreadable(error)
    }
}
