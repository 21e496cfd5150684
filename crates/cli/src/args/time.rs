//! The arguments of `sockit time`.

use std::time::Duration;

use clap::{Args as Group, Subcommand};
use timestamp::Service;

use super::common::{Families, ServeArgs, TlsConnectArgs};
use crate::parse;

#[derive(Debug, Subcommand)]
pub(crate) enum TimeCommand {
    /// Serve the timestamp service: echo each message behind the time
    #[command(after_help = "\
Examples:
  sockit time serve
  sockit time serve --listen :21567 --framing line --format rfc3339 --utc
  sockit time serve --listen unix:/run/time.sock --format '+%H:%M:%S'
  sockit time serve --listen udp://:21567
  sockit time serve --listen tls://:21568 --cert cert.pem --key key.pem
  sockit time serve --service daytime --listen :13")]
    Serve(TimeServe),
    /// Send each line of standard input and print its reply
    #[command(after_help = "\
Examples:
  echo hello | sockit time client 127.0.0.1:21567
  echo hello | sockit time client udp://127.0.0.1:21567
  sockit time client --service daytime 127.0.0.1:daytime")]
    Client(TimeClient),
    /// Measure round trips and the offset of the server's clock
    #[command(after_help = "\
Examples:
  sockit time ping 127.0.0.1:21567
  sockit time ping -c 100 -i 20ms --histogram udp://there:21567
  sockit time ping -q -w 1m --json db.example:21567 web.example:21567
  sockit time ping --cacert ca.pem tls://there:21568
  sockit time ping --service echo there:echo
With -q, only the summary is printed.
Exit code: 0 if every endpoint replied. Otherwise the code of the first endpoint that did not: 6 not
resolved, 7 not connected, 28 not connected in time, 35 no TLS, 60 not trusted, 56 not a server of
this service, 1 no reply.")]
    Ping(TimePing),
    /// Load an echo or timestamp server and print its latencies
    #[command(after_help = "\
Examples:
  sockit time bench 127.0.0.1:21567 --connections 64
  sockit time bench 127.0.0.1:21567 --connections 64 --rate 50000 --log bench.hlog
  sockit time bench udp://127.0.0.1:21567 --connections 16 --pipeline 8 --json
  sockit time bench unix:/run/echo.sock --size 4k --duration 1m")]
    Bench(TimeBench),
}

/// The most servers to ping at the same time; each has a thread.
const MAX_ENDPOINTS: usize = 256;

/// The arguments of `sockit time serve`.
#[derive(Debug, Group)]
pub(crate) struct TimeServe {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Service to provide: timestamp, echo (RFC 862), daytime (RFC 867) or time (RFC 868)
    #[arg(long, default_value_t)]
    pub(crate) service: Service,
    /// Unit of a reply: chunk, each piece of the stream as it is received, or line [default: chunk]
    #[arg(long, value_parser = ["chunk", "line"])]
    pub(crate) framing: Option<String>,
    /// Time format: ctime, rfc3339, rfc2822, unix, unix-ms, unix-ns, or + and a strftime pattern
    /// [default: ctime]
    #[arg(long)]
    pub(crate) format: Option<timestamp::Format>,
    /// Write the time in UTC instead of local time
    #[arg(long)]
    pub(crate) utc: bool,
    /// Most clients at the same time
    #[arg(long, value_name = "N", default_value = "10000")]
    #[arg(value_parser = parse::some_count::<usize>)]
    pub(crate) max_connections: usize,
}

/// The arguments of `sockit time client`.
#[derive(Debug, Group)]
pub(crate) struct TimeClient {
    /// Endpoint of the server
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Service of the server: timestamp, echo, daytime or time; daytime and time send one reply
    /// without a request
    #[arg(long, default_value_t)]
    pub(crate) service: Service,
    /// Time limit for connecting, and for each reply
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) tls: TlsConnectArgs,
}

/// The arguments of `sockit time bench`.
#[derive(Debug, Group)]
pub(crate) struct TimeBench {
    /// Endpoint of a server that replies to each line with the same line, or with [TIME] before it
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Number of connections, or of sockets over UDP
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse::some_count::<usize>)]
    pub(crate) connections: usize,
    /// Duration of the measurement
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) duration: Duration,
    /// Bytes of a request, its line end included
    #[arg(long, value_name = "BYTES", default_value = "64", value_parser = parse::some_size)]
    pub(crate) size: usize,
    /// Requests per second over all connections, sent on schedule even if replies are late
    /// [default: as fast as answers come]
    #[arg(long, value_name = "PER_SECOND", value_parser = parse::some_count::<u64>)]
    pub(crate) rate: Option<u64>,
    /// Requests in flight per connection
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse::some_count::<usize>)]
    pub(crate) pipeline: usize,
    /// Time to run the load before the measurement starts
    #[arg(long, value_name = "DUR", default_value = "1s", value_parser = parse::duration)]
    pub(crate) warmup: Duration,
    /// Time limit for connecting, and for each reply
    #[arg(long, value_name = "DUR", default_value = "2s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// Number of threads that generate the load
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse::some_count::<usize>)]
    pub(crate) threads: usize,
    /// File for the latencies of each second, for the tools of HdrHistogram
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) tls: TlsConnectArgs,
}

/// The arguments of `sockit time ping`.
#[derive(Debug, Group)]
pub(crate) struct TimePing {
    /// Endpoints of the servers; several are pinged at the same time
    #[arg(value_name = "ENDPOINT", required = true, num_args = 1..=MAX_ENDPOINTS)]
    pub(crate) endpoints: Vec<String>,
    /// Number of probes to send [default: no limit]
    #[arg(short, long, value_name = "N", value_parser = parse::some_count::<u64>)]
    pub(crate) count: Option<u64>,
    /// Time from one probe to the next
    #[arg(short, long, value_name = "DUR", default_value = "1s")]
    #[arg(value_parser = parse::some_duration)]
    pub(crate) interval: Duration,
    /// Time after which to stop, even with probes outstanding [default: no limit]
    #[arg(short = 'w', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) deadline: Option<Duration>,
    /// Time limit for connecting, and for each reply before its probe counts as lost
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// Service of the servers: timestamp, echo, daytime or time
    #[arg(long, default_value_t)]
    pub(crate) service: Service,
    #[command(flatten)]
    pub(crate) families: Families,
    /// Read a time without a zone (ctime) as UTC instead of local time
    #[arg(long)]
    pub(crate) utc: bool,
    /// Draw a histogram of the round trips
    #[arg(long)]
    pub(crate) histogram: bool,
    /// SVG file for a plot of the round trips over time
    #[cfg(feature = "plot")]
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) tls: TlsConnectArgs,
}
