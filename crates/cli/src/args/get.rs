//! The arguments of `sockit get`.

mod coding;
pub(crate) mod credentials;
mod files;
mod integrity;
mod network;
pub(crate) mod proxy;
mod request;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as Group;

use super::common::{Families, TlsClientArgs};
use crate::parse;
use coding::Coding;
use credentials::CredentialArgs;
use files::FileArgs;
use integrity::Integrity;
use network::NetworkArgs;
use proxy::ProxyArgs;
use request::RequestArgs;

/// The arguments of `sockit get`.
#[derive(Debug, Group)]
pub(crate) struct Get {
    /// URLs to download: http://HOST[:PORT]/PATH or https://…; the default scheme is http://
    #[arg(value_name = "URL", required_unless_present = "url_file")]
    pub(crate) urls: Vec<String>,
    /// File with more URLs to download, one per line, read as it grows; - is standard input; a name
    /// behind a URL is its file, as for -o
    #[arg(long, value_name = "FILE")]
    pub(crate) url_file: Option<PathBuf>,
    /// File for the body, which appears once it is complete; one -o per URL, in the same order; -
    /// is standard output and allows binary data on a terminal
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Write each body to a file named after the last part of its URL, or else index.html
    #[arg(short = 'O', long, conflicts_with = "output")]
    pub(crate) remote_name: bool,
    /// Never replace a file: if FILE exists, write to the first free of FILE.1 to FILE.100
    #[arg(long, conflicts_with = "resume")]
    pub(crate) no_clobber: bool,
    /// Write the response heads before the body, byte for byte
    #[arg(short, long)]
    pub(crate) include: bool,
    /// Print no progress and no errors, and no log without -v
    #[arg(short, long)]
    pub(crate) silent: bool,
    /// Print errors even with -s
    #[arg(short = 'S', long)]
    pub(crate) show_error: bool,
    /// Exit with 22 if the status is 400 or above, without writing the body
    #[arg(short, long)]
    pub(crate) fail: bool,
    /// Exit with 22 if the status is 400 or above, after writing the body
    #[arg(long, conflicts_with = "fail")]
    pub(crate) fail_with_body: bool,
    /// Header field to send instead of the default one; 'NAME:' removes the default, 'NAME;' sends
    /// an empty field; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// Do not follow redirects
    #[arg(long, overrides_with = "location")]
    pub(crate) no_location: bool,
    /// Follow redirects, which is the default; overrides an earlier --no-location
    #[arg(short = 'L', long, overrides_with = "no_location")]
    location: bool,
    /// Most redirects to follow
    #[arg(long, value_name = "N", default_value = "10", value_parser = parse::count::<usize>)]
    pub(crate) max_redirects: usize,
    /// Time limit for resolving and connecting
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = parse::some_duration)]
    pub(crate) connect_timeout: Duration,
    /// Time limit for the first byte of the response
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = parse::some_duration)]
    pub(crate) first_byte_timeout: Duration,
    /// Longest time without a byte received
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = parse::some_duration)]
    pub(crate) stall_timeout: Duration,
    /// Exit with 28 if a body stays below this many bytes per second for --speed-time; 0 means no
    /// limit [default: 1 with --speed-time]
    #[arg(short = 'Y', long, value_name = "BYTES", value_parser = parse::size)]
    pub(crate) speed_limit: Option<usize>,
    /// Time over which --speed-limit measures [default: 30s with --speed-limit]
    #[arg(short = 'y', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) speed_time: Option<Duration>,
    /// Time limit for each URL, redirects and retries included [default: no limit]
    #[arg(short, long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) max_time: Option<Duration>,
    /// Retries after a temporary error; each continues where the transfer broke off
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse::count::<u32>)]
    pub(crate) retry: u32,
    /// Wait before each retry, unless the server states one; 0 means the default [default: 1s, then
    /// longer each time]
    #[arg(long, value_name = "DUR", value_parser = parse::duration)]
    pub(crate) retry_delay: Option<Duration>,
    /// Start no retry after this time; 0 means no limit [default: no limit]
    #[arg(long, value_name = "DUR", value_parser = parse::duration)]
    pub(crate) retry_max_time: Option<Duration>,
    /// Retry after every error, not only after temporary ones
    #[arg(long)]
    pub(crate) retry_all_errors: bool,
    /// Resume an earlier transfer of the same URL; fetch nothing if FILE is complete; -C - means
    /// the same
    #[arg(short = 'C', long = "continue")]
    pub(crate) resume: bool,
    /// Fetch a file of -o or -O in up to N ranges at once, each over its own connection; 1 to 16
    #[arg(long = "split", value_name = "N", value_parser = parse::segments)]
    pub(crate) segments: Option<usize>,
    /// Byte range to request: FIRST-LAST, FIRST- or -LAST_N
    #[arg(short, long, value_name = "A-B", value_parser = parse::byte_range)]
    #[arg(allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    /// Do not decode the transfer coding: write the chunks with their sizes
    #[arg(long)]
    pub(crate) raw: bool,
    /// Send the request as HTTP/1.0
    #[arg(long = "http1.0")]
    pub(crate) http10: bool,
    /// Address to use for a host and port instead of resolving it; may be repeated
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = parse::resolve)]
    pub(crate) resolve: Vec<(String, u16, IpAddr)>,
    /// Local address to connect from: IP or IP:PORT
    #[arg(long, value_name = "ADDR", value_parser = parse::local_address)]
    pub(crate) local_address: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) families: Families,
    /// Unix socket to connect to, for every host
    #[arg(long, value_name = "PATH")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// Largest body to accept; a larger one fails with 63, immediately if announced; 0 means no
    /// limit [default: no limit]
    #[arg(long, value_name = "BYTES", value_parser = parse::size)]
    pub(crate) max_filesize: Option<usize>,
    /// Text to print after each transfer, with curl's variables such as %{http_code}; @FILE reads
    /// it from a file, @- from standard input
    #[arg(short, long, value_name = "FORMAT", allow_hyphen_values = true)]
    pub(crate) write_out: Option<String>,
    /// Number of simultaneous transfers; standard output gets the bodies in the order of the URLs
    #[arg(short = 'Z', long, value_name = "N", default_value = "1", value_parser = parse::some_count::<NonZeroUsize>)]
    pub(crate) parallel: NonZeroUsize,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten, next_help_heading = "Options of https://")]
    pub(crate) tls: TlsClientArgs,
    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,
    #[command(flatten)]
    pub(crate) integrity: Integrity,
    #[command(flatten)]
    pub(crate) proxies: ProxyArgs,
    #[command(flatten)]
    pub(crate) coding: Coding,
}
