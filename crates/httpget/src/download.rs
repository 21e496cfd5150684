//! Downloads: written aside and renamed when whole, gone on with where they broke, tried again.
//! Feature `download`, on Unix.

mod engine;
mod error;
mod field;
mod in_place;
mod lock;
mod options;
mod part;
mod progress;
pub mod resume;
mod retry;
mod sidecar;
mod sink;
mod target;

#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::deadlines::Deadlines;
use crate::error::{Error, ErrorKind};
use crate::request::Request;
use crate::timeouts::{Phase, Timeout};
use engine::Engine;
pub use error::FileError;
use options::Options;
pub use progress::{Downloaded, Progress};
pub use retry::{Backoff, LONGEST_RETRY_AFTER, retry_after};
use sink::Sink;
use target::Target;

/// A GET whose content goes to a file, or to what else can be written.
///
/// [`to_file`](Download::to_file) writes to `FILE.part` beside the file, and makes that the file when
/// it is whole: until then what was there stays. Two downloads to one file do not mix: the second
/// fails while the first one runs, in whatever process. A download that breaks leaves `FILE.part`,
/// and `FILE.part.meta` with the resource and its version: the URL, and a strong entity tag or a
/// strong date. With these a later download [goes on](Download::with_resume) where it broke, and so does
/// the next of its [attempts](Download::with_retries); [`resume`] has the rules. If the server's file has
/// changed or can't be told from a changed one, or if the URL is another one, it starts again.
///
/// `FILE.part.meta` marks `FILE.part` as this crate's own. A `FILE.part` of another program is never
/// touched: the download fails then, before anything is sent.
///
/// On Linux the kernel moves the content by itself, as [`Body::copy_to`](crate::Body::copy_to) has
/// it. One deadline is for all attempts and the waits between them:
/// [`Timeouts::total`](crate::Timeouts::total).
///
/// ```no_run
/// use httpget::Client;
/// use httpget::download::{Download, Progress};
///
/// # fn main() -> Result<(), httpget::Error> {
/// let request = Client::new().get("http://mirror.example/disk.img");
/// let download = Download::new(request).with_resume(true).with_retries(20);
/// let done = download.to_file_with_progress("disk.img", &mut |step| {
///     if let Progress::Waiting { error, wait, .. } = step {
///         eprintln!("{error}; trying again in {wait:?}");
///     }
/// })?;
/// println!("{} bytes, {} of them now, in {} attempts", done.bytes, done.fetched, done.attempts);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is asked before it is told where to go"]
pub struct Download {
    request: Request,
    options: Options,
}

impl Download {
    /// One attempt, from the beginning.
    ///
    /// A request that asks for a range by itself brings that range, as far as the file has it, or
    /// fails with [`ErrorKind::Range`]. It is not gone on with, nor is one that wants the body
    /// [raw](Request::with_raw): each further attempt begins again.
    pub fn new(request: Request) -> Download {
        Download { request, options: Options::default() }
    }

    /// Lets the first attempt go on with the part that an earlier download of this URL has left.
    /// Without it, that part is overwritten as soon as new content comes.
    ///
    /// If nothing is left but the file is there, the first attempt asks for the bytes behind its end.
    /// A server that has none (416, and the same size) ends the download: the file stays, and
    /// [`Progress::Complete`] says so. Any other answer begins anew.
    pub fn with_resume(mut self, resume: bool) -> Download {
        self.options.resume = resume;
        self
    }

    /// How many further attempts there may be, where an error
    /// [is retryable](Error::is_retryable). They wait before as Retry-After says or else as
    /// [`Backoff`] does, never beyond the total budget. If the next attempt would come too late, the
    /// response or the error of the last one counts, and [`Progress::TooLate`] says so.
    pub fn with_retries(mut self, retries: u32) -> Download {
        self.options.retries = retries;
        self
    }

    /// Begins no further attempt after `time`, counted from the beginning of the download. An attempt
    /// that has begun may take longer. Without it, only the total budget counts.
    pub fn with_retry_time(mut self, time: Duration) -> Download {
        self.options.retry_time = Some(time);
        self
    }

    /// Lets every error have further attempts, if `any` is `true`, and not only those that
    /// [are retryable](Error::is_retryable): a malformed response, or a status of 400 or above where
    /// its content is not [wanted](Download::with_error_content). Exceptions are errors of this side, which stay:
    /// the target does not take the bytes, or the total budget ran out.
    pub fn with_retry_any_error(mut self, any: bool) -> Download {
        self.options.any_error = any;
        self
    }

    /// Replaces a file that is there, unless `replace` is `false`: then the download fails before
    /// anything is sent, and also if somebody makes the file meanwhile. What is written straight
    /// through, such as a device, is no such file. It replaces by default.
    pub fn with_replace(mut self, replace: bool) -> Download {
        self.options.replace = replace;
        self
    }

    /// How long to wait before further attempts.
    pub fn with_backoff(mut self, backoff: Backoff) -> Download {
        self.options.backoff = backoff;
        self
    }

    /// Whether the content of a response with a status of 400 or above is wanted. Without it that is
    /// an error of the kind [`Status`](ErrorKind::Status), as it always is in place of the rest of a
    /// file.
    pub fn with_error_content(mut self, wanted: bool) -> Download {
        self.options.errors = wanted;
        self
    }

