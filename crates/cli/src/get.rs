//! `sockit get`: downloads URLs.
//!
//! A body goes to the process's own standard output, not to that of `Streams`: the kernel copies
//! from the socket to it.

mod access;
mod client;
mod condition;
mod destination;
mod heads;
mod jobs;
mod list;
mod outlet;
#[cfg(unix)]
mod password;
#[cfg(windows)]
#[path = "get/password/windows.rs"]
mod password;
mod progress;
mod proxies;
mod report;
mod spool;
mod transfer;
mod turns;
mod verbose;
mod write_out;

#[cfg(unix)]
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

use crate::args::common::Common;
use crate::args::get::Get;
#[cfg(unix)]
use crate::descriptors::raise_descriptors;
use crate::exit::{self, Failure};
use crate::stdio::Stdio;
use access::Access;
use destination::FreeNames;
use heads::HeadDump;
use jobs::Jobs;
use progress::Progress;
use transfer::Transfers;
use turns::Turns;
use write_out::WriteOut;

/// Most descriptors of one transfer at the same time: competing connection attempts, the
/// resolver's, a file and its lock, pipes on the way to standard output.
#[cfg(unix)]
const DESCRIPTORS: u64 = 12;

/// Descriptors for the rest of the program, mainly for idle connections.
#[cfg(unix)]
const SPARE_DESCRIPTORS: u64 = 16;

/// Runs `sockit get`.
pub(crate) fn get(args: &Get, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let client = client::client(args)?;
    let access = Access::of(args, stdio)?;
    let write_out = write_out(args, stdio)?;
    let jobs = Jobs::of(args, common, stdio)?;
    let heads = HeadDump::of(args)?;
    let quiet = args.silent || common.quiet || common.verbose > 0 || common.json;
    let prints = !common.json
        && !args.remote_name
        && (args.output.is_empty() || args.output.iter().any(|file| file == Path::new("-")));
    let to_terminal = prints && io::stdout().is_terminal();
    let shows_progress = !quiet && !to_terminal && io::stderr().is_terminal();
    let total = (args.parallel.get() > 1).then(|| jobs.count());
    let transfers = Transfers {
        args,
        common,
        client: access.configure(client),
        access: &access,
        write_out,
        progress: Progress::new(shows_progress, total),
        output: stdio.printer.clone(),
        errors: stdio.errors.clone(),
        to_terminal,
        turns: Turns::default(),
        names: FreeNames::default(),
        heads,
    };
    let pool = WorkerPool {
        transfers: &transfers,
        jobs: &jobs,
        max_threads: max_parallel(args.parallel.get()),
        working: AtomicUsize::new(1),
        first_failure: Mutex::new(None),
    };
    thread::scope(|scope| pool.work(scope));
    let saved = access.save(args, stdio).map_err(|failure| transfers.print_error(failure));
    match pool.first_failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, code)) => Err(Failure::silent(code)),
        None => saved,
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

/// Returns the number of simultaneous transfers: `wanted`, or fewer if the limit of open files is
/// too low. Windows has no such limit.
#[cfg(unix)]
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

#[cfg(not(unix))]
fn max_parallel(wanted: usize) -> usize {
    wanted
}
