//! A worker of a download in segments: one connection at a time, one part after another.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{CONTENT_ENCODING, IF_RANGE, RANGE};
use netcore::Deadline;
use netcore::backoff::Backoff;
use netcore::error::FileError;
use netcore::file_at;

use super::shared::{End, Shared, Trouble};
use crate::download::engine::source::source;
use crate::download::resume::{Decision, Partial, RangeFault, Validator, Version};
use crate::download::retry_after::{LONGEST_RETRY_AFTER, retry_after};
use crate::error::{Error, ErrorKind};
use crate::request::Request;
use crate::response::Response;
use crate::run::PreparedRequest;
use crate::timeouts::Timeout;

/// The bytes of one read and one write.
const PIECE: usize = 128 << 10;

/// The refusals after received content that cost no attempt.
const GRACE: u32 = 3;

/// The least wait after such a refusal.
const GRACE_WAIT: Duration = Duration::from_millis(100);

/// The settings that the workers share.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) prepared: &'a PreparedRequest,
    pub(super) version: &'a Version,
    /// Bytes of the complete file.
    pub(super) total: u64,
    /// The deadline of the download.
    pub(super) deadline: Deadline,
    /// The time until which a further attempt may start.
    pub(super) retry_until: Deadline,
    pub(super) any_error: bool,
    /// The path of the partial file.
    pub(super) path: &'a Path,
}

