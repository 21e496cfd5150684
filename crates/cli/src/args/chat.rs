//! The arguments of `sockit chat`.

use std::path::PathBuf;
use std::time::Duration;

use ::chat::{Rate, SlowConsumer};
use clap::{Args as Group, Subcommand};

use super::common::{ServeArgs, TlsConnectArgs};
use crate::parse;

#[derive(Debug, Subcommand)]
pub(crate) enum ChatCommand {
    /// Serve a chat: a line from one client goes to everyone in its room
    #[command(after_help = "\
Examples:
  sockit chat serve
  sockit chat serve --listen :60000 --greeting 'Be kind.' --history 50
  sockit chat serve --listen tls://:60001 --cert cert.pem --key key.pem
  sockit chat serve --web :8080 --history 100
Then join from other terminals:  nc 127.0.0.1 60000")]
    Serve(Box<ChatServe>),
    /// Join a chat: with an input line on a terminal, or with lines from a pipe
    #[command(after_help = "\
On a terminal, incoming messages never disturb the line that you type. Tab completes commands and
names, and Up recalls earlier lines. Ctrl-C clears the line; pressed twice, it leaves, as Ctrl-D and
/quit do. sockit reconnects after a broken connection, and then sends the lines entered meanwhile. A
paste of several lines is sent after Enter.

From a pipe, sockit sends each line. A line that is quit or begins with a command of the chat
(/nick, /join, /rooms, /who, /msg, /help, /pass, /quit) is a command; any other line is sent as text, its
slash included. With --text, every line is text. A line longer than 64 KiB is sent in pieces. A line that
is not UTF-8 is skipped with a warning, and the exit code is then 1.

Examples:
  sockit chat join 127.0.0.1:60000 --nick ann
  echo deploy done | sockit chat join chat.example:60000 --nick ci --room dev
  sockit chat join tls://chat.example:60001 --cacert ca.pem
  tail -f log | sockit chat join chat.example:60000 --nick log --text --linger 0
  sockit chat join chat.example:60000 --json --linger 1h < /dev/null")]
    Join(Box<ChatJoin>),
}

