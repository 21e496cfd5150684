//! The program `sockit` as a function: arguments and streams in, an exit code out.
//!
//! It translates between the command line and the libraries `chat`, `timestamp`, `httpget` and
//! `netcore`, which do the work.

#![forbid(unsafe_code)]

mod activation;
mod args;
mod chat;
mod connect;
mod datagrams;
mod descriptors;
mod escape;
mod exit;
mod foreground;
mod get;
mod listen;
mod logging;
mod operator_console;
mod parse;
mod port;
mod probe;
// rustix opens no pseudo-terminals on NetBSD and OpenBSD.
#[cfg_attr(
    not(all(
        unix,
        not(any(target_os = "netbsd", target_os = "openbsd")),
        feature = "interactive"
    )),
    path = "screen/none.rs"
)]
mod screen;
mod send;
mod serve;
mod signals;
mod stdio;
mod stdio_relay;
mod threads;
mod time;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "tls/none.rs"]
mod tls;
mod usage;

#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use args::chat::ChatCommand;
use args::time::TimeCommand;
use args::{Args, Command};
use exit::Failure;
use stdio::Stdio;
pub use stdio::Streams;

/// Runs `sockit` with `args`, the program's name first, and returns its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, streams: Streams) -> u8 {
    let mut stdio = Stdio::new(streams);
    let args: Vec<OsString> = args.into_iter().collect();
    let words: Vec<String> = args.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let result = match Args::try_parse_from(args) {
        Ok(args) => {
            let verbose = args.common.verbose;
            let quiet = args.common.quiet || (args.command.is_silent() && verbose == 0);
            logging::start(verbose, quiet);
            dispatch(args, &mut stdio).map_err(|failure| usage::malformed(failure, &words))
        }
        Err(error) => explain(&error, &words, &mut stdio),
    };
    // The log comes before the final error.
    logging::flush();
    match result {
        Ok(()) => exit::DONE,
        Err(failure) => {
            if let Some(message) = failure.message() {
                stdio.print_error(message);
            }
            failure.code()
        }
    }
}

/// Calls the function of the command.
fn dispatch(args: Args, stdio: &mut Stdio) -> Result<(), Failure> {
    let common = args.common;
    match args.command {
        Command::Time(TimeCommand::Serve(args)) => time::serve(args, &common, stdio),
        Command::Time(TimeCommand::Client(args)) => time::client(args, &common, stdio),
        Command::Time(TimeCommand::Ping(args)) => time::ping::ping(args, &common, stdio),
        Command::Time(TimeCommand::Bench(args)) => time::bench::bench(args, &common, stdio),
        Command::Chat(ChatCommand::Serve(args)) => chat::serve(*args, &common, stdio),
        Command::Chat(ChatCommand::Join(args)) => chat::join(*args, &common, stdio),
        Command::Probe(args) => probe::probe(&args, &common, stdio),
        Command::Port(args) => port::port(&args, &common, stdio),
        Command::Get(args) => get::get(&args, &common, stdio),
        Command::Send(args) => send::send(args, stdio),
        Command::Listen(args) => listen::listen(args, &common, stdio),
        Command::Connect(args) => connect::connect(&args, &common, stdio),
    }
}

/// Prints help on standard output, and converts a usage error to one line.
fn explain(error: &clap::Error, words: &[String], stdio: &mut Stdio) -> Result<(), Failure> {
    let text = || error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => stdio.print(&text()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            stdio.print_error_text(&text());
            Err(Failure::silent(exit::USAGE))
        }
        _ => Err(usage::rejected(error, words)),
    }
}
