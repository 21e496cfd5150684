//! The arguments.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use ::chat::{Rate, Slow};
use clap::{Args as Group, Parser, Subcommand};
use netcore::Family;
use timestamp::Protocol;

#[cfg(unix)]
use crate::get::WriteOut;
use crate::values;

/// Group chat, a timestamp service, HTTP GET, and sockets done right.
#[derive(Debug, Parser)]
#[command(name = "sockit", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Exit codes: 0 done, 1 other failures, 2 usage, 3 malformed URL or endpoint, 6 host not resolved,
7 could not connect, 18 transfer ended early, 22 HTTP status 400 or above with `--fail`, 23 write
error, 28 timed out, 33 range not served, 47 too many redirects, 52 nothing received, 56 receive
error or malformed response, 63 larger than the limit")]
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
  sockit time serve --listen udp://:21567
  sockit time serve --service daytime --listen :13")]
    Serve(TimeServe),
    /// Send each line of standard input and print the answer to it
    #[command(after_help = "\
Examples:
  echo hello | sockit time client 127.0.0.1:21567
  echo hello | sockit time client udp://127.0.0.1:21567
  sockit time client --service daytime 127.0.0.1:daytime")]
    Client(TimeClient),
    /// Measure round trips, and how far the server's clock is from this machine's
    #[command(after_help = "\
Examples:
  sockit time ping 127.0.0.1:21567
  sockit time ping -c 100 -i 20ms --histogram udp://there:21567
  sockit time ping -q -w 1m --json db.example:21567 web.example:21567
  sockit time ping --service echo there:echo
With -q there is the summary alone.
Exit code: 0 if something came back from every endpoint, otherwise 1.")]
    Ping(TimePing),
    /// Put load on an echo or timestamp server, and show how long its answers take
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  sockit time bench 127.0.0.1:21567 --connections 64
  sockit time bench 127.0.0.1:21567 --connections 64 --rate 50000 --log bench.hlog
  sockit time bench udp://127.0.0.1:21567 --connections 16 --pipeline 8 --json
  sockit time bench unix:/run/echo.sock --size 4k --duration 1m")]
    Bench(TimeBench),
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
    /// Talk: an input line that nothing disturbs, or lines from a pipe
    #[command(after_help = "\
On a terminal, what you type is yours until Enter: Tab completes commands and names, Up brings lines
back, Ctrl-C clears the line and twice leaves, as Ctrl-D and /quit do. When the connection breaks it
comes back by itself, and what you enter meanwhile is sent then.

From a pipe, each line is sent. One that begins with a command of the chat (/nick, /join, /rooms,
/who, /msg, /help, /quit) or is quit is that command; any other is said as it is, with its slash.
With --text, all are.

Examples:
  sockit chat join 127.0.0.1:60000 --nick ann
  echo deploy done | sockit chat join chat.example:60000 --nick ci --room dev
  tail -f log | sockit chat join chat.example:60000 --nick log --text --linger 0
  sockit chat join chat.example:60000 --json --linger 1h < /dev/null")]
    Join(ChatJoin),
}

