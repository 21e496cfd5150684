//! `sockit get`: downloads URLs.
//!
//! A body goes to the process's own standard output, not to that of `Streams`: the kernel copies
//! from the socket to it.

#![cfg(unix)]

mod destination;
mod jobs;
mod list;
mod outlet;
mod progress;
mod report;
mod spool;
mod transfer;
mod turns;
mod verbose;
mod write_out;

use std::fs;
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use httpget::http::HeaderName;
use httpget::http::header::{IF_RANGE, RANGE, USER_AGENT};
use httpget::protocol::{Field, parse_field};
use httpget::{Client, Limits, MinSpeed, Timeouts};
use netcore::Connector;

use crate::args::common::Common;
use crate::args::get::Get;
use crate::descriptors::raise_descriptors;
use crate::exit::{self, Failure};
use crate::stdio::Stdio;
use destination::FreeNames;
use jobs::Jobs;
use progress::Progress;
use transfer::Transfers;
use turns::Turns;
use write_out::WriteOut;

/// The default `User-Agent`.
const AGENT: &str = concat!("User-Agent: sockit/", env!("CARGO_PKG_VERSION"));

/// Most descriptors of one transfer at the same time: competing connection attempts, the
/// resolver's, a file and its lock, pipes on the way to standard output.
const DESCRIPTORS: u64 = 12;

/// Descriptors for the rest of the program, mainly for idle connections.
const SPARE_DESCRIPTORS: u64 = 16;

/// Runs `sockit get`.
pub(crate) fn get(args: &Get, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let fields = fields(args)?;
    let write_out = write_out(args, stdio)?;
    let jobs = Jobs::of(args, common, stdio)?;
    let quiet = args.silent || common.quiet || common.verbose > 0 || common.json;
    let prints = !common.json
        && !args.remote_name
        && (args.output.is_empty() || args.output.iter().any(|file| file == Path::new("-")));
    let to_terminal = prints && io::stdout().is_terminal();
    let transfers = Transfers {
        args,
        common,
        client: client(args, fields),
        write_out,
        progress: Progress::new(!quiet && !to_terminal && io::stderr().is_terminal()),
        output: stdio.printer.clone(),
        errors: stdio.errors.clone(),
        to_terminal,
        turns: Turns::default(),
        names: FreeNames::default(),
    };
    let pool = WorkerPool {
        transfers: &transfers,
        jobs: &jobs,
        max_threads: max_parallel(args.parallel.get()),
        working: AtomicUsize::new(1),
        first_failure: Mutex::new(None),
    };
    thread::scope(|scope| pool.work(scope));
    match pool.first_failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, code)) => Err(Failure::silent(code)),
        None => Ok(()),
    }
}

/// The threads that share the jobs. Each failure is printed immediately; the first in the order of
/// the URLs becomes the exit code.
struct WorkerPool<'a> {
    transfers: &'a Transfers<'a>,
    jobs: &'a Jobs<'a>,
    /// Most threads.
    max_threads: usize,
    working: AtomicUsize,
    /// The first failure in the order of the URLs: the number of the job and the exit code.
    first_failure: Mutex<Option<(usize, u8)>>,
}

impl WorkerPool<'_> {
    /// Runs jobs until there are none. Each job taken starts another thread for the next one, so
    /// there are never more threads than jobs.
    fn work<'scope, 'env>(&'env self, scope: &'scope Scope<'scope, 'env>) {
        while let Some(job) = self.jobs.take() {
            let index = job.index;
            self.grow(scope);
            let Err(failure) = self.transfers.run(job) else { continue };
            if failure.ends_all() {
                self.jobs.stop();
            }
            let mut first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_none_or(|(earlier, _)| index < earlier) {
                *first = Some((index, failure.code()));
            }
        }
    }

    fn grow<'scope, 'env>(&'env self, scope: &'scope Scope<'scope, 'env>) {
        let more = |count: usize| (count < self.max_threads).then_some(count + 1);
        let counted = self.working.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        if counted.is_ok() {
            let thread = thread::Builder::new().spawn_scoped(scope, || self.work(scope));
            if let Err(error) = thread {
                // The existing threads do the work.
                log::info!("only {} simultaneous transfers: {error}", counted.unwrap_or(1));
            }
        }
    }
}

