//! `SIGTTIN` and `SIGTTOU`, with which a terminal stops programs in the background.

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
