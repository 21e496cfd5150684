//! `sockit`: chat, a timestamp service, HTTP GET, and sockets done right, on the command line.

use std::io;
use std::process::ExitCode;

use cli::{Streams, run};

fn main() -> ExitCode {
    #[cfg(unix)]
    survive_large_files();
    let streams = Streams::of_process(is_typed());
    ExitCode::from(run(std::env::args_os(), streams))
}

/// Turns a file that grows beyond `ulimit -f` into an error of the write. By default SIGXFSZ ends
/// the process first, without a message (setrlimit(2)). A handler without an effect serves as well
/// as ignoring the signal, and programs that this one starts do not inherit it.
#[cfg(unix)]
fn survive_large_files() {
    let seen = std::sync::Arc::default();
    // Without the handler, the program still works up to that limit.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen);
}

/// Returns `true` if a person may type standard input: it is the terminal of this session. The
/// program may be in the background (`sockit chat serve &`) and come to the foreground later.
fn is_typed() -> bool {
    let stdin = io::stdin();
    #[cfg(unix)]
    let is_ours = rustix::termios::tcgetpgrp(&stdin).is_ok();
    #[cfg(not(unix))]
    let is_ours = true;
    io::IsTerminal::is_terminal(&stdin) && is_ours
}