/// How many servers can be pinged at a time: each has a thread.
const MOST_PINGED: usize = 256;

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
    /// Which service: timestamp, echo (RFC 862), daytime (RFC 867) or time (RFC 868)
    #[arg(long, default_value_t)]
    pub(crate) service: Protocol,
    /// What gets one answer: each piece of the stream as it is received, or each line
    /// [default: chunk]
    #[arg(long, value_parser = ["chunk", "line"])]
    pub(crate) framing: Option<String>,
    /// How the time is written: ctime, rfc3339, rfc2822, unix, unix-ms, unix-ns or a strftime
    /// pattern behind + [default: ctime]
    #[arg(long)]
    pub(crate) format: Option<timestamp::Format>,
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
    /// Which service it has: timestamp, echo, daytime or time; of the last two one answer is
    /// printed
    #[arg(long, default_value_t)]
    pub(crate) service: Protocol,
    /// How long to wait for the connection, and for each answer
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct TimeBench {
    /// The server: one that answers each line with the line, as it came or behind [TIME]
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Connections, or sockets over UDP
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) connections: usize,
    /// How long to measure
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = values::some_duration)]
    pub(crate) duration: Duration,
    /// The bytes of a request, its line end included
    #[arg(long, value_name = "BYTES", default_value = "64", value_parser = values::size)]
    pub(crate) size: usize,
    /// So many requests a second over all connections, whatever becomes of the answers [default: as
    /// fast as answers come]
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate: Option<u64>,
    /// How many requests each connection may have under way
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) pipeline: usize,
    /// How long there is load before it is measured
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = values::duration)]
    pub(crate) warmup: Duration,
    /// How long to wait for the connections, and for each answer
    #[arg(long, value_name = "DUR", default_value = "2s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
    /// Threads that make the load
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
    /// Write the latencies to this file by the second, for the tools of HdrHistogram
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct TimePing {
    /// The servers; several are pinged at the same time
    #[arg(value_name = "ENDPOINT", required = true, num_args = 1..=MOST_PINGED)]
    pub(crate) endpoints: Vec<String>,
    /// Stop after so many probes [default: without end]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// The time from one probe to the next
    #[arg(short, long, value_name = "DUR", default_value = "1s")]
    #[arg(value_parser = values::some_duration)]
    pub(crate) interval: Duration,
    /// Stop after this time, whatever is still to come [default: without limit]
    #[arg(short = 'w', long, value_name = "DUR", value_parser = values::some_duration)]
    pub(crate) deadline: Option<Duration>,
    /// How long the connection may take, and each answer before its probe is lost
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
    /// Which service they have: timestamp, echo, daytime or time
    #[arg(long, default_value_t)]
    pub(crate) service: Protocol,
    #[command(flatten)]
    pub(crate) families: Families,
    /// A time without a zone (ctime) is in UTC, not in local time
    #[arg(long)]
    pub(crate) utc: bool,
    /// Draw how the round trips are distributed
    #[arg(long)]
    pub(crate) histogram: bool,
    /// Draw the round trips over time into this file
    #[cfg(feature = "plot")]
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
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
    /// How many of the last messages of a room a client gets as it comes there
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) history: usize,
    /// How many bytes those have at most, in each room
    #[arg(long, value_name = "BYTES", default_value = "128k", value_parser = values::size)]
    pub(crate) history_bytes: usize,
    /// Keep each room's log in this directory, a file a day, and begin with what is there
    #[cfg(unix)]
    #[arg(long, value_name = "DIR")]
    pub(crate) log_dir: Option<PathBuf>,
    /// When that is synced to the disk: so long after a message at the latest, always or never
    #[cfg(unix)]
    #[arg(long, value_name = "DUR|always|never", default_value = "1s", value_parser = values::flush)]
    #[arg(requires = "log_dir")]
    pub(crate) log_flush: ::chat::Flush,
    /// Do not tell a room who comes, goes or takes another name
    #[arg(long)]
    pub(crate) no_presence: bool,
    /// The most clients at a time
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_clients: usize,
    /// The longest line from a client
    #[arg(long, value_name = "BYTES", default_value = "4096", value_parser = values::size)]
    pub(crate) max_line: usize,
    /// The most rooms at a time, those that are only remembered included
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) max_rooms: usize,
    /// The most clients in a room other than the lobby [default: all there are]
    #[arg(long, value_name = "N")]
    pub(crate) max_members: Option<usize>,
    /// How long a room is remembered after its last member has gone
    #[arg(long, value_name = "DUR", default_value = "1h", value_parser = values::duration)]
    pub(crate) room_ttl: Duration,
    /// How many lines, and bytes of them, are heard of a client in a second; BYTES is 1k for each
    /// line unless told [default: all]
    #[arg(long, value_name = "LINES[,BYTES]", value_parser = values::rate)]
    pub(crate) rate: Option<Rate>,
    /// How much of the rate may come at once, as the time in which it allows that
    #[arg(long, value_name = "DUR", default_value = "3s", value_parser = values::duration)]
    #[arg(requires = "rate")]
    pub(crate) burst: Duration,
    /// What becomes of a client that reads too slowly: disconnect or skip
    #[arg(long, default_value_t)]
    pub(crate) slow: Slow,
    /// How many bytes of messages may wait for clients, all together
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = values::size)]
    pub(crate) max_memory: usize,
    /// Print the server's figures on standard error so often
    #[arg(long, value_name = "DUR", value_parser = values::some_duration)]
    pub(crate) stats: Option<Duration>,
    /// Read the operator's commands from standard input; on by itself on a terminal
    #[arg(long)]
    pub(crate) console: bool,
}

