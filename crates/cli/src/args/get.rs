//! The arguments of `sockit get`.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as Group;

use super::Families;
use crate::parse;

#[derive(Debug, Group)]
pub(crate) struct Get {
    /// What to get: http://HOST[:PORT]/PATH; without a scheme it is http://
    #[arg(value_name = "URL", required_unless_present = "url_file")]
    pub(crate) urls: Vec<String>,
    /// Get the URLs in this file too, one a line, while they come; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) url_file: Option<PathBuf>,
    /// Write the body to this file, once it is whole; one for each URL, in their order; - is
    /// standard output, binary data on a terminal too
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    /// Write each body to a file with the last part of its URL for a name
    #[arg(short = 'O', long, conflicts_with = "output")]
    pub(crate) remote_name: bool,
    /// Replace no file: write to FILE.1, or up to FILE.100, if FILE is there
    #[arg(long, conflicts_with = "resume")]
    pub(crate) no_clobber: bool,
    /// Put the heads of the responses before the body, as they came
    #[arg(short, long)]
    pub(crate) include: bool,
    /// No progress and no errors, and no log unless -v asks for it
    #[arg(short, long)]
    pub(crate) silent: bool,
    /// Print errors in spite of -s
    #[arg(short = 'S', long)]
    pub(crate) show_error: bool,
    /// Fail with 22 if the status is 400 or above, without its body
    #[arg(short, long)]
    pub(crate) fail: bool,
    /// Fail with 22 if the status is 400 or above, but with its body
    #[arg(long, conflicts_with = "fail")]
    pub(crate) fail_with_body: bool,
    /// Send this field instead of the default one; 'NAME:' removes the default, 'NAME;' sends an
    /// empty field; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// Do not follow redirects
    #[arg(long, overrides_with = "location")]
    pub(crate) no_location: bool,
    /// Follow redirects, as it does anyway; whichever of the two comes last
    #[arg(short = 'L', long, overrides_with = "no_location")]
    location: bool,
    /// The most redirects that are followed
    #[arg(long, value_name = "N", default_value = "10", value_parser = parse::count::<usize>)]
    pub(crate) max_redirects: usize,
    /// How long resolving and connecting may take
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = parse::some_duration)]
    pub(crate) connect_timeout: Duration,
    /// How long it may take until the first byte of the response
    #[arg(long, value_name = "DUR", default_value = "60s", value_parser = parse::some_duration)]
    pub(crate) first_byte_timeout: Duration,
    /// How long there may be no byte
    #[arg(long, value_name = "DUR", default_value = "30s", value_parser = parse::some_duration)]
    pub(crate) stall_timeout: Duration,
    /// Fail with 28 if a body is slower than so many bytes a second for --speed-time; 0 is no limit
    /// [default: 1 with --speed-time]
    #[arg(short = 'Y', long, value_name = "BYTES", value_parser = parse::size)]
    pub(crate) speed_limit: Option<usize>,
    /// The time over which --speed-limit measures [default: 30s with --speed-limit]
    #[arg(short = 'y', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) speed_time: Option<Duration>,
    /// How long each URL may take, redirects and retries included [default: without limit]
    #[arg(short, long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) max_time: Option<Duration>,
    /// Try again so often, from where it broke, where that may help
    #[arg(long, value_name = "N", default_value = "0", value_parser = parse::count::<u32>)]
    pub(crate) retry: u32,
    /// Wait so long before each further attempt, unless the server says how long; 0 is the default
    /// [default: 1s and more each time]
    #[arg(long, value_name = "DUR", value_parser = parse::duration)]
    pub(crate) retry_delay: Option<Duration>,
    /// Begin no further attempt after this time; 0 is no limit [default: without limit]
    #[arg(long, value_name = "DUR", value_parser = parse::duration)]
    pub(crate) retry_max_time: Option<Duration>,
    /// Let every error have the attempts of --retry, not only those that may pass
    #[arg(long)]
    pub(crate) retry_all_errors: bool,
    /// Continue an earlier transfer of the same URL; fetch nothing if FILE is whole; -C - is the same
    #[arg(short = 'C', long = "continue")]
    pub(crate) resume: bool,
    /// Get this part alone: FIRST-LAST, FIRST- or -LAST_N, in bytes
    #[arg(short, long, value_name = "A-B", value_parser = parse::byte_range)]
    #[arg(allow_hyphen_values = true)]
    pub(crate) range: Option<String>,
    /// Leave the transfer coding as it came: the chunks with their sizes
    #[arg(long)]
    pub(crate) raw: bool,
    /// Ask by HTTP/1.0
    #[arg(long = "http1.0")]
    pub(crate) http10: bool,
    /// Connect to this address for this host and port; may be repeated
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = parse::resolve)]
    pub(crate) resolve: Vec<(String, u16, IpAddr)>,
    /// The address of this side: IP or IP:PORT
    #[arg(long, value_name = "ADDR", value_parser = parse::local_address)]
    pub(crate) local_address: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) families: Families,
    /// Connect to this socket, whatever the host
    #[arg(long, value_name = "PATH")]
    pub(crate) unix_socket: Option<PathBuf>,
    /// The largest body; a larger one fails with 63, at once if announced; 0: no limit [default: without
    /// limit]
    #[arg(long, value_name = "BYTES", value_parser = parse::size)]
    pub(crate) max_filesize: Option<usize>,
    /// Print this when a transfer has ended, with curl's variables, as %{http_code}; @FILE reads it
    /// from a file, @- from standard input
    #[arg(short, long, value_name = "FORMAT", allow_hyphen_values = true)]
    pub(crate) write_out: Option<String>,
    /// Transfer so many at a time; on standard output the bodies come in the order of the URLs
    #[arg(short = 'Z', long, value_name = "N", default_value = "1", value_parser = parse::some_count::<NonZeroUsize>)]
    pub(crate) parallel: NonZeroUsize,
}
