//! The foreground of a terminal. Only its process group may read the terminal (POSIX 11.1.4); it is
//! moved there and away by the shell's `fg`, `bg` and Ctrl-Z.

#[cfg(unix)]
pub(crate) use system::{ignore_stops, is_ours, left, wait, wait_for_it};

#[cfg(not(unix))]
pub(crate) use none::{ignore_stops, left, wait_for_it};

#[cfg(unix)]
mod system {
    use std::os::fd::AsFd;
    use std::time::Duration;
    use std::{io, thread};

    use rustix::process::getpgrp;
    use rustix::termios::tcgetpgrp;

    /// The time between two looks. No signal tells a running job that it comes to the foreground.
    const LOOK: Duration = Duration::from_millis(250);

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

    /// Returns `true` if standard input is this session's terminal, and another program reads it.
    pub(crate) fn left() -> bool {
        is_ours(io::stdin()).is_ok_and(|is_ours| !is_ours)
    }

    /// Waits until this program may read standard input.
    pub(crate) fn wait_for_it() {
        // Where the terminal has gone, the next read says so.
        let _ = wait(io::stdin(), || false);
    }

    /// Lets a server go on in the background, whatever it does with the terminal there.
    pub(crate) fn ignore_stops() {
        netcore::stdio::ignore_terminal_stops();
    }
}

#[cfg(not(unix))]
mod none {
    pub(crate) fn left() -> bool {
        false
    }

    pub(crate) fn wait_for_it() {}

    pub(crate) fn ignore_stops() {}
}
