//! Downloads in segments: several ranges at once, into one file of full size.
//!
//! ```text
//!   response ─► worker 0 ──┐
//!   request ──► worker 1 ──┼─ write at an offset ─► FILE.part
//!   request ──► worker 2 ──┘
//!                  │
//!   this thread: progress, and the missing ranges into FILE.part.meta once a second
//! ```

mod shared;
mod worker;

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use http::header::{ACCEPT_RANGES, CONTENT_ENCODING};
use netcore::error::FileError;

use super::Engine;
use super::attempt::{Done, Failure, Next};
use crate::download::progress::Progress;
use crate::download::resume::Version;
use crate::download::segments::{MIN_SEGMENT, Segments};
use crate::download::sink::Sink;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use shared::{End, Shared, State, Trouble};
use worker::{Plan, Worker};

/// The time between two reports of progress.
const REPORT: Duration = Duration::from_millis(100);

/// The least time between two records of the missing ranges.
const RECORD: Duration = Duration::from_secs(1);

impl Engine<'_> {
    /// Returns the missing ranges of a partial file with holes, if `response` brings the first one,
    /// from `at` on, of this `version`.
    pub(super) fn holes(
        &self,
        at: u64,
        version: Option<&Version>,
    ) -> Result<Option<Vec<Range<u64>>>, Failure> {
        let (Sink::Part(part), true) = (&self.sink, self.may_resume && self.is_resumable()) else {
            return Ok(None);
        };
        let left = part.left().map_err(|error| self.failed(error))?;
        let is_next = |left: &&[Range<u64>]| left.first().is_some_and(|first| first.start == at);
        Ok(left.filter(is_next).filter(|_| part.is_of(version)).map(<[_]>::to_vec))
    }

    /// Returns `true` if the rest of a file of `total` bytes, which `response` brings from `at` on,
    /// is worth several requests, and the server may answer them.
    pub(super) fn splits(&self, response: &Response, at: u64, total: u64) -> bool {
        let headers = response.headers();
        let is_none = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"none");
        matches!(self.sink, Sink::Part(_))
            && self.segments() > 1
            && self.is_resumable()
            && total.saturating_sub(at) >= 2 * MIN_SEGMENT
            && !headers.get(ACCEPT_RANGES).is_some_and(is_none)
            // The length and the ranges count other bytes than the file has.
            && !headers.contains_key(CONTENT_ENCODING)
    }

    /// Returns the number of connections. A limit of the rate is one of a single connection.
    fn segments(&self) -> usize {
        if self.prepared.rate.is_some() { 1 } else { self.options.segments.max(1) }
    }

    /// Fetches the missing ranges `left`, the first of which `response` brings, up to `covers` at
    /// most. Returns `None` if the file has changed, or if no worker gets a range that can be
    /// joined: the download starts again without segments.
    pub(super) fn fetch_segments(
        &mut self,
        response: Response,
        left: Vec<Range<u64>>,
        covers: u64,
        version: &Version,
        total: u64,
    ) -> Result<Option<Done>, Failure> {
        let count = self.segments();
        let mut segments = Segments::new(&left, total, count);
        let complete = segments.complete();
        segments.assign(count);
        (self.progress)(Progress::Split { segments: count });
        (self.progress)(Progress::Begun { at: complete, total: Some(total), response: &response });
        let retries = (self.options.retries + 1).saturating_sub(self.attempts);
        let state = State {
            segments,
            fetched: 0,
            alive: count,
            retries,
            retried: 0,
            end: None,
            trouble: None,
            news: Vec::new(),
            response: None,
        };
        let state = self.run_workers(state, (response, covers), left, version, total)?;
        self.fetched += state.fetched;
        self.attempts += state.retried;
        let Some(response) = state.response else {
            return Err(self.failed_workers(state.end, state.trouble));
        };
        if !state.segments.is_done() {
            return match (state.end, state.trouble) {
                (Some(End::Changed), _) | (None, Some(Trouble::Useless)) => {
                    log::info!(
                        "get {}: in one piece: it has changed, or its ranges can't be joined",
                        response.url()
                    );
                    self.options.segments = 1;
                    Ok(None)
                }
                (end, trouble) => Err(self.failed_workers(end, trouble)),
            };
        }
        self.verifier.begin();
        self.hash_existing(total, &response)?;
        self.verify(&response)?;
        Ok(Some(Done { response, bytes: total, resumed_from: complete, stays: false }))
    }

    /// Runs the workers until none is left. Reports and records their progress meanwhile.
    fn run_workers(
        &mut self,
        state: State,
        first: (Response, u64),
        left: Vec<Range<u64>>,
        version: &Version,
        total: u64,
    ) -> Result<State, Failure> {
        let (deadline, retry_until) = (self.total.deadline, self.retry_until);
        let Engine { prepared, sink, progress, options, .. } = self;
        let url = prepared.url.clone();
        let failed =
            |error: FileError| Error::new(ErrorKind::Write).with_cause(error).with_url(&url);
        let Sink::Part(part) = sink else { return Err(Error::new(ErrorKind::Write).into()) };
        part.spread(left, total).map_err(failed)?;
        let file = part.for_worker().map_err(failed)?;
        let path = part.path().to_owned();
        let any_error = options.any_error;
        let prepared = &*prepared;
        let plan = Plan { prepared, version, total, deadline, retry_until, any_error, path: &path };
        let (backoff, count) = (options.backoff.clone(), state.alive);
        let shared = Shared::new(state, prepared.token.as_ref());
        let first = Mutex::new(Some(first));
        let run = |number: usize| {
            let first = match number {
                0 => first.lock().unwrap_or_else(PoisonError::into_inner).take(),
                _ => None,
            };
            Worker::new(number, &plan, &shared, &file, backoff.clone()).run(first);
        };
        let run = &run;
        thread::scope(|scope| {
            for number in 0..count {
                if thread::Builder::new().spawn_scoped(scope, move || run(number)).is_ok() {
                    continue;
                }
                // Without further threads, the existing ones do the work.
                let mut state = shared.lock();
                for missing in number.max(1)..count {
                    state.alive -= 1;
                    state.segments.release(missing);
                }
                drop(state);
                if number == 0 {
                    run(0);
                }
                break;
            }
            watch(&shared, |change| match change {
                Change::Progress(bytes) => {
                    progress(Progress::Arrived { bytes });
                    Ok(())
                }
                Change::Waiting(error, wait) => {
                    progress(Progress::Waiting { error, wait });
                    Ok(())
                }
                Change::Left(left) => part.record(left).map_err(failed),
            });
        });
        let state = shared.into_state();
        part.record(state.segments.left()).map_err(failed)?;
        Ok(state)
    }

    /// Returns the failure of workers that have all given up.
    fn failed_workers(&mut self, end: Option<End>, trouble: Option<Trouble>) -> Failure {
        match (end, trouble) {
            (Some(End::Error(error)), _) => error.into(),
            (_, Some(Trouble::Failed { error, after })) => self.failure_after(error, after),
            (_, Some(Trouble::Unfit(error))) => Failure { error, next: Next::Open },
            _ => Error::new(ErrorKind::Range).with_url(&self.prepared.url).into(),
        }
    }
}

