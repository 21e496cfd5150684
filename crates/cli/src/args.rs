//! The arguments.

mod chat;
#[cfg(unix)]
mod get;
mod net;
mod time;

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::{Args as Group, Parser, Subcommand};
use netcore::resolve::Family;

use crate::parse;
pub(crate) use chat::{ChatCommand, ChatJoin, ChatServe};
#[cfg(unix)]
pub(crate) use get::Get;
#[cfg(unix)]
pub(crate) use net::{Connect, Listen, Send};
pub(crate) use net::{Port, Probe};
#[cfg(unix)]
pub(crate) use time::TimeBench;
pub(crate) use time::{TimeClient, TimeCommand, TimePing, TimeServe};

/// Group chat, a timestamp service, HTTP GET, and sockets done right.
#[derive(Debug, Parser)]
#[command(name = "sockit", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Exit codes: 0 done, 1 other failures, 2 usage, 3 malformed URL or endpoint, 6 host not resolved,
7 could not connect, 18 transfer ended early, 22 HTTP status 400 or above with `--fail`, 23 write
error, 26 a local file cannot be read, 28 timed out, 33 range not served, 47 too many redirects,
52 nothing received, 56 receive error or malformed response, 63 larger than the limit")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Group)]
pub(crate) struct Common {
    /// Print one JSON object a line in place of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say more on standard error; twice for more still
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Say nothing on standard error but why the program failed
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The timestamp service: answers with the time and what it received
    #[command(subcommand)]
    Time(TimeCommand),
    /// Group chat for nc, telnet and any other line client
    #[command(subcommand)]
    Chat(ChatCommand),
    /// Get what URLs name, by HTTP
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  sockit get http://127.0.0.1:8080/
  sockit get -O --retry 5 http://127.0.0.1:8080/image.iso
  sockit get -C -o image.iso http://127.0.0.1:8080/image.iso
  sockit get -i -v --no-location http://127.0.0.1:8080/old
  sockit get --write-out '%{http_code} %{time_total}\\n' -o /dev/null http://127.0.0.1:8080/")]
    Get(Box<Get>),
    /// Show how an endpoint is reached: addresses, attempts, the socket's options
    #[command(after_help = "\
Examples:
  sockit probe db.example:5432
  sockit probe -6 --timeout 2s www.example:https
  sockit probe -z db.example:5432 && echo open
  sockit probe unix:/run/app.sock --json")]
    Probe(Probe),
    /// Print the port of a service, or the service of a port
    #[command(after_help = "\
Examples:
  sockit port https
  sockit port 53/udp")]
    Port(Port),
    /// Send text, or standard input, whole
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  sockit send 127.0.0.1:7000 < file
  sockit send udp://127.0.0.1:8125 'hits:1|c'
  sockit send 127.0.0.1:7000 -- '- begins with a dash'
  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | sockit send www.example:http --wait 5s")]
    Send(Send),
    /// Join standard input and output to a connection that comes
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  sockit listen :7000 > file
  sockit listen unix:/run/drop.sock --keep-open >> log < /dev/null
  sockit listen 127.0.0.1:7000 --banner 'Thank you for connecting'
  sockit listen unix:@drop -w 1m > file
On a terminal it ends when the client does, and says so. From a pipe or file it ends when both sides
have: the client may still wait for an answer. -w bounds that.")]
    Listen(Listen),
    /// Join standard input and output to a connection
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  sockit connect 127.0.0.1:7000
  sockit connect 192.0.2.7:7000 --local-address 192.0.2.8 < file
  sockit connect -w 5s 'unix:@app'
On a terminal it ends when the peer does, and says so. From a pipe or file it ends when both sides
have: the peer may still wait for an answer. -w bounds that.")]
    Connect(Connect),
}

/// What all servers take.
#[derive(Debug, Group)]
pub(crate) struct ServeArgs {
    /// Endpoint to listen on: HOST:PORT, :PORT, [IPV6]:PORT, udp://HOST:PORT, unix:PATH or unix:@NAME; may
    /// be repeated
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) listen: Vec<String>,
    /// Threads that serve [default: one a processor]
    #[arg(long, value_name = "N", value_parser = parse::some_count::<NonZeroUsize>)]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Close a client that says nothing for so long [default: never]
    #[arg(long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Give up a client that has vanished after about so long, by TCP keepalive: 1s to 18h, or off
    #[arg(long, value_name = "DUR|off", default_value = "2m", value_parser = parse::keepalive)]
    pub(crate) keepalive: parse::Keepalive,
    /// How long a stop may take to send what is owed
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::duration)]
    pub(crate) grace: Duration,
}

/// Which addresses of a name.
#[derive(Debug, Group)]
pub(crate) struct Families {
    /// IPv4 addresses alone
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 addresses alone
    #[arg(short = '6', long)]
    ipv6: bool,
}

impl Families {
    pub(crate) fn wanted(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::Ipv4,
            (_, true) => Family::Ipv6,
            _ => Family::Any,
        }
    }
}

impl Command {
    /// Whether it is asked to be quiet by an option of its own.
    pub(crate) fn is_silent(&self) -> bool {
        match self {
            #[cfg(unix)]
            Command::Get(args) => args.silent,
            _ => false,
        }
    }
}
