//! The attempts of a download.
//!
//! ```text
//!   ┌─► send ─► Decision ─┬─ Begin, Continue ─► content ─┬─ whole ──► finish
//!   │     ▲               ├─ Repeat: from the beginning  │
//!   │     └───────────────┘                              │
//!   └── wait ◄───── the error may pass, attempts left ◄──┴─ broken
//! ```

mod answer;
mod attempt;
mod carried;
mod decoded;
mod held;
mod integrity;
mod naming;
mod range;
mod retry;
mod send;
mod source;
mod split;
mod unchanged;

use std::iter;
use std::path::PathBuf;
use std::time::SystemTime;

use http::StatusCode;
use http::header::{IF_RANGE, LAST_MODIFIED, RANGE};
use netcore::error::FileError;
use netcore::{Deadline, Until};

use super::field::{date, single};
use super::options::Options;
use super::progress::{Downloaded, Progress};
use super::resume::{Decision, Held, Partial, RangeFault, Source, Validator, Version};
use super::sink::Sink;
use super::verify::Verifier;
use crate::body::copy_to::Tap;
use crate::deadlines::StepDeadline;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::run::PreparedRequest;
use attempt::{Done, Failure, Next};
use carried::{Carried, Place};
use range::{check_length, range};

/// A function that chooses the path of the file for a response.
pub(super) type Naming<'a> = &'a mut dyn FnMut(&Response) -> Result<PathBuf, FileError>;

