//! The attempts of a download.
//!
//! ```text
//!   ┌─► send ─► Plan ─┬─ Begin, Continue ─► content ─┬─ whole ──► finish
//!   │     ▲           ├─ Repeat: once more           │
//!   │     └───────────┘                              │
//!   └── wait ◄─── the error may pass, attempts left ◄┴─ broken
//! ```

use std::thread;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE};

use super::error::{AskedTooLong, DueTooLate};
use super::resume::{Partial, Plan, RangeFault, Validator, check_asked, date, single};
use super::sink::Sink;
use super::{Downloaded, FileError, LONGEST_RETRY_AFTER, Options, Progress, retry_after};
use crate::budgets::Bound;
use crate::error::Span;
use crate::protocol::ProtocolError;
use crate::send::Order;
use crate::{Error, ErrorKind, Event, Phase, Request, Response};

/// A download that runs.
pub(super) struct Engine<'a> {
    order: Order,
    options: Options,
    sink: Sink<'a>,
    /// The end of all attempts.
    total: Bound,
    progress: &'a mut dyn FnMut(Progress<'_>),
    attempts: u32,
    fetched: u64,
    /// What is there may be gone on with.
    trusts: bool,
    /// The heads of this attempt, if they are wanted and not written yet.
    heads: Vec<u8>,
    /// How many bytes of them are written.
    written: u64,
    /// Why the attempt before this one failed.
    broken: Option<Error>,
}