/// The arguments of `sockit chat serve`.
#[derive(Debug, Group)]
pub(crate) struct ChatServe {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Endpoint of a page for browsers, HOST:PORT, :PORT or unix:PATH; over https with --cert and
    /// --key; may be repeated
    #[cfg(feature = "web")]
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) web: Vec<String>,
    /// Another origin whose pages may join through the endpoints of --web, as https://HOST: another
    /// site, or the public one of a proxy; may be repeated
    #[cfg(feature = "web")]
    #[arg(long, value_name = "ORIGIN", requires = "web")]
    pub(crate) web_origin: Vec<::chat::Origin>,
    /// Message format: line, classic or json
    #[arg(long, default_value_t)]
    pub(crate) format: ::chat::Format,
    /// Notice to send to each new client
    #[arg(long, value_name = "TEXT")]
    pub(crate) greeting: Option<String>,
    /// Messages of a room to send to a client that joins it [default: 0; with --web 100]
    #[arg(long, value_name = "N", value_parser = parse::count::<usize>)]
    pub(crate) history: Option<usize>,
    /// Most bytes of history to keep per room
    #[arg(long, value_name = "BYTES", default_value = "128k", value_parser = parse::size)]
    pub(crate) history_bytes: usize,
    /// Directory for a log of each room, one file per day; the server restores its rooms from it.
    /// With --backplane, the log has all rooms of the chat, from where it ends
    #[arg(long, value_name = "DIR")]
    pub(crate) log_dir: Option<PathBuf>,
    /// Longest time until a message is synced to disk; always syncs each message, never leaves it
    /// to the system
    #[arg(long, value_name = "DUR|always|never", default_value = "1s", value_parser = parse::flush)]
    #[arg(requires = "log_dir")]
    pub(crate) log_flush: ::chat::SyncPolicy,
    /// Do not announce joins, leaves and renames to the room
    #[arg(long)]
    pub(crate) no_presence: bool,
    /// Most clients at the same time
    #[arg(long, value_name = "N", default_value = "10000")]
    #[arg(value_parser = parse::some_count::<usize>)]
    pub(crate) max_clients: usize,
    /// Most clients from one address at the same time; IPv6: from one /64 [default: no limit]
    #[arg(long, value_name = "N", value_parser = parse::some_count::<usize>)]
    pub(crate) max_per_address: Option<usize>,
    /// Longest line from a client
    #[arg(long, value_name = "BYTES", default_value = "4096", value_parser = parse::some_size)]
    pub(crate) max_line: usize,
    /// Most rooms at the same time, including empty rooms that --room-ttl still keeps
    #[arg(long, value_name = "N", default_value = "1000")]
    #[arg(value_parser = parse::some_count::<usize>)]
    pub(crate) max_rooms: usize,
    /// Most clients in a room other than the lobby [default: no limit]
    #[arg(long, value_name = "N", value_parser = parse::some_count::<usize>)]
    pub(crate) max_members: Option<usize>,
    /// Time to keep a room after its last member has left
    #[arg(long, value_name = "DUR", default_value = "1h", value_parser = parse::duration)]
    pub(crate) room_ttl: Duration,
    /// Lines and bytes per second to accept from each client; BYTES defaults to 1k for each line
    /// [default: no limit]
    #[arg(long, value_name = "LINES[,BYTES]", value_parser = parse::rate)]
    pub(crate) rate: Option<Rate>,
    /// Size of a burst above the rate: the lines and bytes that --rate allows in this time
    #[arg(long, value_name = "DUR", default_value = "3s", value_parser = parse::duration)]
    #[arg(requires = "rate")]
    pub(crate) burst: Duration,
    /// Treatment of a client that reads too slowly: disconnect it, or skip messages
    #[arg(long, default_value_t)]
    pub(crate) slow: SlowConsumer,
    /// Most bytes of messages to hold for all clients together
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = parse::some_size)]
    pub(crate) max_memory: usize,
    /// File whose first line is the password that each client has to say first: /pass PASSWORD
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Redis 6.2 or Valkey, as redis://[USER:PASSWORD@]HOST[:PORT][/DB]: all servers with the same
    /// one are one chat; rediss:// for TLS
    #[cfg(feature = "redis")]
    #[arg(long, value_name = "URL")]
    pub(crate) backplane: Option<String>,
    /// Name of this server among those with the same --backplane [default: host and process number]
    #[cfg(feature = "redis")]
    #[arg(long, value_name = "NAME", value_parser = parse::node_name)]
    #[arg(requires = "backplane")]
    pub(crate) node: Option<String>,
    /// Treatment of lines while the backplane is away: refuse them, or queue up to 1 MiB for each
    /// worker
    #[cfg(feature = "redis")]
    #[arg(long, default_value_t, requires = "backplane")]
    pub(crate) offline: ::chat::backplane::settings::Offline,
    /// Print the server's statistics on standard error at this interval
    #[arg(long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) stats: Option<Duration>,
    /// Endpoint for Prometheus: GET /metrics has the statistics, GET /healthz the server's health
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) metrics: Option<String>,
    /// Read the operator's commands from standard input; always on on a terminal
    #[arg(long)]
    pub(crate) console: bool,
}

/// The arguments of `sockit chat join`.
#[derive(Debug, Group)]
pub(crate) struct ChatJoin {
    /// Endpoint of the server
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Name to take; with input from a pipe, sockit fails if the server rejects it
    #[arg(long, value_name = "NAME")]
    pub(crate) nick: Option<String>,
    /// Room to join; with input from a pipe, sockit fails if the server rejects it
    #[arg(long, value_name = "ROOM")]
    pub(crate) room: Option<String>,
    /// File whose first line is the password of the chat
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Time limit for connecting, taking the name and joining the room
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// From a pipe: time to keep printing messages after the end of input
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse::duration)]
    pub(crate) linger: Duration,
    /// From a pipe: send every line as text, commands too
    #[arg(long)]
    pub(crate) text: bool,
    /// On a terminal: exit when the connection breaks, instead of reconnecting
    #[arg(long)]
    pub(crate) no_reconnect: bool,
    /// On a terminal: events that ring the bell: never, name (your name, private messages) or all
    #[arg(long, value_name = "WHEN", default_value = "name", value_parser = ["never", "name", "all"])]
    pub(crate) bell: String,
    /// On a terminal: file that keeps the entered lines, for Up in later runs
    #[arg(long, value_name = "FILE")]
    pub(crate) history_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) tls: TlsConnectArgs,
}
