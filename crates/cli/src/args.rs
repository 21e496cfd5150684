//! The arguments.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use ::chat::Slow;
use clap::{Args as Group, Parser, Subcommand};
use netcore::Family;

use crate::values;

/// Group chat, a timestamp service, and sockets done right.
#[derive(Debug, Parser)]
#[command(name = "sockit", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Exit codes: 0 done, 1 other failures, 2 usage, 3 malformed endpoint, 6 host not resolved,
7 could not connect, 23 write error, 28 timed out, 52 nothing received, 56 receive error,
63 larger than the limit")]
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
    /// Show how an endpoint is reached: addresses, attempts, the socket's options
    #[command(after_help = "\
Examples:
  sockit probe db.example:5432
  sockit probe -6 --timeout 2s www.example:https
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
  sockit send udp://127.0.0.1:8125 hits:1|c
  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | sockit send www.example:http --wait 5s")]
    Send(Send),
    /// Join standard input and output to a connection that comes
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  sockit listen :7000 > file
  sockit listen unix:/run/drop.sock --keep-open >> log < /dev/null
  sockit listen 127.0.0.1:7000 --banner 'Thank you for connecting'")]
    Listen(Listen),
    /// Join standard input and output to a connection
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  sockit connect 127.0.0.1:7000
  sockit connect 192.0.2.7:7000 --local-address 192.0.2.8 < file")]
    Connect(Connect),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TimeCommand {
    /// Answer what comes with the time and the same bytes
    #[command(after_help = "\
Examples:
  sockit time serve
  sockit time serve --listen :21567 --framing line --format rfc3339 --utc
  sockit time serve --listen unix:/run/time.sock --format '+%H:%M:%S'
  sockit time serve --listen udp://:21567")]
    Serve(TimeServe),
    /// Send each line of standard input and print the answer to it
    #[command(after_help = "\
Examples:
  echo hello | sockit time client 127.0.0.1:21567
  echo hello | sockit time client udp://127.0.0.1:21567")]
    Client(TimeClient),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChatCommand {
    /// Serve a chat: what one client writes, all get
    #[command(after_help = "\
Examples:
  sockit chat serve
  sockit chat serve --listen :60000 --greeting 'Be kind.' --history 50
Then, in as many terminals as there are people:  nc 127.0.0.1 60000")]
    Serve(ChatServe),
}

/// What all servers take.
#[derive(Debug, Group)]
pub(crate) struct ServeArgs {
    /// Where to listen: HOST:PORT, :PORT, [IPV6]:PORT, udp://HOST:PORT or unix:PATH; may be
    /// repeated
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) listen: Vec<String>,
    /// Threads that serve [default: one a processor]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Close a client that says nothing for so long [default: never]
    #[arg(long, value_name = "DUR", value_parser = values::some_duration)]
    pub(crate) idle_timeout: Option<Duration>,
    /// How long a stop may take to send what is owed
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = values::duration)]
    pub(crate) grace: Duration,
}

#[derive(Debug, Group)]
pub(crate) struct TimeServe {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// What gets one answer: each piece of the stream as it is received, or each line
    #[arg(long, default_value = "chunk", value_parser = ["chunk", "line"])]
    pub(crate) framing: String,
    /// How the time is written: ctime, rfc3339, rfc2822, unix, unix-ms, unix-ns or a strftime
    /// pattern behind +
    #[arg(long, default_value = "ctime")]
    pub(crate) format: timestamp::Format,
    /// Write the time in UTC, not in local time
    #[arg(long)]
    pub(crate) utc: bool,
    /// The most clients at a time
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_connections: usize,
}

#[derive(Debug, Group)]
pub(crate) struct TimeClient {
    /// The server
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// How long to wait for the connection, and for each answer
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Group)]
pub(crate) struct ChatServe {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// How messages are written: line, classic or json
    #[arg(long, default_value_t)]
    pub(crate) format: ::chat::Format,
    /// A notice for each client as it comes
    #[arg(long, value_name = "TEXT")]
    pub(crate) greeting: Option<String>,
    /// How many of the last messages a client gets as it comes
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) history: usize,
    /// The most clients at a time
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_clients: usize,
    /// The longest line from a client
    #[arg(long, value_name = "BYTES", default_value = "4096", value_parser = values::size)]
    pub(crate) max_line: usize,
    /// What becomes of a client that reads too slowly: disconnect or skip
    #[arg(long, default_value_t)]
    pub(crate) slow: Slow,
    /// Read the operator's commands from standard input; on by itself on a terminal
    #[arg(long)]
    pub(crate) console: bool,
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

#[derive(Debug, Group)]
pub(crate) struct Probe {
    /// What to connect to
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// How long all of it may take
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) families: Families,
}

#[derive(Debug, Group)]
pub(crate) struct Port {
    /// A service's name or a port, and tcp or udp; without that TCP first, then UDP
    #[arg(value_name = "NAME|NUMBER[/PROTO]")]
    pub(crate) service: String,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct Send {
    /// Where to; a Unix socket may be one for datagrams
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// What to send, as it is; without it standard input, over UDP as one datagram
    #[arg(value_name = "TEXT")]
    pub(crate) text: Option<OsString>,
    /// Print what comes back, for so long after all is sent or until the peer ends
    #[arg(long, value_name = "DUR", value_parser = values::some_duration)]
    pub(crate) wait: Option<Duration>,
    /// How long the connection may take, TEXT, and after the end of input the peer to take the rest
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) families: Families,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct Listen {
    /// Where to listen: HOST:PORT, :PORT, [IPV6]:PORT, udp://HOST:PORT or unix:PATH
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Send each client this text, as it is, and close
    #[arg(long, value_name = "TEXT")]
    pub(crate) banner: Option<OsString>,
    /// Take one connection after the other, not just one: the next when one has ended and standard
    /// input has nothing for it for a second
    #[arg(long)]
    pub(crate) keep_open: bool,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct Connect {
    /// Where to; over UDP it ends when standard input has, and nothing has come for a second
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// The address of this side: IP or IP:PORT
    #[arg(long, value_name = "ADDR", value_parser = values::local_address)]
    pub(crate) local_address: Option<SocketAddr>,
    /// How long the connection may take
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) families: Families,
}
