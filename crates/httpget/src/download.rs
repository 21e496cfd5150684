//! Downloads: written to a partial file, renamed when complete, resumed and retried.
//!
//! Feature `download`.

mod engine;
mod field;
mod hash;
mod in_place;
mod lock;
mod options;
mod part;
mod progress;
pub mod resume;
mod retry_after;
mod segments;
mod sidecar;
mod sink;
mod system;
mod target;
#[cfg(feature = "digest")]
mod verify;
#[cfg(not(feature = "digest"))]
#[path = "download/verify/none.rs"]
mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[cfg(feature = "digest")]
use crate::digest::Checksum;
use crate::error::{Error, ErrorKind};
use crate::request::Request;
use crate::response::Response;
use crate::timeouts::{Phase, Timeout};
use engine::Engine;
pub use netcore::backoff::Backoff;
pub use netcore::error::FileError;
use netcore::transfer::AsDescriptor;
use options::Options;
pub use progress::{Downloaded, Progress};
pub use retry_after::{LONGEST_RETRY_AFTER, retry_after};
use sink::Sink;
use target::Target;

#[cfg(test)]
mod tests;

/// The most segments of a download.
pub const MAX_SEGMENTS: usize = 16;

/// A GET whose content goes to a file or to another writable target.
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
///
/// [`to_file`](Download::to_file) writes to `FILE.part` beside the file, and renames it when it is
/// complete. The old file stays until then. Two downloads to one file never mix: the second fails
/// while the first one runs, in any process.
///
/// A download that breaks leaves `FILE.part`, and `FILE.part.meta` with the resource and its
/// version: the URL, and a strong entity tag or a strong date. With these a later download
/// [resumes](Download::with_resume), and so does the next [attempt](Download::with_retries);
/// [`resume`] has the rules. The download starts again if the server's file may have changed, or if
/// the URL is another one.
///
/// `FILE.part.meta` marks `FILE.part` as written by this crate. A `FILE.part` of another program is
/// never touched: the download fails before it sends anything.
///
/// On Linux the kernel copies the content, as in [`Body::copy_to`](crate::Body::copy_to). One
/// deadline covers all attempts and the waits between them:
/// [`Timeouts::total`](crate::Timeouts::total).
#[derive(Debug)]
#[must_use = "a download does nothing until it gets a target"]
pub struct Download {
    request: Request,
    options: Options,
}

impl Download {
    /// Returns a download with one attempt, from the beginning.
    ///
    /// If the request itself asks for a range, the file gets that range, or the download fails with
    /// [`ErrorKind::Range`]. Such a download is never resumed. The same holds if the request wants
    /// the body [raw](Request::with_raw). Each further attempt starts again.
    pub fn new(request: Request) -> Download {
        Download { request, options: Options::default() }
    }

    /// Lets the first attempt resume the partial file that an earlier download of this URL left.
    /// Without it, new content overwrites that file.
    ///
    /// If there is no partial file, the first attempt asks for bytes after the end of the existing
    /// file. If the server has none (416, and the same size), the file stays and
    /// [`Progress::Complete`] reports it. After any other answer the download starts again.
    pub fn with_resume(mut self, resume: bool) -> Download {
        self.options.resume = resume;
        self
    }

    /// Sets how many further attempts follow an error that [is retryable](Error::is_retryable).
    /// Each waits as Retry-After or else [`Backoff`] says, but never beyond the total timeout. If
    /// the next attempt would come too late, the last response or error counts, and
    /// [`Progress::TooLate`] reports it.
    pub fn with_retries(mut self, retries: u32) -> Download {
        self.options.retries = retries;
        self
    }

    /// Starts no further attempt later than `time` after the start of the download. An attempt that
    /// has started may take longer. By default only the total timeout counts.
    pub fn with_retry_time(mut self, time: Duration) -> Download {
        self.options.retry_time = Some(time);
        self
    }

    /// Retries after every error if `any` is `true`, not only after those that [are
    /// retryable](Error::is_retryable). That includes malformed responses, and a status of 400 or
    /// above unless its content is [wanted](Download::with_error_content). Local errors stay final:
    /// a failed write, and the total timeout.
    pub fn with_retry_any_error(mut self, any: bool) -> Download {
        self.options.any_error = any;
        self
    }

    /// Replaces an existing file. With `false`, the download fails before it sends anything, and
    /// also if another program creates the file meanwhile. Devices and other targets written
    /// directly do not count as files. The default is `true`.
    pub fn with_replace(mut self, replace: bool) -> Download {
        self.options.replace = replace;
        self
    }

    /// Sets the waits before further attempts.
    pub fn with_backoff(mut self, backoff: Backoff) -> Download {
        self.options.backoff = backoff;
        self
    }