/// A download that runs.
pub(super) struct Engine<'a> {
    prepared: PreparedRequest,
    options: Options,
    sink: Sink<'a>,
    /// The function that names the file, until it has one.
    name: Option<Naming<'a>>,
    verifier: Verifier,
    /// The deadline of all attempts.
    total: StepDeadline,
    /// The time until which a further attempt may start.
    retry_until: Deadline,
    progress: &'a mut dyn FnMut(Progress<'_>),
    attempts: u32,
    fetched: u64,
    /// `true` if existing content may be resumed.
    may_resume: bool,
    /// The heads of this attempt that are wanted and not yet written.
    heads: Vec<u8>,
    /// Bytes of heads already written.
    written: u64,
    /// The error of the attempt before this one.
    last_error: Option<Error>,
    /// The version of the content that is decoded; `None` for content without a coding.
    decoded_version: Option<Version>,
    /// The decoder of the attempt before this one, which broke.
    carried: Option<Carried>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        prepared: PreparedRequest,
        options: Options,
        sink: Sink<'a>,
        total: StepDeadline,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Engine<'a> {
        let retry_until = options.retry_time.map_or(Deadline::never(), Deadline::after);
        Engine {
            may_resume: options.resume,
            retry_until,
            #[cfg(feature = "digest")]
            verifier: Verifier::new(options.checksum.clone()),
            #[cfg(not(feature = "digest"))]
            verifier: Verifier,
            prepared,
            options,
            sink,
            name: None,
            total,
            progress,
            attempts: 0,
            fetched: 0,
            heads: Vec::new(),
            written: 0,
            last_error: None,
            decoded_version: None,
            carried: None,
        }
    }

    /// Sets the function that names the file.
    pub(super) fn with_name(self, name: Naming<'a>) -> Engine<'a> {
        Engine { name: Some(name), ..self }
    }

    pub(super) fn run(mut self) -> Result<Downloaded, Error> {
        loop {
            self.attempts += 1;
            let before = self.fetched;
            let failure = match self.attempt() {
                Ok(done) => return self.finish(done),
                Err(failure) => failure,
            };
            let failure = self.discard_wrong_content(failure)?;
            if self.fetched > before {
                self.options.backoff.reset();
            }
            if let Err(error) = self.wait(failure) {
                self.write_pending_heads();
                return Err(error);
            }
        }
    }

    fn attempt(&mut self) -> Result<Done, Failure> {
        let mut held = self.held()?;
        loop {
            let mut response = self.send(&held)?;
            self.check_range(&response, response.content_length())?;
            self.check_status(&response, &held)?;
            if let Some(part) = self.open_named(&response)? {
                held = part;
                continue;
            }
            let source = self.source(&response);
            let (status, headers) = (response.status(), response.headers());
            let plan = match self.is_resumable() {
                true => Decision::of(&held, &source, status, headers),
                false => Ok(Decision::Begin { length: None }),
            };
            match plan {
                Ok(Decision::Complete) if self.carried.is_none() => {
                    if let Some(done) = self.complete(response, &held)? {
                        return Ok(done);
                    }
                }
                Ok(Decision::Continue { length, total })
                    if response.content_length().is_none_or(|sent| sent == length) =>
                {
                    if let Some(place) = self.place(&held, &mut response) {
                        let done = self.append(response, place, length, total)?;
                        if let Some(done) = done {
                            return Ok(done);
                        }
                    }
                }
                // Written bytes and no usable range: the error of the first attempt counts.
                _ if self.sink.bytes_taken() > 0 => return Err(self.final_error(&response)),
                Ok(Decision::Begin { length }) => {
                    if let Some(done) = self.begin(response, source, length)? {
                        return Ok(done);
                    }
                }
                Ok(Decision::Continue { .. } | Decision::Repeat | Decision::Complete) => {}
                Err(fault) => return Err(range(fault, &response)),
            }
            held = Held::Nothing;
            self.carried = None;
        }
    }

    /// Writes a response that is the complete file, of `length` bytes if it says so. Returns `None`
    /// if the download has to start again.
    fn begin(
        &mut self,
        response: Response,
        source: Source,
        length: Option<u64>,
    ) -> Result<Option<Done>, Failure> {
        if self.is_unchanged(&response) {
            return self.leave_unchanged(response).map(Some);
        }
        let total = response.content_length().or(length);
        self.check_size(&response, total)?;
        check_length(&response, length, response.content_length())?;
        // No content follows the head of a HEAD.
        let total = if self.is_head() { Some(0) } else { total };
        // An error page has no version that could be resumed.
        let validator = match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT if self.is_resumable() => {
                Validator::of(response.headers(), SystemTime::now())
            }
            _ => None,
        };
        let version = validator.map(|validator| Version { source, validator, total });
        let (version, decoded_version) = match response.is_decoded() {
            true => (None, version),
            false => (version, None),
        };
        self.carried = None;
        self.decoded_version = decoded_version;
        if let (Some(left), Some(known)) = (self.holes(0, version.as_ref())?, &version) {
            let total = total.unwrap_or(0);
            return self.fetch_segments(response, left, total, known, total);
        }
        self.sink.begin(version.clone()).map_err(|error| self.failed(error))?;
        self.verifier.begin();
        self.may_resume = true;
        if let (Some(version), Some(total)) = (&version, total) {
            if self.splits(&response, 0, total) {
                let all = iter::once(0..total).collect();
                return self.fetch_segments(response, all, total, version, total);
            }
        }
        let heads = std::mem::take(&mut self.heads);
        netcore::transfer::write_all_to(&self.sink.target()?, &heads, self.until())
            .map_err(|error| Error::not_written(error, 0).with_url(response.url()))?;
        let ahead = self.written + heads.len() as u64;
        self.sink.count_written(ahead);
        let (mut response, arrived) = self.receive(response, ahead, total)?;
        let received = Some(response.body().received());
        self.check_range(&response, received)?;
        check_length(&response, length, received)?;
        self.verify(&response)?;
        Ok(Some(Done { response, bytes: ahead + arrived, resumed_from: 0, stays: false }))
    }

    /// Writes a response that is the content from `place` on, or `length` bytes of it. Returns
    /// `None` if it has more bytes than announced: the right ones among them are unknown.
    fn append(
        &mut self,
        response: Response,
        place: Place,
        length: u64,
        total: u64,
    ) -> Result<Option<Done>, Failure> {
        self.check_size(&response, Some(total))?;
        let Place { file: at, content } = place;
        let partial = self.sink.partial().map_err(|error| self.failed(error))?;
        if let Some(Partial { version, .. }) = partial {
            let holes = self.holes(at, Some(&version))?;
            let rest =
                || self.splits(&response, at, total).then(|| iter::once(at..total).collect());
            if let Some(left) = holes.or_else(rest) {
                return self.fetch_segments(response, left, at + length, &version, total);
            }
        }
        self.sink.keep(at).map_err(|error| self.failed(error))?;
        self.hash_existing(at, &response)?;
        let received = self.receive(response, at, Some(total));
        let (mut response, arrived) = received.map_err(|failure| Failure {
            error: failure.error.offset_by(content, total),
            ..failure
        })?;
        let received = response.body().received();
        if received > length {
            if self.sink.bytes_taken() > 0 {
                return Err(range(RangeFault::Length { range: length, sent: received }, &response));
            }
            self.sink.keep(at).map_err(|error| self.failed(error))?;
            return Ok(None);
        }
        let received = content + received;
        if received < total {
            let short = ErrorKind::BodyTruncated { received, expected: Some(total) };
            return Err(Error::new(short).with_url(response.url()).into());
        }
        self.verify(&response)?;
        Ok(Some(Done { response, bytes: at + arrived, resumed_from: at, stays: false }))
    }

    /// Handles a server that has no bytes after the held ones. Returns `None` if an existing file
    /// has another checksum.
    fn complete(&mut self, response: Response, held: &Held) -> Result<Option<Done>, Failure> {
        let bytes = held.bytes();
        let stays = matches!(held, Held::File(_));
        if !self.is_verified(bytes, stays, &response)? {
            return Ok(None);
        }
        (self.progress)(Progress::Complete { bytes });
        Ok(Some(Done { response, bytes, resumed_from: bytes, stays }))
    }

    /// Copies the content to the sink, behind its first `at` bytes. Returns the number of bytes.
    fn receive(
        &mut self,
        mut response: Response,
        at: u64,
        total: Option<u64>,
    ) -> Result<(Response, u64), Failure> {
        // The length of decoded content is unknown.
        let total = total.filter(|_| !response.is_decoded());
        (self.progress)(Progress::Begun { at, total, response: &response });
        let mut arrived = 0;
        let Engine { sink, progress, verifier, .. } = self;
        let is_seen = verifier.is_active();
        let mut see = |content: &[u8]| verifier.update(content);
        let tap: Option<Tap<'_>> = if is_seen { Some(&mut see) } else { None };
        let moved = response.body().copy_tapped(&sink.target()?, tap, |bytes| {
            arrived = bytes;
            progress(Progress::Arrived { bytes: at + bytes });
        });
        self.fetched += response.body().received();
        self.sink.count_written(arrived);
        if let Err(error) = &moved {
            self.carry(&mut response, at + arrived, error.kind());
        }
        Ok((response, moved?))
    }

    fn finish(self, done: Done) -> Result<Downloaded, Error> {
        let is_head = self.is_head();
        let Engine { attempts, fetched, options, sink, .. } = self;
        let Done { response, bytes, resumed_from, stays } = done;
        if !stays {
            let last_modified = single(response.headers(), LAST_MODIFIED).and_then(date);
            let modified = last_modified
                .filter(|it| options.server_time && !is_head && *it <= SystemTime::now());
            sink.finish(bytes, modified).map_err(|error| {
                Error::new(ErrorKind::Write).with_cause(error).with_url(response.url())
            })?;
        }
        Ok(Downloaded { bytes, fetched, attempts, resumed_from, response })
    }

    /// Returns `true` if the content is a file from its first byte to its last, so that a broken
    /// download can be resumed.
    fn is_resumable(&self) -> bool {
        let by_hand = [RANGE, IF_RANGE].iter().any(|name| self.prepared.head.value(name).is_some());
        !self.options.heads && !self.prepared.raw && !by_hand && !self.is_head()
    }

    /// Returns `true` for a HEAD, which brings no content.
    fn is_head(&self) -> bool {
        self.prepared.head.is_head()
    }

    /// Ends the download, because [`Sink::Direct`] can't start again.
    fn final_error(&mut self, response: &Response) -> Failure {
        let error = self.last_error.take();
        let error = error.unwrap_or_else(|| Error::new(ErrorKind::Range).with_url(response.url()));
        Failure { error, next: Next::Never }
    }

    /// Returns the end of all attempts.
    fn until(&self) -> Until<'_> {
        self.total.deadline.or_cancelled(self.prepared.token.as_ref())
    }

    fn failed(&self, error: FileError) -> Failure {
        Error::new(ErrorKind::Write).with_cause(error).with_url(&self.prepared.url).into()
    }
}