/// A worker.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    number: usize,
    plan: &'a Plan<'a>,
    shared: &'a Shared,
    file: &'a File,
    backoff: Backoff,
    /// `true` once the worker has received content.
    has_received: bool,
    /// Refusals that cost no attempt: the server may still count a connection that was just closed
    /// for another part.
    grace: u32,
    piece: Vec<u8>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        number: usize,
        plan: &'a Plan<'a>,
        shared: &'a Shared,
        file: &'a File,
        backoff: Backoff,
    ) -> Worker<'a> {
        Worker {
            number,
            plan,
            shared,
            file,
            backoff,
            has_received: false,
            grace: 0,
            piece: Vec::new(),
        }
    }

    /// Fetches parts until there are none. The worker with the `first` response, whose content goes
    /// up to `covers`, already has its part.
    pub(super) fn run(mut self, first: Option<(Response, u64)>) {
        self.piece = vec![0; PIECE];
        let mut goes_on = true;
        if let Some((mut response, covers)) = first {
            response.body().set_token(self.shared.stop().clone());
            let received = self.receive(&mut response, covers);
            self.shared.lock().response = Some(response);
            goes_on = self.settle(received);
        }
        while goes_on {
            let Some(range) = self.shared.claim(self.number) else { break };
            let received = self.fetch(range);
            goes_on = self.settle(received);
        }
        self.shared.lock().alive -= 1;
        self.shared.notify();
    }

    /// Requests a range and writes it.
    fn fetch(&mut self, range: Range<u64>) -> Result<(), Trouble> {
        let Plan { prepared, version, deadline, .. } = self.plan;
        let bytes = format!("bytes={}-{}", range.start, range.end - 1);
        let request = Request(Ok(PreparedRequest::clone(prepared)))
            .with_deadline(*deadline)
            .with_cancel(self.shared.stop().clone())
            .with_header(RANGE, bytes)
            .with_header(IF_RANGE, version.validator.value().clone())
            .without_coding();
        let mut response = request.send().map_err(|error| self.trouble(error, None))?;
        let covers = self.check(&response, range)?;
        self.receive(&mut response, covers)
    }

    /// Checks the response to a request for `range`. Returns the offset behind its last byte.
    fn check(&self, response: &Response, range: Range<u64>) -> Result<u64, Trouble> {
        let Plan { prepared, version, total, .. } = self.plan;
        let (status, headers) = (response.status(), response.headers());
        let source = source(prepared, response.url());
        match status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {}
            _ => {
                let error = Error::new(ErrorKind::Status(status)).with_url(response.url());
                return Err(self.trouble(error, retry_after(headers, SystemTime::now())));
            }
        }
        // Another mirror need not have the same file.
        if source != version.source {
            return Err(Trouble::Useless);
        }
        if status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Err(Trouble::End(End::Changed));
        }
        if status == StatusCode::OK {
            let theirs = Validator::of(headers, SystemTime::now());
            let is_same = theirs.as_ref() == Some(&version.validator)
                && response.content_length().is_none_or(|length| length == *total);
            return Err(if is_same { Trouble::Useless } else { Trouble::End(End::Changed) });
        }
        let partial = Partial { bytes: range.start, version: Version::clone(version) };
        match Decision::of_range(&partial, &source, headers) {
            Decision::Continue { length, total: theirs }
                if theirs == *total
                    && response.content_length().is_none_or(|sent| sent == length)
                    && !headers.contains_key(CONTENT_ENCODING) =>
            {
                Ok(range.start + length)
            }
            _ => Err(Trouble::End(End::Changed)),
        }
    }

    /// Writes the content of `response`, which goes up to `covers`, as far as the worker's part
    /// does.
    fn receive(&mut self, response: &mut Response, covers: u64) -> Result<(), Trouble> {
        let mut received = 0;
        loop {
            let next = {
                let mut state = self.shared.lock();
                match state.end.is_some() {
                    true => return Ok(()),
                    false => state.segments.next(self.number, covers),
                }
            };
            let room = usize::try_from(next.end - next.start).unwrap_or(usize::MAX).min(PIECE);
            if room == 0 {
                break;
            }
            let taken = response.body().take(&mut self.piece[..room]);
            let count = taken.map_err(|error| self.trouble(error, None))?;
            if count == 0 {
                let expected = Some(received + (next.end - next.start));
                let error = Error::new(ErrorKind::BodyTruncated { received, expected });
                return Err(self.trouble(error.with_url(response.url()), None));
            }
            file_at::write_all_at(self.file, &self.piece[..count], next.start).map_err(
                |error| {
                    let error = FileError::new("write", self.plan.path)(error);
                    let error = Error::new(ErrorKind::Write).with_cause(error);
                    Trouble::End(End::Error(error.with_url(response.url())))
                },
            )?;
            received += count as u64;
            self.has_received = true;
            self.grace = GRACE;
            let mut state = self.shared.lock();
            state.segments.advance(self.number, count as u64);
            state.fetched += count as u64;
        }
        // The digest of a complete part is compared at its end.
        let body = response.body();
        if body.content_length() == Some(body.received()) && !body.is_done() {
            let surplus = body.take(&mut [0]).map_err(|error| self.trouble(error, None))?;
            if surplus > 0 {
                let fault = RangeFault::Length { range: received, sent: received + surplus as u64 };
                let error = Error::new(ErrorKind::Range).with_cause(fault);
                return Err(Trouble::Unfit(error.with_url(response.url())));
            }
        }
        Ok(())
    }

    /// Classifies an error. `after` is the wait that the server asks for.
    fn trouble(&self, error: Error, after: Option<Duration>) -> Trouble {
        match error.kind() {
            ErrorKind::Write
            | ErrorKind::Digest
            | ErrorKind::Cancelled { .. }
            | ErrorKind::TimedOut { timeout: Timeout::Total, .. } => {
                Trouble::End(End::Error(error))
            }
            _ if error.is_retryable() || self.plan.any_error => Trouble::Failed { error, after },
            _ => Trouble::Unfit(error),
        }
    }

    /// Gives the rest of the part back and waits before another attempt, if there is one. Returns
    /// `false` if the worker gives up.
    fn settle(&mut self, result: Result<(), Trouble>) -> bool {
        let mut state = self.shared.release(self.number);
        let trouble = match result {
            Ok(()) => {
                self.backoff.reset();
                return true;
            }
            Err(Trouble::End(end)) => {
                drop(state);
                self.shared.end(end);
                return false;
            }
            Err(trouble) => trouble,
        };
        // A server that refuses further connections must not cost the attempts of the others. The
        // last worker leaves its attempts to the download.
        let is_extra = !self.has_received && state.segments.is_worked_on();
        let is_refused = |error: &Error| matches!(error.kind(), ErrorKind::Status(_));
        let (wait, is_free) = match &trouble {
            Trouble::Failed { error, .. } | Trouble::Unfit(error)
                if self.grace > 0 && is_refused(error) =>
            {
                let asked = match &trouble {
                    Trouble::Failed { after, .. } => *after,
                    _ => None,
                };
                (self.wait_in_time(asked).map(|wait| wait.max(GRACE_WAIT)), true)
            }
            Trouble::Failed { after, .. } if !is_extra && state.alive > 1 && state.retries > 0 => {
                (self.wait_in_time(*after), false)
            }
            _ => (None, false),
        };
        match (trouble, wait) {
            (Trouble::Failed { error, .. } | Trouble::Unfit(error), Some(wait)) => {
                match is_free {
                    true => self.grace -= 1,
                    false => state.retries -= 1,
                }
                state.retried += 1;
                state.news.push((error, wait));
                drop(state);
                self.shared.sleep(wait);
                true
            }
            (trouble, _) => {
                state.trouble = Some(trouble);
                false
            }
        }
    }

    /// Returns the wait before another attempt: the one that the server asks for, or the
    /// back-off's. Returns `None` if the attempt would come too late.
    fn wait_in_time(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let wait = asked.unwrap_or_else(|| self.backoff.next_wait());
        let end = self.plan.deadline.earlier(self.plan.retry_until);
        let is_in_time = end.remaining().is_none_or(|left| left > wait);
        (is_in_time && asked.is_none_or(|asked| asked <= LONGEST_RETRY_AFTER)).then_some(wait)
    }
}
