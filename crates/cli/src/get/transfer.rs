//! One URL, from the request to the last line about it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use httpget::download::{Download, Downloaded, Progress as Step};
use httpget::{Client, Event, Request};

use super::destination::Destination;
use super::progress::{Bar, Progress};
use super::report::Report;
use super::{LARGEST_JSON_BODY, story, write_out};
use crate::args::{Common, Get};
use crate::exit::{self, Failure};
use crate::streams::Printer;
use crate::values::quote;

/// A URL, and where its body goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) index: usize,
    pub(super) url: String,
    pub(super) to: Destination,
}

/// What all transfers share.
pub(super) struct Transfers<'a> {
    pub(super) args: &'a Get,
    pub(super) common: &'a Common,
    pub(super) client: Client,
    pub(super) progress: Progress,
    pub(super) output: Printer,
    pub(super) errors: Printer,
    pub(super) turns: Turns,
}

impl Transfers<'_> {
    /// Says itself what there is to say of it.
    ///
    /// # Errors
    ///
    /// Without words, if the transfer failed or its results can't be printed.
    pub(super) fn run(&self, job: &Job) -> Result<(), Failure> {
        let _turn = Turn { turns: &self.turns, index: job.index };
        let begin = Instant::now();
        let mut report = Report {
            index: job.index,
            begin: Some(begin),
            url: job.url.clone(),
            file: job.to.file().map(|file| file.display().to_string()),
            ..Report::default()
        };
        let mut body = None;
        let done = match &job.to {
            Destination::Object => self.fetch_to_memory(job, &mut report).map(|(done, bytes)| {
                body = Some(bytes);
                done
            }),
            _ => self.fetch(job, &mut report),
        };
        report.total = begin.elapsed();
        let result = match done {
            Ok(mut done) => {
                if self.common.verbose > 0 {
                    self.say(&story::end(done.response.body(), report.notes));
                }
                report.settle(&done.response);
                report.received = done.fetched;
                report.retries = done.attempts - 1;
                Ok(())
            }
            Err(failure) => {
                report.exit_code = failure.code();
                report.error = failure.words().map(str::to_owned);
                Err(failure)
            }
        };
        let result = result.map_err(|failure| self.complain(failure));
        self.tell(&report, body.as_deref()).map_err(|failure| self.complain(failure)).and(result)
    }

    fn fetch(&self, job: &Job, report: &mut Report) -> Result<Downloaded, Failure> {
        let download = self.download(self.request(&job.url, report));
        let mut watch = self.watch(job, report);
        let mut progress = |step: Step<'_>| watch.see(&step);
        Ok(match &job.to {
            Destination::File(file) => download.to_file(file, &mut progress)?,
            _ => download.to(&io::stdout(), &mut progress).map_err(Failure::of_output)?,
        })
    }

    /// The body as well, of a megabyte at most unless the user has another limit.
    fn fetch_to_memory(
        &self,
        job: &Job,
        report: &mut Report,
    ) -> Result<(Downloaded, Vec<u8>), Failure> {
        let mut limits = self.client.limits().clone();
        if self.args.max_filesize.is_none() {
            limits.body = LARGEST_JSON_BODY;
        }
        let download = self.download(self.request(&job.url, report).limits(limits));
        let mut watch = self.watch(job, report);
        let mut progress = |step: Step<'_>| watch.see(&step);
        let failed = |error: io::Error| Failure::new(exit::OTHER, format!("pipe: {error}"));
        let (mut exit, entrance) = io::pipe().map_err(failed)?;
        thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut bytes = Vec::new();
                exit.read_to_end(&mut bytes).map(|_| bytes)
            });
            let done = download.to(&entrance, &mut progress);
            drop(entrance);
            let bytes = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((done?, bytes.map_err(failed)?))
        })
    }

    fn request(&self, url: &str, report: &mut Report) -> Request {
        let args = self.args;
        let mut request = self.client.get(url).redirects(!args.no_location).raw(args.raw);
        report.effective = request.url().cloned();
        if args.http10 {
            request = request.http_1_0();
        }
        match &args.range {
            Some(range) => request.range(range),
            None => request,
        }
    }

    fn download(&self, request: Request) -> Download {
        let args = self.args;
        let download = Download::new(request).resume(args.resume).retries(args.retry);
        download.errors(!args.fail).heads(args.include)
    }

    fn watch<'a>(&'a self, job: &'a Job, report: &'a mut Report) -> Watch<'a> {
        let bar = match &job.to {
            Destination::File(file) => self.progress.bar(&file.display().to_string()),
            _ => self.progress.bar(&job.url),
        };
        Watch { transfers: self, job, report, bar, at: 0 }
    }

    /// Whether anybody wants to know more than the body.
    fn is_told(&self) -> bool {
        self.common.json || self.common.verbose > 0 || self.args.write_out.is_some()
    }

    /// What was asked for: `--json`, `--write-out`.
    fn tell(&self, report: &Report, body: Option<&[u8]>) -> Result<(), Failure> {
        if self.common.json {
            self.output.print(object(report, body).as_bytes())?;
        }
        if let Some(format) = &self.args.write_out {
            let written = format.write(report);
            self.output.print(written.output.as_bytes())?;
            // Where that fails, nobody is left to tell.
            let _ = self.errors.print(written.errors.as_bytes());
        }
        Ok(())
    }

    /// Says why, at once, and leaves the code.
    fn complain(&self, failure: Failure) -> Failure {
        if let Some(words) = failure.words() {
            self.say(&format!("sockit: {words}\n"));
        }
        Failure::silent(failure.code())
    }

    /// On standard error, above the bars.
    fn say(&self, text: &str) {
        // Where that fails, nobody is left to tell.
        let _ = self.progress.suspend(|| self.errors.print(text.as_bytes()));
    }
}

