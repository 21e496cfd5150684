//! The transfer of one URL, from the request to the last line of output about it.

mod dump;
mod proposed;
mod request;

use std::fmt::Write as _;
use std::io::{self, PipeReader, PipeWriter, Read as _};
use std::path::Path;
use std::thread;
use std::time::Instant;

use httpget::download::{Download, Downloaded, Progress as Step};
use httpget::{Client, Event, Limits};

use super::access::Access;
use super::condition;
use super::destination::{self, Destination, FreeNames};
use super::heads::HeadDump;
use super::jobs::Job;
use super::outlet::{self, Outlet, Printer};
use super::progress::{Bar, Progress};
use super::report::{Report, url_to_show};
use super::turns::{Turn, Turns};
use super::verbose;
use super::write_out::{self, WriteOut, WrittenFile};
use crate::args::common::Common;
use crate::args::get::Get;
use crate::escape::{quote, visible};
use crate::exit::{self, Failure};
use crate::stdio;

/// The largest body in an object of `--json`, unless `--max-filesize` sets another limit.
const MAX_JSON_BODY: u64 = 1 << 20;

/// Everything that transfers share.
pub(super) struct Transfers<'a> {
    pub(super) args: &'a Get,
    pub(super) common: &'a Common,
    pub(super) client: Client,
    pub(super) access: &'a Access,
    pub(super) write_out: Option<WriteOut>,
    pub(super) progress: Progress,
    pub(super) output: stdio::Printer,
    pub(super) errors: stdio::Printer,
    /// `true` if bodies go to a terminal.
    pub(super) to_terminal: bool,
    pub(super) turns: Turns,
    pub(super) names: FreeNames,
    pub(super) heads: Option<HeadDump>,
}