    /// Accepts the content of a response with a status of 400 or above. Otherwise such a response
    /// is an error of the kind [`Status`](ErrorKind::Status). It always is one if the rest of a
    /// file was requested.
    pub fn with_error_content(mut self, wanted: bool) -> Download {
        self.options.errors = wanted;
        self
    }

    /// Writes the heads before the content, byte for byte, those of interim responses and redirects
    /// included. Such a file is never resumed. Of a [HEAD](crate::Client::head), the heads are all
    /// that is written.
    pub fn with_heads(mut self, wanted: bool) -> Download {
        self.options.heads = wanted;
        self
    }

    /// Gives the file the time in Last-Modified, as wget(1) does, unless that is in the future. The
    /// default is `true`.
    pub fn with_server_time(mut self, keep: bool) -> Download {
        self.options.server_time = keep;
        self
    }

    /// Fetches up to `count` ranges of the file at the same time, each over a connection of its
    /// own. The default is 1, and the most is [`MAX_SEGMENTS`].
    ///
    /// This needs a response with a length, a strong entity tag or a strong date, and no content
    /// coding; a server that serves ranges; a regular file as the target; and at least 512 KiB to
    /// fetch, without a [limit of the rate](Request::with_max_rate). Otherwise there is one stream,
    /// as without this option.
    ///
    /// `FILE.part` gets its full size at once, and the space on disk where the system can reserve
    /// it. Every range is requested with If-Range, and joined only if it has the same version. If
    /// the file changes meanwhile, the download starts again in one stream. An idle connection
    /// takes over half of the largest rest. A connection that the server refuses, by an error or by
    /// a status such as 503, leaves its work to the others. [Retries](Download::with_retries) count
    /// for all connections together.
    ///
    /// The missing ranges are recorded once a second, after their content is on the disk. A later
    /// download [resumes](Download::with_resume) them with any number of segments. A checksum
    /// is computed at the end, by reading the file once.
    pub fn with_segments(mut self, count: usize) -> Download {
        self.options.segments = count.clamp(1, MAX_SEGMENTS);
        self
    }

    /// Requires that the content has this checksum, as the file gets it. Otherwise the download
    /// fails with [`ErrorKind::Digest`], and neither the file nor `FILE.part` stays. Bytes written
    /// to another target are out by then. With [heads](Download::with_heads), only the content
    /// counts. Needs the feature `digest`.
    ///
    /// The checksum is computed as the bytes arrive, in the program's memory instead of the
    /// kernel's copy. Content of a partial file from an earlier download is read once. An existing
    /// complete file with another checksum is not [resumed](Download::with_resume), but downloaded
    /// again.
    ///
    /// ```no_run
    /// use httpget::Client;
    /// use httpget::download::Download;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sum = "sha256=2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    /// let request = Client::new().get("http://mirror.example/hello");
    /// Download::new(request).with_checksum(sum.parse()?).to_file("hello")?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "digest")]
    pub fn with_checksum(mut self, checksum: Checksum) -> Download {
        self.options.checksum = Some(checksum);
        self
    }

    /// Downloads to the file at `path`.
    ///
    /// If the request has a condition (`If-None-Match` or `If-Modified-Since`) and the content has
    /// not changed, the file stays as it is. Besides a 304, a 200 whose `Last-Modified` is not
    /// after `If-Modified-Since` counts as unchanged.
    ///
    /// A symbolic link is followed. A device, a FIFO or a socket is written directly, as in
    /// [`to`](Download::to). The download waits for the reader of a FIFO as long as the stall and
    /// the total timeout allow. The new file gets the permissions of the old one and, if the system
    /// allows it, its owner. Both content and name are on the disk (fsync(2)) when this function
    /// returns.
    ///
    /// A file that can't be replaced is written in place and keeps its owner:
    ///
    /// - A mounted file, and another user's file in a sticky directory, get a copy of the complete
    ///   `FILE.part`. If copying fails, `FILE.part` still has all content.
    /// - A file in a directory without write permission is emptied when new content arrives. A
    ///   download that breaks leaves the bytes received so far, and no later download resumes them.
    ///
    /// A name without room for `.part.meta` is shortened to its first 64 bytes and a hash.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Write`] with a [`FileError`] as its cause. `path` exists and must not be
    ///   [replaced](Download::with_replace), is a directory, can't be written, or another download
    ///   writes to it. Or its directory can't be written, or has a `FILE.part` that this crate did
    ///   not make. Or the disk is full, or the file larger than allowed. `path` is unchanged,
    ///   `FILE.part` stays;
    /// - [`ErrorKind::Range`]: the server sent another range than the request asked for, or a part
    ///   though no range was requested. Nothing was written;
    /// - [`ErrorKind::TooLarge`]: the content is larger than [`Limits::body`](crate::Limits::body).
    ///   If the server announces that, nothing was written;
    /// - [`ErrorKind::Digest`]: the content does not match its digest or checksum. `path` is
    ///   unchanged, and `FILE.part` is removed, so that no later download resumes wrong content;
    /// - [`ErrorKind::Status`]; see [`with_error_content`](Download::with_error_content);
    /// - [`ErrorKind::TimedOut`] in [`Phase::Open`]: no reader opened the FIFO;
    /// - [`ErrorKind::Cancelled`]: the [token](Request::with_cancel) was cancelled. `FILE.part`
    ///   stays, and so does its mark: a later download can [resume](Download::with_resume);
    /// - the errors of [`Request::send`] and of [`Body::copy_to`](crate::Body::copy_to) in the last
    ///   attempt.
    ///
    /// A file that grows beyond the process's limit (RLIMIT_FSIZE) is an error only if the process
    /// ignores or handles SIGXFSZ, which ends it by default (setrlimit(2)). This crate installs no
    /// signal handlers.
    pub fn to_file(self, path: impl AsRef<Path>) -> Result<Downloaded, Error> {
        self.to_file_with_progress(path, &mut |_| {})
    }

