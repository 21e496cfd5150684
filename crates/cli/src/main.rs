//! `sockit`: group chat, a timestamp service, HTTP GET, and sockets done right, from the command line.

use std::io;
use std::process::ExitCode;

use cli::{Streams, run};

fn main() -> ExitCode {
    let streams = Streams::of_process(is_typed());
    ExitCode::from(run(std::env::args_os(), streams))
}

/// Whether a person types standard input. A program in the background (`sockit chat serve &`) must
/// not read the terminal: the system would suspend it (SIGTTIN).
fn is_typed() -> bool {
    let stdin = io::stdin();
    #[cfg(unix)]
    let in_front =
        rustix::termios::tcgetpgrp(&stdin).is_ok_and(|g| g == rustix::process::getpgrp());
    #[cfg(not(unix))]
    let in_front = true;
    io::IsTerminal::is_terminal(&stdin) && in_front
}
