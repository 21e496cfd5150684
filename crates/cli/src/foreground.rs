//! The foreground of a terminal. Only its process group may read the terminal (POSIX 11.1.4); it is
//! moved there and away by the shell's `fg`, `bg` and Ctrl-Z.

#[cfg(unix)]
pub(crate) use system::{ignore_stops, is_ours, typed, wait};

#[cfg(not(unix))]
pub(crate) use none::ignore_stops;

#[cfg(unix)]
mod system {
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

    /// The time between two looks. No signal tells a running job that it comes to the foreground.
    const LOOK: Duration = Duration::from_millis(250);

    /// The same time, for poll(2).
    const LOOK_TIMEOUT: Timespec = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos() as _ };

    /// Returns `true` if this program may read the terminal, and an error if it is not the terminal
    /// of this session.
    pub(crate) fn is_ours(terminal: impl AsFd) -> io::Result<bool> {
        Ok(tcgetpgrp(terminal)? == getpgrp())
    }

    /// Waits until this program may read the terminal, or `is_done`.
    pub(crate) fn wait(terminal: impl AsFd, is_done: impl Fn() -> bool) -> io::Result<()> {
        while !is_done() && !is_ours(&terminal)? {
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Returns a pipe that brings what a person types at standard input. A thread reads the terminal
    /// while this program is in the foreground; it ends with the input, or when the pipe is closed.
    ///
    /// # Errors
    ///
    /// The pipe cannot be opened, or the thread not be started.
    pub(crate) fn typed() -> Result<PipeReader, Failure> {
        let (reader, writer) =
            io::pipe().map_err(|e| Failure::new(exit::OTHER, format!("open a pipe: {e}")))?;
        threads::start("input", move || {
            if let Err(e) = pass_on(&io::stdin(), writer) {
                log::warn!("standard input ends: {e}");
            }
        })?;
        Ok(reader)
    }

    fn pass_on(terminal: &Stdin, mut pipe: PipeWriter) -> io::Result<()> {
        let mut piece = [0; 4096];
        loop {
            let is_ours = is_ours(terminal)?;
            let is_closed = PollFd::new(&pipe, PollFlags::empty());
            let is_typed = PollFd::new(terminal, PollFlags::IN);
            let mut entries = [is_closed, is_typed];
            // In the background the keys are another program's.
            let polled = match is_ours {
                true => poll(&mut entries, None),
                false => poll(&mut entries[..1], Some(&LOOK_TIMEOUT)),
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
                    Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    written => written?,
                },
                Err(Errno::INTR | Errno::AGAIN) => {}
                // It has come to the background since it looked.
                Err(Errno::IO) => thread::sleep(LOOK),
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Lets a server go on in the background, whatever it does with the terminal there.
    pub(crate) fn ignore_stops() {
        netcore::stdio::ignore_terminal_stops();
    }
}

#[cfg(not(unix))]
mod none {
    pub(crate) fn ignore_stops() {}
}