/// A change that the thread of the download handles.
enum Change<'a> {
    /// The number of bytes that exist.
    Progress(u64),
    /// A worker waits before another attempt.
    Waiting(&'a Error, Duration),
    /// The missing ranges, to be recorded.
    Left(Vec<Range<u64>>),
}

/// Handles the changes until no worker is left. An error of `handle` ends all workers.
fn watch(shared: &Shared, mut handle: impl FnMut(Change<'_>) -> Result<(), Error>) {
    let mut recorded = Instant::now();
    let mut before = None;
    loop {
        let mut state = shared.watch(REPORT);
        let (is_last, complete) = (state.alive == 0, state.segments.complete());
        let news = std::mem::take(&mut state.news);
        let is_due = recorded.elapsed() >= RECORD && before != Some(complete);
        let left = is_due.then(|| state.segments.left());
        drop(state);
        let mut changes: Vec<Change<'_>> =
            news.iter().map(|(error, wait)| Change::Waiting(error, *wait)).collect();
        changes.push(Change::Progress(complete));
        if let Some(left) = left.filter(|_| !is_last) {
            changes.push(Change::Left(left));
            before = Some(complete);
        }
        for change in changes {
            if let Err(error) = handle(change) {
                shared.end(End::Error(error));
            }
        }
        if is_due {
            // The next one is not due before this one was a second on the disk.
            recorded = Instant::now();
        }
        if is_last {
            return;
        }
    }
}