impl Transfers<'_> {
    /// Runs a job, and prints its results and its failure.
    ///
    /// # Errors
    ///
    /// A failure without a message, because it is already printed.
    pub(super) fn run(&self, job: Job) -> Result<(), Failure> {
        let Job { index, place, url, to, checksum } = job;
        let _turn = Turn { turns: &self.turns, index };
        let mut report = Report {
            index,
            begin: Some(Instant::now()),
            url,
            checksum,
            file: to.as_ref().ok().and_then(Destination::file).map(|it| it.display().to_string()),
            method: if self.args.request.head { "HEAD" } else { "GET" },
            is_printed: to.as_ref().is_ok_and(Destination::is_output),
            ..Report::default()
        };
        let dumps = self.heads.as_ref().is_some_and(HeadDump::is_output);
        let prints = dumps || report.is_printed;
        let mut body = None;
        let done = match to {
            Ok(Destination::Object) => self.fetch_to_memory(&mut report).map(|(done, bytes)| {
                body = Some(bytes);
                done
            }),
            Ok(Destination::Output { binary }) => self.fetch_to_output(binary, &mut report),
            Ok(Destination::File(file)) => self.fetch_to_file(&file, &mut report),
            Ok(Destination::Proposed(file)) => self.fetch_to_proposed(&file, &mut report),
            Err(failure) => Err(failure),
        };
        let dumped = self.dump_heads(&mut report);
        let result = match done {
            Ok(done) => dumped.and_then(|()| self.settle(done, &mut report)),
            Err(failure) => Err(match &place {
                Some(place) => failure.at(place),
                None => failure,
            }),
        };
        if let Err(failure) = &result {
            report.exit_code = failure.code();
            report.error = failure.message().map(str::to_owned);
        }
        let result = result.map_err(|failure| self.print_error(failure));
        if prints {
            // Lines about a transfer follow its body, and never interrupt another one.
            self.turns.wait(index);
        }
        self.print_heads(&report)
            .and_then(|()| self.print_results(&report, body.as_deref()))
            .map_err(|failure| self.print_error(failure))
            .and(result)
    }

    /// Adds the outcome of a transfer to its report.
    fn settle(&self, mut done: Downloaded, report: &mut Report) -> Result<(), Failure> {
        if self.common.verbose > 0 {
            self.print_note(&verbose::end(done.response.body(), report.warnings));
        }
        report.settle(&done.response);
        report.received = done.fetched;
        report.retries = done.attempts - 1;
        if let Some(file) = &self.args.request.etag_save {
            condition::save_tag(file, &done.response)?;
        }
        if self.args.fail_with_body {
            done.response.error_for_status()?;
        }
        Ok(())
    }

    fn fetch_to_file(&self, file: &Path, report: &mut Report) -> Result<Downloaded, Failure> {
        if self.args.files.create_dirs {
            destination::create_directory_of(file)?;
        }
        let free = if self.args.no_clobber { Some(self.names.free(file)?) } else { None };
        let file = free.as_deref().unwrap_or(file);
        report.file = Some(file.display().to_string());
        let (download, mut monitor) = self.begin(report, None, &visible(&file.to_string_lossy()));
        let done = download.to_file_with_progress(file, &mut |step| monitor.handle_step(&step));
        monitor.end();
        Ok(done?)
    }

    /// Fetches to standard output. The transfer continues while others have their turn there.
    fn fetch_to_output(&self, binary: bool, report: &mut Report) -> Result<Downloaded, Failure> {
        let index = report.index;
        let text_only = !binary && self.to_terminal;
        if text_only || !self.turns.has_come(index) {
            let outlet = Outlet { turns: &self.turns, index, text_only };
            if let Some(done) = io::pipe().ok().and_then(|pipe| self.fetch_to(outlet, pipe, report))
            {
                return done;
            }
            // Without a pipe or a thread, the transfer begins when its turn comes.
            self.turns.wait(index);
            report.begin = Some(Instant::now());
        }
        let name = url_to_show(&report.url);
        let (download, mut monitor) = self.begin(report, None, &name);
        let done = download.to_with_progress(&io::stdout(), &mut |step| monitor.handle_step(&step));
        monitor.end();
        done.map_err(Failure::of_output)
    }

    /// Fetches to a pipe whose other end leads to `outlet`. Returns `None` if that needs a thread
    /// and the system refuses one.
    fn fetch_to(
        &self,
        outlet: Outlet<'_>,
        (body, entrance): (PipeReader, PipeWriter),
        report: &mut Report,
    ) -> Option<Result<Downloaded, Failure>> {
        let name = url_to_show(&report.url);
        let (download, mut monitor) = self.begin(report, None, &name);
        let room = outlet::room(&entrance);
        // On a terminal, each piece is shown immediately. With -i, heads precede the size of the
        // body.
        let at_once = outlet.text_only || self.args.include || self.args.request.head;
        thread::scope(|scope| {
            let mut printer = Printer::Waiting(outlet, body);
            if at_once {
                printer.start(scope);
            }
            let done = download.to_with_progress(&entrance, &mut |step| {
                if matches!(step, Step::Begun { total, .. } if total.is_none_or(|it| it > room)) {
                    printer.start(scope);
                }
                monitor.handle_step(&step);
            });
            monitor.end();
            drop(entrance);
            // An error of the printer takes precedence, because it caused the transfer to fail.
            Some(printer.finish()?.and_then(|()| Ok(done?)))
        })
    }

    /// Fetches to memory, at most [`MAX_JSON_BODY`] bytes unless `--max-filesize` sets another
    /// limit.
    fn fetch_to_memory(&self, report: &mut Report) -> Result<(Downloaded, Vec<u8>), Failure> {
        let mut limits = self.client.limits().clone();
        if self.args.max_filesize.is_none() {
            limits.body = MAX_JSON_BODY;
        }
        let name = url_to_show(&report.url);
        let (download, mut monitor) = self.begin(report, Some(limits), &name);
        let failed = |error: io::Error| Failure::new(exit::OTHER, format!("--json: {error}"));
        let (mut exit, entrance) = io::pipe().map_err(failed)?;
        thread::scope(|scope| {
            let read = move || {
                let mut bytes = Vec::new();
                exit.read_to_end(&mut bytes).map(|_| bytes)
            };
            let reader = thread::Builder::new().spawn_scoped(scope, read);
            let reader = reader.map_err(|error| {
                Failure::new(exit::OTHER, format!("--json: start a thread: {error}"))
            })?;
            let done = download.to_with_progress(&entrance, &mut |step| monitor.handle_step(&step));
            monitor.end();
            drop(entrance);
            let bytes = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((done?, bytes.map_err(failed)?))
        })
    }

    /// Returns the download of `report`'s URL, and its monitor, which shows it under `name`.
    fn begin<'a>(
        &'a self,
        report: &'a mut Report,
        limits: Option<Limits>,
        name: &str,
    ) -> (Download, Monitor<'a>) {
        let mut request = self.request(&report.url);
        report.effective = request.url().cloned();
        let is_object = limits.is_some();
        if let Some(limits) = limits {
            request = request.with_limits(limits);
        }
        let mut download = self.download(request);
        if let Some(checksum) = &report.checksum {
            download = download.with_checksum(checksum.clone());
        }
        let download = download.with_heads(self.writes_heads(report, is_object));
        let bar = self.progress.bar(name);
        (download, Monitor { transfers: self, report, bar, at: 0 })
    }

    /// Returns `true` if the output needs more than the body.
    fn needs_report(&self) -> bool {
        self.common.json || self.common.verbose > 0 || self.write_out.is_some()
    }

    /// Prints the results for `--json` and `--write-out`.
    fn print_results(&self, report: &Report, body: Option<&[u8]>) -> Result<(), Failure> {
        if self.common.json {
            self.output.print(object(report, body).as_bytes())?;
        }
        if let Some(format) = &self.write_out {
            let written = format.write(report);
            self.output.print(written.output.as_bytes())?;
            written.files.iter().try_for_each(WrittenFile::write)?;
            // Standard error was the last place to report to.
            let _ = self.errors.print(written.errors.as_bytes());
        }
        Ok(())
    }

    /// Prints the message of a failure, and returns its code without the message. As in curl, `-s`
    /// silences the message unless `-S` or `-v` is given.
    pub(super) fn print_error(&self, failure: Failure) -> Failure {
        let is_silent = self.args.silent && !self.args.show_error && self.common.verbose == 0;
        if let (Some(message), false) = (failure.message(), is_silent) {
            self.print_note(&format!("sockit: {message}\n"));
        }
        Failure::silent(failure.code())
    }

    /// Prints text on standard error, above the progress bars.
    fn print_note(&self, text: &str) {
        // Standard error was the last place to report to.
        let _ = self.progress.suspend(|| self.errors.print(text.as_bytes()));
    }
}