    /// Whether the heads that came before the content stand before it, byte for byte: those of
    /// interim responses and redirects too. Such a file is not gone on with.
    pub fn with_heads(mut self, wanted: bool) -> Download {
        self.options.heads = wanted;
        self
    }

    /// Whether the file gets the time of its last change from Last-Modified, as wget(1) does it,
    /// unless that is in the future. It does.
    pub fn with_server_time(mut self, keep: bool) -> Download {
        self.options.server_time = keep;
        self
    }

    /// Downloads to the file at `path`.
    ///
    /// A symbolic link is followed. A device, a FIFO or a socket is written straight through, as
    /// [`to`](Download::to) does it; for the reader of a FIFO it waits as long as the stall and the
    /// total budgets allow. The file that is replaced hands on its permissions and, where the system
    /// allows that, its owner. Content, and then name, are on the disk (fsync(2)) when this returns.
    ///
    /// A file that can't be replaced is written in place, and keeps its owner:
    ///
    /// - A mounted file, and another user's file in a sticky directory, get a copy of `FILE.part` when
    ///   that is whole. If copying fails, `FILE.part` still has the whole.
    /// - A file in a directory that lets nobody make `FILE.part` is emptied when new content comes. A
    ///   download that breaks leaves what came, which no later download goes on with.
    ///
    /// A name without room for `.part.meta` is shortened to its first 64 bytes and a hash.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Write`] with a [`FileError`] as its cause: `path` is there and must not be
    ///   [replaced](Download::with_replace), is a directory, can't be
    ///   written, or is written by another download; its directory can't be written, or has a
    ///   `FILE.part` that this crate did not make; the disk is full, or the file larger than allowed.
    ///   `path` is as it was, `FILE.part` stays;
    /// - [`ErrorKind::Range`]: the server sent another range than the one that the request asked for
    ///   by itself, or a part that nobody asked for. Nothing was written;
    /// - [`ErrorKind::TooLarge`]: the whole is larger than [`Limits::body`](crate::Limits::body).
    ///   If the server announces that, nothing was written;
    /// - [`ErrorKind::Status`]; see [`with_error_content`](Download::with_error_content);
    /// - [`ErrorKind::TimedOut`] in [`Phase::Open`]: nobody came to read from the FIFO;
    /// - those of [`Request::send`] and of [`Body::copy_to`](crate::Body::copy_to), of the last
    ///   attempt.
    ///
    /// A file that grows beyond the process's limit (RLIMIT_FSIZE) is an error only if the process
    /// ignores or handles SIGXFSZ, which ends it by default (setrlimit(2)). This crate installs no
    /// signal handlers.
    pub fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        self.to_file_with_progress(path, &mut |_| {})
    }

    /// Downloads to the file at `path`, as [`to_file`](Download::to_file) does, and calls `progress`
    /// at each step.
    ///
    /// # Errors
    ///
    /// As [`to_file`](Download::to_file).
    pub fn to_file_with_progress(
        self,
        path: impl AsRef<Path>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Downloaded, Error> {
        let prepared = self.request.0?;
        let deadlines =
            Deadlines::new(prepared.timeouts.clone(), prepared.deadline, Instant::now());
        let failed = |error: FileError| {
            Error::new(ErrorKind::Write).with_cause(error).with_url(&prepared.url)
        };
        let soon = deadlines.step(Timeout::Stall, Instant::now());
        let target = Target::at(path.as_ref(), soon.deadline).map_err(|error| {
            match error.cause().kind() {
                io::ErrorKind::TimedOut => {
                    soon.ran_out(Phase::Open, 0).with_cause(error).with_url(&prepared.url)
                }
                _ => failed(error),
            }
        })?;
        let sink = match &target {
            Target::Direct(target) => Sink::direct(target.as_fd()),
            Target::File(place) => {
                let place = match self.options.replace {
                    true => Ok(place.clone()),
                    false => place.clone().for_a_new_file(),
                };
                place.and_then(Sink::at).map_err(failed)?
            }
        };
        Engine::new(prepared, self.options, sink, deadlines.total(), progress).run()
    }

    /// Downloads to `target`, such as standard output.
    ///
    /// What is written can't be taken back. So a further attempt goes on behind it, and where the
    /// server can't do that, the download ends with the error that made the attempt necessary.
    ///
    /// # Errors
    ///
    /// As [`to_file`](Download::to_file) has them for a file that is written direct through.
    pub fn to(self, target: &impl AsFd) -> Result<Downloaded, Error> {
        self.to_with_progress(target, &mut |_| {})
    }

    /// Downloads to `target`, as [`to`](Download::to) does, and calls `progress` at each step.
    ///
    /// # Errors
    ///
    /// As [`to`](Download::to).
    pub fn to_with_progress(
        self,
        target: &impl AsFd,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Downloaded, Error> {
        let prepared = self.request.0?;
        let deadlines =
            Deadlines::new(prepared.timeouts.clone(), prepared.deadline, Instant::now());
        let sink = Sink::direct(target.as_fd());
        Engine::new(prepared, self.options, sink, deadlines.total(), progress).run()
    }
}