    /// Downloads to the file at `path`, as [`to_file`](Download::to_file) does, and calls
    /// `progress` at each step.
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
        let deadlines = prepared.deadlines(Instant::now());
        let failed = |error: FileError| {
            Error::new(ErrorKind::Write).with_cause(error).with_url(&prepared.url)
        };
        let soon = deadlines.step(Timeout::Stall, Instant::now());
        let soon_or_cancelled = soon.deadline.or_cancelled(deadlines.token());
        let target = Target::at(path.as_ref(), soon_or_cancelled).map_err(|error| {
            match error.cause().kind() {
                _ if soon_or_cancelled.is_cancelled() => {
                    Error::cancelled(Phase::Open, 0).with_url(&prepared.url)
                }
                io::ErrorKind::TimedOut => {
                    soon.ran_out(Phase::Open, 0).with_cause(error).with_url(&prepared.url)
                }
                _ => failed(error),
            }
        })?;
        let sink = match &target {
            Target::Direct(target) => Sink::direct(target.as_descriptor()),
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

    /// Downloads to a new file whose path `name` chooses, once the head of a response has arrived:
    /// with [`proposed_file_name`](crate::protocol::proposed_file_name), for example. Calls
    /// `progress` at each step.
    ///
    /// Because a server may have chosen the name, nothing at that path is ever replaced or written
    /// through, no symbolic link and no device. `name` is called once, for the first response that
    /// brings the content. Further attempts go on with that file. If the download [may
    /// resume](Download::with_resume) and the file has a partial file, the content is requested
    /// once more, from its end on.
    ///
    /// ```no_run
    /// use httpget::Client;
    /// use httpget::download::Download;
    /// use httpget::protocol::proposed_file_name;
    ///
    /// let request = Client::new().get("http://mirror.example/latest");
    /// let mut path = std::path::PathBuf::new();
    /// Download::new(request).to_new_file(
    ///     &mut |response| {
    ///         let proposed = proposed_file_name(response.headers());
    ///         let name = proposed.or_else(|| response.url().file_name());
    ///         path = name.unwrap_or_else(|| "index.html".into()).into();
    ///         Ok(path.clone())
    ///     },
    ///     &mut |_| {},
    /// )?;
    /// println!("{}", path.display());
    /// # Ok::<(), httpget::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`to_file`](Download::to_file), and [`ErrorKind::Write`] if the path exists or `name`
    /// returns an error.
    pub fn to_new_file(
        self,
        name: &mut dyn FnMut(&Response) -> Result<PathBuf, FileError>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Downloaded, Error> {
        let prepared = self.request.0?;
        let deadlines = prepared.deadlines(Instant::now());
        let engine =
            Engine::new(prepared, self.options, Sink::Unnamed, deadlines.total(), progress);
        engine.with_name(name).run()
    }

    /// Downloads to `target`, such as standard output.
    ///
    /// Written bytes can't be taken back, so a further attempt continues after them. If the server
    /// can't do that, the download ends with the error that made the attempt necessary.
    ///
    /// # Errors
    ///
    /// As [`to_file`](Download::to_file) for a target that is written directly.
    pub fn to(self, target: &impl AsDescriptor) -> Result<Downloaded, Error> {
        self.to_with_progress(target, &mut |_| {})
    }

    /// Downloads to `target`, as [`to`](Download::to) does, and calls `progress` at each step.
    ///
    /// # Errors
    ///
    /// As [`to`](Download::to).
    pub fn to_with_progress(
        self,
        target: &impl AsDescriptor,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Downloaded, Error> {
        let prepared = self.request.0?;
        let deadlines = prepared.deadlines(Instant::now());
        let sink = Sink::direct(target.as_descriptor());
        Engine::new(prepared, self.options, sink, deadlines.total(), progress).run()
    }
}