/// Follows a running transfer: updates its report and its progress bar.
struct Monitor<'a> {
    transfers: &'a Transfers<'a>,
    report: &'a mut Report,
    bar: Bar,
    /// Offset at which the content of this attempt begins.
    at: u64,
}

impl Monitor<'_> {
    /// Records the total time at the end of the transfer.
    fn end(&mut self) {
        self.report.total = self.report.now().unwrap_or_default();
    }

    fn handle_step(&mut self, step: &Step<'_>) {
        match step {
            Step::Event(event) => self.handle_event(event),
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
                let message = exit::chain(*error);
                self.transfers.progress.suspend(|| {
                    log::warn!("{message}; trying again in {:.1} s", wait.as_secs_f64());
                });
            }
            Step::Complete { bytes, .. } if self.transfers.common.verbose > 0 => {
                self.transfers.print_note(&verbose::complete(*bytes));
            }
            Step::Split { segments, .. } if self.transfers.common.verbose > 0 => {
                self.transfers.print_note(&verbose::split(*segments));
            }
            Step::TooLate { wait, .. } if self.transfers.common.verbose > 0 => {
                self.transfers.print_note(&verbose::too_late(*wait));
            }
            _ => {}
        }
    }

    fn handle_event(&mut self, event: &Event<'_>) {
        if let Event::Interim(head) | Event::Head(head) = event {
            self.transfers.note_head(head.raw(), self.report);
        }
        // The report copies each head, which would slow down ten thousand small transfers.
        if self.transfers.needs_report() {
            self.report.add_event(event);
        }
        if self.transfers.common.verbose > 0 {
            self.transfers.print_note(&verbose::describe(event));
        }
    }
}

/// Returns the line of `--json`: the members of `%{json}`, the fields of the head, and the body
/// unless it went to a file.
fn object(report: &Report, body: Option<&[u8]>) -> String {
    let mut text = write_out::json(report);
    text.pop();
    // Writing to a string cannot fail.
    let _ = write!(text, ",\"headers\":{}", write_out::header_json(report));
    if let Some(body) = body {
        let _ = match std::str::from_utf8(body) {
            Ok(body) => write!(text, ",\"body\":{}", quote(body)),
            Err(_) => {
                write!(text, ",\"body\":null,\"note\":\"the body is not UTF-8; -o FILE saves it\"")
            }
        };
    }
    text.push_str("}\n");
    text
}
