//! The command line: commands and their arguments.

pub(crate) mod chat;
pub(crate) mod common;
pub(crate) mod get;
pub(crate) mod net;
pub(crate) mod time;
pub(crate) mod unix;

use clap::{Parser, Subcommand};

use chat::ChatCommand;
use common::Common;
use net::{Port, Probe};
use time::TimeCommand;
#[cfg(unix)]
use unix::UnixCommand;

/// Group chat, a timestamp service, HTTP GET, and sockets done right.
#[derive(Debug, Parser)]
#[command(name = "sockit", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Exit codes: 0 done, 1 other failures, 2 usage, 3 malformed URL or endpoint, 5 proxy not resolved,
6 host not resolved, 7 could not connect, 18 transfer ended early, 19 checksum does not match,
22 HTTP status 400 or above with `--fail`, 23 write error, 26 a local file cannot be read, 28 timed
out, 33 range not served, 35 TLS handshake failed, 45 network interface failed, 47 too many
redirects, 52 nothing received, 56 receive error or malformed response, 58 own certificate or key
unusable, 60 certificate not trusted, 61 content coding unknown or broken, 63 larger than the
limit, 77 file of trusted certificates unusable, 97 proxy handshake failed")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run, use and measure the timestamp service, which echoes input behind the time
    #[command(subcommand, display_order = 0)]
    Time(TimeCommand),
    /// Run or join a group chat for nc, telnet and any other line client
    #[command(subcommand, display_order = 1)]
    Chat(ChatCommand),
    /// Show how to reach an endpoint: its addresses, connection attempts and socket options
    #[command(
        display_order = 3,
        after_help = "\
Examples:
  sockit probe db.example:5432
  sockit probe -6 --timeout 2s www.example:https
  sockit probe -z db.example:5432 && echo open
  sockit probe tls://www.example:https
  sockit probe unix:/run/app.sock --json
For tls:// it shows each certificate of the server, also if it is not trusted (exit code 60)."
    )]
    Probe(Probe),
    /// Print the port of a service, or the name of the service on a port
    #[command(
        display_order = 4,
        after_help = "\
Examples:
  sockit port https
  sockit port 53/udp"
    )]
    Port(Port),
    #[cfg(unix)]
    #[command(flatten)]
    Unix(UnixCommand),
}

impl Command {
    /// Returns `true` if an option of the command itself (`get -s`) silences it.
    pub(crate) fn is_silent(&self) -> bool {
        match self {
            #[cfg(unix)]
            Command::Unix(UnixCommand::Get(args)) => args.silent,
            _ => false,
        }
    }
}
