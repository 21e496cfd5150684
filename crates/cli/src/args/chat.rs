//! The arguments of `sockit chat`.

use std::path::PathBuf;
use std::time::Duration;

use ::chat::{Rate, SlowConsumer};
use clap::{Args as Group, Subcommand};

use super::ServeArgs;
use crate::parse;

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
comes back by itself, and what you enter meanwhile is sent then. A paste of several lines waits for
Enter.

From a pipe, each line is sent. One that begins with a command of the chat (/nick, /join, /rooms,
/who, /msg, /help, /quit) or is quit is that command; any other is said as it is, with its slash.
With --text, all are. A line longer than 64 KiB is sent in pieces; one that is not UTF-8 is refused
with a message, the others are sent, and the exit code is 1.

Examples:
  sockit chat join 127.0.0.1:60000 --nick ann
  echo deploy done | sockit chat join chat.example:60000 --nick ci --room dev
  tail -f log | sockit chat join chat.example:60000 --nick log --text --linger 0
  sockit chat join chat.example:60000 --json --linger 1h < /dev/null")]
    Join(ChatJoin),
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
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse::count::<usize>)]
    pub(crate) history: usize,
    /// How many bytes those have at most, in each room
    #[arg(long, value_name = "BYTES", default_value = "128k", value_parser = parse::size)]
    pub(crate) history_bytes: usize,
    /// Keep each room's log in this directory, a file a day, and begin with what is there
    #[cfg(unix)]
    #[arg(long, value_name = "DIR")]
    pub(crate) log_dir: Option<PathBuf>,
    /// When that is synced to the disk: so long after a message at the latest, always or never
    #[cfg(unix)]
    #[arg(long, value_name = "DUR|always|never", default_value = "1s", value_parser = parse::flush)]
    #[arg(requires = "log_dir")]
    pub(crate) log_flush: ::chat::SyncPolicy,
    /// Do not tell a room who comes, goes or takes another name
    #[arg(long)]
    pub(crate) no_presence: bool,
    /// The most clients at a time
    #[arg(long, value_name = "N", default_value = "10000")]
    #[arg(value_parser = parse::some_count::<usize>)]
    pub(crate) max_clients: usize,
    /// The longest line from a client
    #[arg(long, value_name = "BYTES", default_value = "4096", value_parser = parse::some_size)]
    pub(crate) max_line: usize,
    /// The most rooms at a time, those that are only remembered included
    #[arg(long, value_name = "N", default_value = "1000")]
    #[arg(value_parser = parse::some_count::<usize>)]
    pub(crate) max_rooms: usize,
    /// The most clients in a room other than the lobby [default: all there are]
    #[arg(long, value_name = "N", value_parser = parse::some_count::<usize>)]
    pub(crate) max_members: Option<usize>,
    /// How long a room is remembered after its last member has gone
    #[arg(long, value_name = "DUR", default_value = "1h", value_parser = parse::duration)]
    pub(crate) room_ttl: Duration,
    /// How many lines, and bytes of them, are heard of a client in a second; BYTES is 1k for each
    /// line unless told [default: all]
    #[arg(long, value_name = "LINES[,BYTES]", value_parser = parse::rate)]
    pub(crate) rate: Option<Rate>,
    /// How much of the rate may come at once, as the time in which it allows that
    #[arg(long, value_name = "DUR", default_value = "3s", value_parser = parse::duration)]
    #[arg(requires = "rate")]
    pub(crate) burst: Duration,
    /// What becomes of a client that reads too slowly: disconnect or skip
    #[arg(long, default_value_t)]
    pub(crate) slow: SlowConsumer,
    /// How many bytes of messages may wait for clients, all together
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = parse::some_size)]
    pub(crate) max_memory: usize,
    /// Print the server's figures on standard error so often
    #[arg(long, value_name = "DUR", value_parser = parse::some_duration)]
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
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// From a pipe: how long to print what arrives after the end of input
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse::duration)]
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