/// What becomes of a transfer while it runs.
struct Watch<'a> {
    transfers: &'a Transfers<'a>,
    job: &'a Job,
    report: &'a mut Report,
    bar: Bar,
    /// Where the content of this attempt begins.
    at: u64,
}

impl Watch<'_> {
    fn see(&mut self, step: &Step<'_>) {
        match step {
            Step::Event(event) => self.hear(event),
            Step::Begun { at, total, response, .. } => {
                self.at = *at;
                self.report.settle(response);
                self.bar.starts(*at, *total);
            }
            Step::Arrived { bytes, .. } => {
                self.report.received = bytes.saturating_sub(self.at);
                self.bar.moved(*bytes);
            }
            Step::Waiting { error, wait, .. } => {
                self.report.retries += 1;
                let words = exit::story(error);
                self.transfers.progress.suspend(|| {
                    log::warn!("{words}; trying again in {:.1} s", wait.as_secs_f64());
                });
            }
            _ => {}
        }
    }

    fn hear(&mut self, event: &Event<'_>) {
        if matches!(event, Event::Interim(_) | Event::Head(_)) && self.job.to.is_output() {
            self.transfers.turns.wait(self.job.index);
        }
        // A head is copied for it, which ten thousand small transfers would feel.
        if self.transfers.is_told() {
            self.report.hear(event);
        }
        if self.transfers.common.verbose > 0 {
            self.transfers.say(&story::tell(event));
        }
    }
}

/// Bodies on standard output come in the order of the URLs, however many are on their way.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// All transfers before this one have ended.
    next: usize,
    /// Those behind it that have ended too.
    ended: BTreeSet<usize>,
    /// So many wait for their turn. Without any, nobody needs to be woken.
    waiting: usize,
}

impl Turns {
    /// Waits until all transfers before this one have ended.
    fn wait(&self, index: usize) {
        let mut state = self.lock();
        if state.next < index {
            state.waiting += 1;
            let early = |state: &mut State| state.next < index;
            let waited = self.changed.wait_while(state, early);
            waited.unwrap_or_else(PoisonError::into_inner).waiting -= 1;
        }
    }

    fn end(&self, index: usize) {
        let mut state = self.lock();
        state.ended.insert(index);
        let State { next, ended, waiting } = &mut *state;
        while ended.remove(next) {
            *next += 1;
        }
        if *waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the turn of a transfer, whatever becomes of it.
struct Turn<'a> {
    turns: &'a Turns,
    index: usize,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.end(self.index);
    }
}

/// The line that `--json` prints: what `%{json}` has, the fields of the head, and the body where it
/// goes to no file.
fn object(report: &Report, body: Option<&[u8]>) -> String {
    let mut text = write_out::json(report);
    text.pop();
    // Writing to a string cannot fail.
    let _ = write!(text, ",\"headers\":{}", write_out::header_json(report));
    if let Some(body) = body {
        let _ = match std::str::from_utf8(body) {
            Ok(body) => write!(text, ",\"body\":{}", quote(body)),
            Err(_) => {
                write!(text, ",\"body\":null,\"note\":\"the body is not UTF-8: use -o FILE\"")
            }
        };
    }
    text.push_str("}\n");
    text
}
