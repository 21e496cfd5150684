//! The foreground of a terminal: job control.
//!
//! Only the foreground process group may read a terminal (POSIX 11.1.4). The shell moves a program
//! there and away with `fg`, `bg` and Ctrl-Z.

#[cfg(unix)]
pub(crate) use system::{ignore_stops, typed, wait};

#[cfg(not(unix))]
pub(crate) use none::ignore_stops;

#[cfg(unix)]
pub(crate) mod system {
    use std::io::{self, PipeReader, PipeWriter, Stdin, Write};
    use std::os::fd::AsFd;
    use std::thread;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::process::getpgrp;
    use rustix::termios::tcgetpgrp;

    use crate::exit::{self, Failure};
    use crate::threads;

    /// Poll interval. No signal notifies a running job that it moves to the foreground.
    pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(250);

    /// [`POLL_INTERVAL`] for poll(2).
    const POLL_TIMEOUT: Timespec =
        Timespec { tv_sec: 0, tv_nsec: POLL_INTERVAL.subsec_nanos() as _ };

    /// Returns `true` if this program may read the terminal. Returns an error if `terminal` is not
    /// the terminal of this session.
    pub(crate) fn is_ours(terminal: impl AsFd) -> io::Result<bool> {
        Ok(tcgetpgrp(terminal)? == getpgrp())
    }

    /// Waits until this program may read the terminal.
    pub(crate) fn wait(terminal: impl AsFd) -> io::Result<()> {
        while !is_ours(&terminal)? {
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }

    /// Returns a pipe with the input that a person types. A thread reads the terminal while this
    /// program is in the foreground. It ends with the input, or when the pipe is closed.
    ///
    /// # Errors
    ///
    /// The system refuses a pipe or a thread.
    pub(crate) fn typed() -> Result<PipeReader, Failure> {
        let (reader, writer) = io::pipe()
            .map_err(|error| Failure::new(exit::OTHER, format!("open a pipe: {error}")))?;
        threads::start("input", move || {
            if let Err(error) = pass_on(&io::stdin(), writer) {
                log::warn!("standard input: ended: {error}");
            }
        })?;
        Ok(reader)
    }

    /// Copies the terminal to `pipe` until either ends.
    fn pass_on(terminal: &Stdin, mut pipe: PipeWriter) -> io::Result<()> {
        let mut piece = [0; 4096];
        loop {
            let is_ours = is_ours(terminal)?;
            let is_closed = PollFd::new(&pipe, PollFlags::empty());
            let is_typed = PollFd::new(terminal, PollFlags::IN);
            let mut entries = [is_closed, is_typed];
            // In the background, another program reads the keys.
            let polled = match is_ours {
                true => poll(&mut entries, None),
                false => poll(&mut entries[..1], Some(&POLL_TIMEOUT)),
            };
            match polled {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(errno.into()),
            }
            if !entries[0].revents().is_empty() {
                return Ok(());
            }
            if entries[1].revents().is_empty() {
                continue;
            }
            match rustix::io::read(terminal, &mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => match pipe.write_all(&piece[..count]) {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    written => written?,
                },
                Err(Errno::INTR | Errno::AGAIN) => {}
                // The program moved to the background after the check.
                Err(Errno::IO) => thread::sleep(POLL_INTERVAL),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Lets a server continue in the background even if it reads or writes the terminal.
    pub(crate) fn ignore_stops() {
        netcore::stdio::ignore_terminal_stops();
    }
}

#[cfg(not(unix))]
mod none {
    pub(crate) fn ignore_stops() {}
}