/// An attempt that failed.
struct Failure {
    error: Error,
    /// Another one may succeed.
    passes: bool,
    /// The server wants to be left alone for this long.
    asked: Option<Duration>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { passes: error.is_retryable(), asked: None, error }
    }
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        order: Order,
        options: Options,
        sink: Sink<'a>,
        total: Bound,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Engine<'a> {
        Engine {
            trusts: options.resume,
            order,
            options,
            sink,
            total,
            progress,
            attempts: 0,
            fetched: 0,
            heads: Vec::new(),
            written: 0,
            broken: None,
        }
    }

    pub(super) fn run(mut self) -> Result<Downloaded, Error> {
        loop {
            self.attempts += 1;
            let before = self.fetched;
            let failure = match self.attempt() {
                Ok((response, bytes, resumed_from)) => {
                    return self.finish(response, bytes, resumed_from);
                }
                Err(failure) => failure,
            };
            if self.fetched > before {
                self.options.backoff.reset();
            }
            let is_final = !failure.passes || self.is_last() || self.sink.is_stuck();
            let ended = if is_final { Err(failure.error) } else { self.wait(failure) };
            if let Err(error) = ended {
                self.leave_heads();
                return Err(error);
            }
        }
    }

    /// The response, how many bytes the whole has, and how many of them were there before.
    fn attempt(&mut self) -> Result<(Response, u64, u64), Failure> {
        let mut partial = self.partial()?;
        loop {
            let response = self.send(partial.as_ref())?;
            self.check_range(&response, response.expected())?;
            self.check_status(&response, partial.is_some())?;
            let (status, headers) = (response.status(), response.headers());
            let plan = match self.is_plain() {
                true => Plan::of(partial.as_ref(), status, headers),
                false => Ok(Plan::Begin),
            };
            let at = partial.as_ref().map_or(0, |partial| partial.bytes);
            match plan {
                Ok(Plan::Continue { length, total }) => {
                    return self.go_on(response, at, length, total);
                }
                Ok(Plan::Complete) => return Ok((response, at, at)),
                Ok(Plan::Begin | Plan::Repeat) | Err(_) if self.sink.bytes_taken() > 0 => {
                    // The server can't help it: the first fault is what it comes down to.
                    return Err(self.given_up(&response));
                }
                Ok(Plan::Begin) => return self.begin(response),
                Ok(Plan::Repeat) => partial = None,
                Err(fault) => return Err(range(fault, &response)),
            }
        }
    }

    /// What there is to go on with.
    fn partial(&self) -> Result<Option<Partial>, Failure> {
        if !self.trusts || !self.is_plain() {
            return Ok(None);
        }
        self.sink.partial().map_err(|error| self.failed(error))
    }

    fn send(&mut self, partial: Option<&Partial>) -> Result<Response, Error> {
        let mut request = Request(Ok(self.order.clone())).deadline(self.total.deadline);
        if let Some(partial) = partial {
            request = request.header(RANGE, partial.range());
            request = request.header(IF_RANGE, partial.validator.value().clone());
        }
        self.heads.clear();
        // There is no other attempt whose heads they would have to give way to.
        let at_once = self.is_last() && matches!(self.sink, Sink::Straight { .. });
        let Engine { heads, progress, options, sink, total, written, .. } = self;
        let mut failed = None;
        let result = request.send_observed(&mut |event| {
            progress(Progress::Event(event));
            let (true, Event::Interim(head) | Event::Head(head)) = (options.heads, event) else {
                return;
            };
            if !at_once {
                heads.extend_from_slice(head.raw());
            } else if failed.is_none() {
                failed = netcore::write_all_to(sink, head.raw(), total.deadline).err();
                *written += head.raw().len() as u64;
            }
        });
        match failed {
            Some(error) => Err(Error::new(ErrorKind::Write).because(error).of(&self.order.url)),
            None => result,
        }
    }

    /// An error where the content is not what was asked for, and is not wanted in its place.
    fn check_status(&self, response: &Response, ranged: bool) -> Result<(), Failure> {
        let status = response.status();
        let is_page = status.is_client_error() || status.is_server_error();
        let is_answer = match status {
            _ if status.is_success() => true,
            StatusCode::RANGE_NOT_SATISFIABLE if ranged => true,
            // There is no content, and that is not the content.
            StatusCode::NOT_MODIFIED => !ranged && self.may_stay(),
            _ => !ranged && (!is_page || self.options.errors),
        };
        let failure = Failure::from(Error::new(ErrorKind::Status(status)).of(response.url()));
        let waits = failure.passes && !self.is_last();
        if is_answer && !waits {
            return Ok(());
        }
        let asked = retry_after(response.headers(), SystemTime::now());
        Err(Failure { asked, ..failure })
    }

    /// An error where the request asked for a range by itself, and this is not it.
    /// `sent` is how many bytes it has, or had.
    fn check_range(&self, response: &Response, sent: Option<u64>) -> Result<(), Failure> {
        let Some(asked) = self.order.head.value(&RANGE) else { return Ok(()) };
        match check_asked(asked, response.status(), response.headers(), sent) {
            Err(RangeFault::Length { range, sent })
                if response.expected().is_none() && sent < range =>
            {
                let short = ErrorKind::BodyTruncated { received: sent, expected: Some(range) };
                Err(Error::new(short).of(response.url()).into())
            }
            checked => checked.map_err(|fault| range(fault, response)),
        }
    }

    /// The response is the whole file.
    fn begin(&mut self, response: Response) -> Result<(Response, u64, u64), Failure> {
        if matches!(self.sink, Sink::Part(_)) && response.status() == StatusCode::NOT_MODIFIED {
            return Ok((response, 0, 0));
        }
        let total = response.expected();
        // What is no file has no version that could be gone on with.
        let validator = match response.status() {
            StatusCode::OK if self.is_plain() => {
                Validator::of(response.headers(), SystemTime::now())
            }
            _ => None,
        };
        self.sink.begin(validator, total).map_err(|error| self.failed(error))?;
        self.trusts = true;
        let heads = std::mem::take(&mut self.heads);
        netcore::write_all_to(&self.sink, &heads, self.total.deadline)
            .map_err(|error| Error::new(ErrorKind::Write).because(error).of(response.url()))?;
        let ahead = self.written + heads.len() as u64;
        self.sink.took(ahead);
        let (mut response, arrived) = self.receive(response, ahead, total)?;
        let received = response.body().received();
        self.check_range(&response, Some(received))?;
        Ok((response, ahead + arrived, 0))
    }

    /// The response is the file from `at` on, or `length` bytes of it.
    fn go_on(
        &mut self,
        response: Response,
        at: u64,
        length: u64,
        total: u64,
    ) -> Result<(Response, u64, u64), Failure> {
        if let Some(sent) = response.expected().filter(|sent| *sent != length) {
            return Err(range(RangeFault::Length { range: length, sent }, &response));
        }
        let max = self.order.limits.body;
        if total > max {
            let limit = ProtocolError::TooLarge { limit: "body", max };
            return Err(Error::from(limit).of(response.url()).into());
        }
        self.sink.keep(at).map_err(|error| self.failed(error))?;
        let (response, arrived) = self.receive(response, at, Some(total))?;
        if arrived > length {
            // Which of them are the right ones can't be told.
            self.sink.keep(at).map_err(|error| self.failed(error))?;
            return Err(range(RangeFault::Length { range: length, sent: arrived }, &response));
        }
        let bytes = at + arrived;
        if bytes < total {
            let short = ErrorKind::BodyTruncated { received: bytes, expected: Some(total) };
            return Err(Error::new(short).of(response.url()).into());
        }
        Ok((response, bytes, at))
    }

    /// Moves the content behind the `at` bytes that are there. The result is how many came.
    fn receive(
        &mut self,
        mut response: Response,
        at: u64,
        total: Option<u64>,
    ) -> Result<(Response, u64), Failure> {
        (self.progress)(Progress::Begun { at, total, response: &response });
        let mut arrived = 0;
        let Engine { sink, progress, .. } = self;
        let moved = response.body().move_to(sink, |bytes| {
            arrived = bytes;
            progress(Progress::Arrived { bytes: at + bytes });
        });
        self.fetched += response.body().received();
        self.sink.took(arrived);
        Ok((response, moved?))
    }

    fn finish(
        self,
        response: Response,
        bytes: u64,
        resumed_from: u64,
    ) -> Result<Downloaded, Error> {
        let Engine { attempts, fetched, .. } = self;
        let last_modified = single(response.headers(), LAST_MODIFIED).and_then(date);
        let modified = last_modified
            .filter(|modified| self.options.server_time && *modified <= SystemTime::now());
        if response.status() != StatusCode::NOT_MODIFIED {
            self.sink
                .finish(bytes, modified)
                .map_err(|error| Error::new(ErrorKind::Write).because(error).of(response.url()))?;
        }
        Ok(Downloaded { bytes, fetched, attempts, resumed_from, response })
    }

    /// Waits for the next attempt, if it may come.
    fn wait(&mut self, failure: Failure) -> Result<(), Error> {
        let Failure { mut error, asked, .. } = failure;
        let wait = match asked {
            Some(wait) if wait > LONGEST_RETRY_AFTER => {
                return Err(error.because(AskedTooLong { wait: Span(wait) }));
            }
            Some(wait) => wait,
            None => self.options.backoff.next_wait(),
        };
        if self.total.deadline.remaining().is_some_and(|left| left <= wait) {
            let late = self.total.ran_out(Phase::Retry, self.fetched).in_place_of(&mut error);
            return Err(late.because(DueTooLate { wait: Span(wait), after: error }));
        }
        (self.progress)(Progress::Waiting { error: &error, wait });
        self.broken = Some(error);
        thread::sleep(wait);
        Ok(())
    }

    /// Whether what comes is a file from its first byte to its last, so that it can be gone on with
    /// where it breaks.
    fn is_plain(&self) -> bool {
        !self.options.heads && !self.order.raw && self.order.head.value(&RANGE).is_none()
    }

    /// Whether a 304 is an answer: there is no file that would be missing then, or the request has
    /// asked for it.
    fn may_stay(&self) -> bool {
        let asked = |name| self.order.head.value(name).is_some();
        !matches!(self.sink, Sink::Part(_)) || asked(&IF_NONE_MATCH) || asked(&IF_MODIFIED_SINCE)
    }

    /// The heads that came before an error, where no other attempt was thought to be the last.
    fn leave_heads(&mut self) {
        if matches!(self.sink, Sink::Straight { bytes: 0, .. }) {
            // The error that ended it is the one to be told.
            let _ = netcore::write_all_to(&self.sink, &self.heads, self.total.deadline);
        }
    }

    fn is_last(&self) -> bool {
        self.attempts > self.options.retries
    }

    /// The end where [`Sink::Straight`] could only be begun again.
    fn given_up(&mut self, response: &Response) -> Failure {
        let error = self.broken.take();
        let error = error.unwrap_or_else(|| Error::new(ErrorKind::Range).of(response.url()));
        Failure { error, passes: false, asked: None }
    }

    fn failed(&self, error: FileError) -> Failure {
        Error::new(ErrorKind::Write).because(error).of(&self.order.url).into()
    }
}

fn range(fault: RangeFault, response: &Response) -> Failure {
    Error::new(ErrorKind::Range).because(fault).of(response.url()).into()
}