/// Parses the format of `-w`.
fn write_out(args: &Get, stdio: &mut Stdio) -> Result<Option<WriteOut>, Failure> {
    let Some(format) = &args.write_out else { return Ok(None) };
    if format == "@-" && args.url_file.as_deref() == Some(Path::new("-")) {
        let message = "standard input cannot be both --url-file - and -w @-";
        return Err(Failure::new(exit::USAGE, message));
    }
    let format = match format.strip_prefix('@') {
        Some(file) => write_out::read(file, stdio)?,
        None => format.clone(),
    };
    let parsed =
        format.parse().map_err(|error| Failure::new(exit::USAGE, format!("-w: {error}")))?;
    Ok(Some(parsed))
}

/// Returns the lowest accepted speed of a body. The defaults are curl's: a byte per second, over 30
/// s.
fn min_speed(args: &Get) -> Option<MinSpeed> {
    let time = args.speed_time.unwrap_or(Duration::from_secs(30));
    let bytes = args.speed_limit.or(args.speed_time.map(|_| 1))?;
    (bytes > 0).then_some(MinSpeed::new(bytes as u64, time))
}

/// Returns the number of simultaneous transfers: `wanted`, or fewer if the limit of open files is
/// too low.
fn max_parallel(wanted: usize) -> usize {
    if wanted == 1 {
        return 1;
    }
    raise_descriptors();
    let Ok((most, _)) = rlimit::Resource::NOFILE.get() else { return wanted };
    let open = fs::read_dir("/dev/fd").map_or(3, |open| open.count() as u64);
    let free = most.saturating_sub(open + SPARE_DESCRIPTORS);
    let fits = usize::try_from(free / DESCRIPTORS).unwrap_or(usize::MAX).max(1);
    if fits < wanted {
        log::info!(
            "only {fits} of {wanted} simultaneous transfers: the limit of open files is {most}"
        );
    }
    wanted.min(fits)
}

/// Returns the fields of `-H`, and the program's own fields unless `-H` names them.
fn fields(args: &Get) -> Result<Vec<Field>, Failure> {
    let by_hand = args.headers.iter().map(|text| parse_field(text));
    let by_hand: Vec<Field> = by_hand
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(exit::USAGE, format!("-H: {}", exit::chain(&error))))?;
    let names = |name: HeaderName| by_hand.iter().any(|field| *field.name() == name);
    if args.resume && (names(RANGE) || names(IF_RANGE)) {
        let message =
            "-C sends Range and If-Range itself; it cannot be combined with -H of these fields";
        return Err(Failure::new(exit::USAGE, message));
    }
    let agent = parse_field(AGENT).ok().filter(|_| !names(USER_AGENT));
    let range = args.range.as_ref().filter(|_| !names(RANGE));
    let range = range.and_then(|range| parse_field(&format!("Range: bytes={range}")).ok());
    Ok(agent.into_iter().chain(range).chain(by_hand).collect())
}

/// Returns a client with the limits and fields of the command line.
fn client(args: &Get, fields: Vec<Field>) -> Client {
    let mut connector = Connector::new().with_family(args.families.wanted());
    if let Some(address) = args.local_address {
        connector = connector.with_local_address(address);
    }
    let body = match args.max_filesize {
        // In curl, 0 means no limit too.
        Some(0) | None => u64::MAX,
        Some(bytes) => bytes as u64,
    };
    let limits = Limits::default().with_body(body).with_redirects(args.max_redirects);
    let timeouts = Timeouts::default()
        .with_connect(args.connect_timeout)
        .with_first_byte(args.first_byte_timeout)
        .with_stall(args.stall_timeout)
        .with_min_speed(min_speed(args))
        .with_total(args.max_time);
    let mut client =
        Client::new().with_limits(limits).with_timeouts(timeouts).with_connector(connector);
    for field in fields {
        client = client.with_field(field);
    }
    for (host, port, ip) in &args.resolve {
        client = client.with_address(host, *port, SocketAddr::new(*ip, *port));
    }
    if let Some(path) = &args.unix_socket {
        client = client.with_unix_socket(path);
    }
    client
}