#[derive(Debug, Group)]
pub(crate) struct ChatJoin {
    /// The server
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// The name to have; from a pipe it is an error if it can't be had
    #[arg(long, value_name = "NAME")]
    pub(crate) nick: Option<String>,
    /// The room to be in; from a pipe it is an error if it can't be entered
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: Option<String>,
    /// How long connecting may take, with the answers about name and room
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = values::some_duration)]
    pub(crate) timeout: Duration,
    /// From a pipe: how long to print what arrives after the end of input
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = values::duration)]
    pub(crate) linger: Duration,
    /// From a pipe: say each line as it is, commands too
    #[arg(long)]
    pub(crate) text: bool,
    /// On a terminal: end when the connection does
    #[arg(long)]
    pub(crate) no_reconnect: bool,
    /// On a terminal: what rings the bell: never, name (your name, private messages) or all
    #[arg(long, value_name = "WHEN", default_value = "name", value_parser = ["never", "name", "all"])]
    pub(crate) bell: String,
    /// On a terminal: keep the lines that you enter in this file, for Up in later runs
    #[arg(long, value_name = "FILE")]
    pub(crate) history_file: Option<PathBuf>,
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

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct Get {
    /// What to get: http://HOST[:PORT]/PATH; without a scheme it is http://
    #[arg(value_name = "URL", required_unless_present = "url_file")]
    pub(crate) urls: Vec<String>,
    /// Get the URLs in this file too, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) url_file: Option<PathBuf>,
    /// Write the body to this file, once it is whole; one for each URL, in their order
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Write each body to a file with the last part of its URL for a name
    #[arg(short = 'O', long, conflicts_with = "output")]
    pub(crate) remote_name: bool,
    /// Put the heads of the responses before the body, as they came
    #[arg(short, long)]
    pub(crate) include: bool,
    /// No progress, and no log unless -v asks for it
    #[arg(short, long)]
    pub(crate) silent: bool,
    /// Fail with 22 if the status is 400 or above, without its body
    #[arg(short, long)]
    pub(crate) fail: bool,
    /// Send this field too; 'NAME:' removes one, 'NAME;' sends it empty; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// Do not follow redirects
    #[arg(long, overrides_with = "location")]
    pub(crate) no_location: bool,
    /// Follow redirects, as it does anyway; whichever of the two comes last
    #[arg(short = 'L', long, overrides_with = "no_location")]
    location: bool,
    /// The most redirects that are followed
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) max_redirects: usize,
    /// How long resolving and connecting may take
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = values::some_duration)]
    pub(crate) connect_timeout: Duration,
    /// How long it may take until the first byte of the response
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = values::some_duration)]
    pub(crate) first_byte_timeout: Duration,
    /// How long there may be no byte
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = values::some_duration)]
    pub(crate) stall_timeout: Duration,
    /// How long each URL may take, redirects and retries included [default: without limit]
    #[arg(short, long, value_name = "DUR", value_parser = values::some_duration)]
    pub(crate) max_time: Option<Duration>,
    /// Try again so often, from where it broke, where that may help
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) retry: u32,
    /// Go on with what an earlier transfer left
    #[arg(short = 'C', long = "continue")]
    pub(crate) resume: bool,
    /// Get this part alone: FIRST-LAST, FIRST- or -LAST_N, in bytes
    #[arg(short, long, value_name = "A-B", value_parser = values::byte_range)]
    #[arg(allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    /// Leave the transfer coding as it came: the chunks with their sizes
    #[arg(long)]
    pub(crate) raw: bool,
    /// Ask by HTTP/1.0
    #[arg(long = "http1.0")]
    pub(crate) http10: bool,
    /// Connect to this address for this host and port; may be repeated
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = values::resolve)]
    pub(crate) resolve: Vec<(String, u16, IpAddr)>,
    /// The address of this side: IP or IP:PORT
    #[arg(long, value_name = "ADDR", value_parser = values::local_address)]
    pub(crate) local_address: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) families: Families,
    /// Connect to this socket, whatever the host
    #[arg(long, value_name = "PATH")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// The largest body; a larger one fails with 63 [default: without limit]
    #[arg(long, value_name = "BYTES", value_parser = values::size)]
    pub(crate) max_filesize: Option<usize>,
    /// Print this when a transfer has ended, with curl's variables, as %{http_code}
    #[arg(short, long, value_name = "FORMAT", allow_hyphen_values = true)]
    pub(crate) write_out: Option<WriteOut>,
    /// So many at a time; on standard output the bodies come in the order of the URLs
    #[arg(short = 'Z', long, value_name = "N", default_value = "1")]
    pub(crate) parallel: NonZeroUsize,
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
