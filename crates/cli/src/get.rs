//! `sockit get`.
//!
//! Standard output is the process's own descriptor here where a body goes to it, not that of
//! `Streams`: the kernel copies from the socket to it.

mod destination;
mod progress;
mod report;
mod story;
mod transfer;
mod write_out;

use std::fs;
use std::io::{self, BufRead, IsTerminal as _, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use httpget::protocol::{Field, parse_field};
use httpget::{Client, Limits, Timeouts};
use netcore::Connector;

use crate::args::{Common, Get};
use crate::exit::{self, Failure};
use crate::streams::Console;
use destination::Destination;
use progress::Progress;
use transfer::{Job, Transfers, Turns};
pub(crate) use write_out::WriteOut;

/// What the program calls itself, unless the user says otherwise.
const USER_AGENT: &str = concat!("User-Agent: sockit/", env!("CARGO_PKG_VERSION"));

/// The longest list of URLs. What is longer is no list.
const LONGEST_LIST: u64 = 64 << 20;
/// The largest body that an object of `--json` has in it, unless `--max-filesize` says otherwise.
const LARGEST_JSON_BODY: u64 = 1 << 20;

/// `sockit get`
pub(crate) fn get(args: &Get, common: &Common, console: &mut Console) -> Result<(), Failure> {
    let urls = urls(args, console)?;
    let jobs = jobs(args, common, urls)?;
    let fields = [USER_AGENT].into_iter().chain(args.headers.iter().map(String::as_str));
    let fields = fields.map(parse_field);
    let fields: Vec<Field> = fields
        .collect::<Result<_, _>>()
        .map_err(|e| Failure::new(exit::USAGE, format!("-H: {}", exit::chain(&e))))?;
    let quiet = args.silent || common.quiet || common.verbose > 0 || common.json;
    let to_terminal = jobs.iter().any(|job| job.to.is_output()) && io::stdout().is_terminal();
    let transfers = Transfers {
        args,
        common,
        client: client(args, fields),
        progress: Progress::new(!quiet && !to_terminal && io::stderr().is_terminal()),
        output: console.printer.clone(),
        errors: console.errors.clone(),
        turns: Turns::default(),
    };
    let failure = all(&transfers, jobs, args.parallel.get());
    failure.map_or(Ok(()), Err)
}

/// Runs them, so many at a time, and gives the first failure. Of a failure each is told as it
/// comes, so that the last thing to be said is not all there is.
fn all(transfers: &Transfers<'_>, jobs: Vec<Job>, at_once: usize) -> Option<Failure> {
    let first: Mutex<Option<(usize, Failure)>> = Mutex::new(None);
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
            let Err(failure) = transfers.run(job) else { continue };
            // Nobody reads the rest.
            let ends = failure.ends_all();
            let mut first = first.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if first.as_ref().is_none_or(|(index, _)| job.index < *index) {
                *first = Some((job.index, failure));
            }
            if ends {
                next.store(jobs.len(), Ordering::Relaxed);
            }
        }
    };
    if at_once == 1 || jobs.len() == 1 {
        work();
    } else {
        thread::scope(|scope| {
            for _ in 0..at_once.min(jobs.len()) {
                scope.spawn(work);
            }
        });
    }
    let first = first.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    first.map(|(_, failure)| Failure::silent(failure.code()))
}

/// Those of the command line, and those of a file behind them.
fn urls(args: &Get, console: &mut Console) -> Result<Vec<String>, Failure> {
    let mut urls = args.urls.clone();
    let Some(list) = &args.url_file else { return Ok(urls) };
    let failed =
        |error: io::Error| Failure::new(exit::OTHER, format!("read {}: {error}", list.display()));
    let input: Box<dyn BufRead> = if list == Path::new("-") {
        console.input()
    } else {
        Box::new(io::BufReader::new(fs::File::open(list).map_err(failed)?))
    };
    let mut input = io::Read::take(input, LONGEST_LIST);
    for line in input.by_ref().lines() {
        let line = line.map_err(failed)?;
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            urls.push(line.to_owned());
        }
    }
    if input.limit() == 0 {
        return Err(failed(io::Error::other("more than 64 MiB is no list of URLs")));
    }
    Ok(urls)
}

/// Each URL and where its body goes.
fn jobs(args: &Get, common: &Common, urls: Vec<String>) -> Result<Vec<Job>, Failure> {
    let usage = |words: String| Failure::new(exit::USAGE, words);
    if !args.output.is_empty() && args.output.len() != urls.len() {
        let (files, urls) = (args.output.len(), urls.len());
        return Err(usage(format!("-o is there {files} times for {urls} URLs")));
    }
    if args.resume && args.output.is_empty() && !args.remote_name {
        return Err(usage("-C goes on with a file: it needs -o or -O".to_owned()));
    }
    if args.resume && (args.include || args.raw || args.range.is_some()) {
        return Err(usage("-C goes with a file of content: not with -i, --raw or -r".to_owned()));
    }
    let mut outputs = args.output.iter();
    let job = |(index, url): (usize, String)| {
        let to = match outputs.next() {
            Some(file) if file == Path::new("-") => Destination::Output,
            Some(file) => Destination::File(file.clone()),
            None if args.remote_name => Destination::File(destination::name_of(&url)?),
            None if common.json => Destination::Object,
            None => Destination::Output,
        };
        Ok(Job { index, url, to })
    };
    urls.into_iter().enumerate().map(job).collect()
}

fn client(args: &Get, fields: Vec<Field>) -> Client {
    let mut connector = Connector::new().with_family(args.families.wanted());
    if let Some(address) = args.local_address {
        connector = connector.with_local_address(address);
    }
    let body = match args.max_filesize {
        Some(bytes) => bytes as u64,
        None => u64::MAX,
    };
    let limits = Limits { body, redirects: args.max_redirects, ..Limits::default() };
    let timeouts = Timeouts {
        connect: Some(args.connect_timeout),
        first_byte: Some(args.first_byte_timeout),
        stall: Some(args.stall_timeout),
        total: args.max_time,
    };
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
