//! `SIGTSTP`, `SIGTTIN` and `SIGTTOU`, with which a terminal stops programs.

use std::{io, mem, ptr};

/// Ignores `SIGTTIN` and `SIGTTOU` for the whole process, so that a server is never stopped by its
/// terminal (POSIX 11.1.4). In the background, reading the terminal then fails with `EIO`, and
/// writing to it and setting its modes succeed.
///
/// ```
/// netcore::stdio::ignore_terminal_stops();
/// ```
pub fn ignore_terminal_stops() {
    for signal in [libc::SIGTTIN, libc::SIGTTOU] {
        // SAFETY: signal(2) with SIG_IGN installs no handler and touches no memory. It fails only
        // for a signal that the system does not have.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Returns `true` if the process ignores `SIGTSTP`, as after `trap '' TSTP` in a shell. Ctrl-Z then
/// does not stop it, and it should install no handler.
///
/// ```
/// assert!(!netcore::stdio::ignores_stops());
/// ```
#[must_use]
pub fn ignores_stops() -> bool {
    action(None).is_ok_and(|action| action.sa_sigaction == libc::SIG_IGN)
}

/// Stops the process group of the program with `SIGTSTP`, as Ctrl-Z does, until the shell continues
/// it. A handler of the program for `SIGTSTP` is not called.
///
/// All threads of the program have stopped and continued when this function returns. After a plain
/// kill(2), the calling thread may run on for any time, because another one may take the signal.
///
/// The program itself does not stop if it ignores `SIGTSTP`, if the calling thread blocks that
/// signal, or if no shell could continue it (an orphaned process group, POSIX 2.4.3).
///
/// # Errors
///
/// The system refuses to send the signal to any process of the group.
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// // A program that restores the terminal's modes first.
/// netcore::stdio::stop_job()?;
/// // The shell has continued the program, in the foreground or in the background.
/// # Ok(())
/// # }
/// ```
pub fn stop_job() -> io::Result<()> {
    // The group's signal is for the other processes. This one ignores it, because any thread could
    // take it, now or later.
    let before = action(Some(&disposition(libc::SIG_IGN)))?;
    // SAFETY: kill(2) touches no memory.
    let sent = match unsafe { libc::kill(0, libc::SIGTSTP) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    if sent.is_ok() && before.sa_sigaction != libc::SIG_IGN {
        action(Some(&disposition(libc::SIG_DFL)))?;
        // SAFETY: raise(3) touches no memory. It signals this thread, which stops before raise(3)
        // returns, and all other threads with it.
        unsafe { libc::raise(libc::SIGTSTP) };
    }
    action(Some(&before))?;
    sent
}

/// Returns a disposition without flags and without a mask: `SIG_IGN` or `SIG_DFL`.
fn disposition(which: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: sigaction is a C struct of integers, a set of signals and, on some systems, an
    // optional function. Zeros are valid for each, and an empty set.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = which;
    action
}

/// Returns the action of `SIGTSTP`, and replaces it if there is a new one.
fn action(new: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut before = disposition(libc::SIG_DFL);
    let new = new.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both pointers are null or point to a sigaction that outlives the call. A new action
    // is SIG_IGN, SIG_DFL, or one that the system returned.
    match unsafe { libc::sigaction(libc::SIGTSTP, new, &mut before) } {
        0 => Ok(before),
        _ => Err(io::Error::last_os_error()),
    }
}
