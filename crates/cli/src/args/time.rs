//! The arguments of `sockit time`.

use std::time::Duration;

use clap::{Args as Group, Subcommand};
use timestamp::Service;

use super::{Families, ServeArgs};
use crate::parse;

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
Exit code: 0 if something came back from every endpoint. Otherwise that of the first one from which
nothing did: 6 not resolved, 7 not connected, 28 not connected in time, 56 another kind of server,
1 no answer.")]
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

/// How many servers can be pinged at a time: each has a thread.
const MOST_PINGED: usize = 256;

#[derive(Debug, Group)]
pub(crate) struct TimeServe {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Which service: timestamp, echo (RFC 862), daytime (RFC 867) or time (RFC 868)
    #[arg(long, default_value_t)]
    pub(crate) service: Service,
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
    #[arg(long, value_name = "N", default_value = "10000")]
    #[arg(value_parser = parse::some_count::<usize>)]
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
    pub(crate) service: Service,
    /// How long to wait for the connection, and for each answer
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct TimeBench {
    /// The server: one that answers each line with the line, as it came or behind [TIME]
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Connections, or sockets over UDP
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse::some_count::<usize>)]
    pub(crate) connections: usize,
    /// How long to measure
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) duration: Duration,
    /// The bytes of a request, its line end included
    #[arg(long, value_name = "BYTES", default_value = "64", value_parser = parse::some_size)]
    pub(crate) size: usize,
    /// So many requests a second over all connections, whatever becomes of the answers [default: as
    /// fast as answers come]
    #[arg(long, value_name = "PER_SECOND", value_parser = parse::some_count::<u64>)]
    pub(crate) rate: Option<u64>,
    /// How many requests each connection may have under way
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse::some_count::<usize>)]
    pub(crate) pipeline: usize,
    /// How long there is load before it is measured
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse::duration)]
    pub(crate) warmup: Duration,
    /// How long to wait for the connections, and for each answer
    #[arg(long, value_name = "DUR", default_value = "2s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// Threads that make the load
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse::some_count::<usize>)]
    pub(crate) threads: usize,
    /// Write the latencies to this file by the second, for the tools of HdrHistogram
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<std::path::PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct TimePing {
    /// The servers; several are pinged at the same time
    #[arg(value_name = "ENDPOINT", required = true, num_args = 1..=MOST_PINGED)]
    pub(crate) endpoints: Vec<String>,
    /// Stop after so many probes [default: without end]
    #[arg(short, long, value_name = "N", value_parser = parse::some_count::<u64>)]
    pub(crate) count: Option<u64>,
    /// The time from one probe to the next
    #[arg(short, long, value_name = "DUR", default_value = "1s")]
    #[arg(value_parser = parse::some_duration)]
    pub(crate) interval: Duration,
    /// Stop after this time, whatever is still to come [default: without limit]
    #[arg(short = 'w', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) deadline: Option<Duration>,
    /// How long the connection may take, and each answer before its probe is lost
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// Which service they have: timestamp, echo, daytime or time
    #[arg(long, default_value_t)]
    pub(crate) service: Service,
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
    pub(crate) plot: Option<std::path::PathBuf>,
}
