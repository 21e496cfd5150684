//! `sockit`: group chat, a timestamp service, and sockets done right, from the command line.

use std::io;
use std::process::ExitCode;

use cli::{Streams, run};

fn main() -> ExitCode {
    let streams = Streams {
        input: Box::new(io::BufReader::new(io::stdin())),
        interactive: io::IsTerminal::is_terminal(&io::stdin()),
        output: Box::new(io::stdout()),
        errors: Box::new(io::stderr()),
    };
    ExitCode::from(run(std::env::args_os(), streams))
}
