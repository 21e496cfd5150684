//! `sockit get`.
//!
//! Standard output is the process's own descriptor here where a body goes to it, not that of
//! `Streams`: the kernel copies from the socket to it.

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
use crate::exit::{self, Failure};
use crate::serve;
use crate::stdio::Stdio;
use destination::Names;
use jobs::Jobs;
use progress::Progress;
use transfer::Transfers;
use turns::Turns;
use write_out::WriteOut;

/// What the program calls itself, unless the user says otherwise.
const AGENT: &str = concat!("User-Agent: sockit/", env!("CARGO_PKG_VERSION"));

/// The largest body that an object of `--json` has in it, unless `--max-filesize` says otherwise.
const LARGEST_JSON_BODY: u64 = 1 << 20;

/// Descriptors that one transfer may have open at the same time: connections of which only the first
/// to be made stays, the resolver's, a file and its lock, pipes on the way to standard output.
const DESCRIPTORS: u64 = 12;

/// Descriptors for the rest of the program: idle connections above all.
const SPARE_DESCRIPTORS: u64 = 16;

/// `sockit get`
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
        names: Names::default(),
    };
    let crew = Crew {
        transfers: &transfers,
        jobs: &jobs,
        most: at_once(args.parallel.get()),
        working: AtomicUsize::new(1),
        first: Mutex::new(None),
    };
    thread::scope(|scope| crew.work(scope));
    match crew.first.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, code)) => Err(Failure::silent(code)),
        None => Ok(()),
    }
}

/// The threads that share the jobs, and the first failure in the order of the URLs. Each failure is
/// printed at once; this is the one that becomes the exit code.
struct Crew<'a> {
    transfers: &'a Transfers<'a>,
    jobs: &'a Jobs<'a>,
    /// The most threads.
    most: usize,
    working: AtomicUsize,
    /// The number of the job and the exit code.
    first: Mutex<Option<(usize, u8)>>,
}

impl Crew<'_> {
    /// Carries out jobs until there are none. With each one taken, another thread looks for the
    /// next: there are never more threads than jobs.
    fn work<'scope, 'env>(&'env self, scope: &'scope Scope<'scope, 'env>) {
        while let Some(job) = self.jobs.take() {
            let index = job.index;
            self.grow(scope);
            let Err(failure) = self.transfers.run(job) else { continue };
            if failure.ends_all() {
                self.jobs.stop();
            }
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            if first.is_none_or(|(earlier, _)| index < earlier) {
                *first = Some((index, failure.code()));
            }
        }
    }

    fn grow<'scope, 'env>(&'env self, scope: &'scope Scope<'scope, 'env>) {
        let more = |count: usize| (count < self.most).then_some(count + 1);
        let counted = self.working.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        if counted.is_ok() {
            let thread = thread::Builder::new().spawn_scoped(scope, || self.work(scope));
            if let Err(error) = thread {
                // The threads that there are do the work.
                log::info!("{} at a time: {error}", counted.unwrap_or(1));
            }
        }
    }
}

/// Returns the format of `-w`.
fn write_out(args: &Get, stdio: &mut Stdio) -> Result<Option<WriteOut>, Failure> {
    let Some(format) = &args.write_out else { return Ok(None) };
    if format == "@-" && args.url_file.as_deref() == Some(Path::new("-")) {
        let message = "standard input is one thing only: --url-file - or -w @-";
        return Err(Failure::new(exit::USAGE, message));
    }
    let format = match format.strip_prefix('@') {
        Some(file) => write_out::read(file, stdio)?,
        None => format.clone(),
    };
    let parsed = format.parse().map_err(|e| Failure::new(exit::USAGE, format!("-w: {e}")))?;
    Ok(Some(parsed))
}

/// Returns the least speed of a body. The defaults are curl's: a byte a second, over 30 s.
fn min_speed(args: &Get) -> Option<MinSpeed> {
    let time = args.speed_time.unwrap_or(Duration::from_secs(30));
    let bytes = args.speed_limit.or(args.speed_time.map(|_| 1))?;
    (bytes > 0).then_some(MinSpeed::new(bytes as u64, time))
}

/// Returns how many transfers run at the same time: as many as are wanted, and fewer where the
/// system lets the process open too few files for them.
fn at_once(wanted: usize) -> usize {
    if wanted == 1 {
        return 1;
    }
    serve::raise_descriptors();
    let Ok((most, _)) = rlimit::Resource::NOFILE.get() else { return wanted };
    let open = fs::read_dir("/dev/fd").map_or(3, |open| open.count() as u64);
    let free = most.saturating_sub(open + SPARE_DESCRIPTORS);
    let fits = usize::try_from(free / DESCRIPTORS).unwrap_or(usize::MAX).max(1);
    if fits < wanted {
        log::info!("{fits} at a time, not {wanted}: the limit of open files is {most}");
    }
    wanted.min(fits)
}

/// Returns the fields of `-H`, and the program's own fields whose names `-H` does not have.
fn fields(args: &Get) -> Result<Vec<Field>, Failure> {
    let by_hand = args.headers.iter().map(|text| parse_field(text));
    let by_hand: Vec<Field> = by_hand
        .collect::<Result<_, _>>()
        .map_err(|e| Failure::new(exit::USAGE, format!("-H: {}", exit::chain(&e))))?;
    let names = |name: HeaderName| by_hand.iter().any(|field| *field.name() == name);
    if args.resume && (names(RANGE) || names(IF_RANGE)) {
        let message = "-C sends Range and If-Range itself: not with -H of these names";
        return Err(Failure::new(exit::USAGE, message));
    }
    let agent = parse_field(AGENT).ok().filter(|_| !names(USER_AGENT));
    let range = args.range.as_ref().filter(|_| !names(RANGE));
    let range = range.and_then(|range| parse_field(&format!("Range: bytes={range}")).ok());
    Ok(agent.into_iter().chain(range).chain(by_hand).collect())
}

fn client(args: &Get, fields: Vec<Field>) -> Client {
    let mut connector = Connector::new().with_family(args.families.wanted());
    if let Some(address) = args.local_address {
        connector = connector.with_local_address(address);
    }
    let body = match args.max_filesize {
        // As curl has it.
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
