//! The jobs of a run: each is a URL and the destination of its body.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::vec;

use httpget::digest::Checksum;

use super::destination::{self, Destination};
use super::list::{Entry, List};
use crate::args::common::Common;
use crate::args::get::Get;
use crate::exit::{self, Failure};
use crate::stdio::Stdio;

/// A transfer to run.
#[derive(Debug)]
pub(super) struct Job {
    /// Number of the job, from 0.
    pub(super) index: usize,
    /// The line of the list that names the URL.
    pub(super) place: Option<String>,
    /// The URL as the user wrote it.
    pub(super) url: String,
    /// The destination of the body, or the reason why there is nothing to transfer.
    pub(super) to: Result<Destination, Failure>,
    /// The digest that the body must have.
    pub(super) checksum: Option<Checksum>,
}

/// The remaining jobs, for any number of threads. A list is read only as its jobs are taken.
pub(super) struct Jobs<'a>(Mutex<Source<'a>>);

struct Source<'a> {
    args: &'a Get,
    json: bool,
    urls: vec::IntoIter<String>,
    list: Option<List>,
    outputs: vec::IntoIter<PathBuf>,
    checksums: vec::IntoIter<Checksum>,
    /// The number of the next job.
    next: usize,
    has_ended: bool,
}

impl<'a> Jobs<'a> {
    /// Returns the jobs of the command line, followed by those of its list.
    ///
    /// # Errors
    ///
    /// [`exit::USAGE`] for contradictory options, [`exit::UNREADABLE`] for a list that cannot be
    /// opened.
    pub(super) fn of(
        args: &'a Get,
        common: &Common,
        stdio: &mut Stdio,
    ) -> Result<Jobs<'a>, Failure> {
        let urls = urls(args)?;
        check(args, &urls)?;
        let list = args.url_file.as_deref().map(|path| List::open(path, stdio)).transpose()?;
        Ok(Jobs(Mutex::new(Source {
            args,
            json: common.json,
            urls: urls.into_iter(),
            list,
            outputs: args.output.clone().into_iter(),
            checksums: args.integrity.checksums.clone().into_iter(),
            next: 0,
            has_ended: false,
        })))
    }

    /// Takes the next job. Reads the next line of the list if necessary, and waits for it.
    pub(super) fn take(&self) -> Option<Job> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns the number of all jobs, unless a list has some of them.
    pub(super) fn count(&self) -> Option<usize> {
        let source = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        source.list.is_none().then(|| source.next + source.urls.len())
    }

    /// Drops the remaining jobs, because nobody reads their bodies.
    pub(super) fn stop(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).has_ended = true;
    }
}

impl Source<'_> {
    fn take(&mut self) -> Option<Job> {
        if self.has_ended {
            return None;
        }
        let index = self.next;
        self.next += 1;
        let entry = match self.urls.next() {
            Some(url) => Some((None, Ok(url), None)),
            None => self
                .list
                .as_mut()
                .and_then(List::next)
                .map(|Entry { place, url, file }| (Some(place), url, file)),
        };
        let Some((place, url, file)) = entry else {
            self.has_ended = true;
            let failure = match (self.outputs.len(), self.checksums.len()) {
                (0, 0) => return None,
                (0, _) => uneven_checksums(self.args, index),
                _ => self.uneven(index),
            };
            let (url, to) = (String::new(), Err(failure));
            return Some(Job { index, place: None, url, to, checksum: None });
        };
        let checksum = self.checksums.next();
        match url {
            Ok(_) if checksum.is_none() && !self.args.integrity.checksums.is_empty() => {
                let to = Err(uneven_checksums(self.args, index + 1));
                Some(Job { index, place, url: String::new(), to, checksum })
            }
            Ok(url) => {
                let to = self.destination(index, &url, file);
                Some(Job { index, place, url, to, checksum })
            }
            // A bad line uses up its -o too, so that later lines keep theirs.
            Err(failure) => {
                self.outputs.next();
                Some(Job { index, place, url: String::new(), to: Err(failure), checksum })
            }
        }
    }

    /// Returns the destination of a body. A line that names its file uses up no `-o`.
    fn destination(
        &mut self,
        index: usize,
        url: &str,
        file: Option<PathBuf>,
    ) -> Result<Destination, Failure> {
        let output = file.or_else(|| self.outputs.next());
        if url == "-" {
            let message = "- is not a URL; --url-file - reads URLs from standard input";
            return Err(Failure::new(exit::MALFORMED, message));
        }
        match output {
            Some(file) if file == Path::new("-") => Ok(Destination::Output { binary: true }),
            Some(file) => Ok(Destination::File(self.in_directory(file))),
            None if !self.args.output.is_empty() => Err(self.uneven(index + 1)),
            None if self.args.remote_name => {
                let file = self.in_directory(destination::name_of(url)?);
                Ok(match self.args.files.remote_header_name {
                    true => Destination::Proposed(file),
                    false => Destination::File(file),
                })
            }
            None if self.json => Ok(Destination::Object),
            None => Ok(Destination::Output { binary: false }),
        }
    }

    /// Returns the path in the directory of `--output-dir`. As in curl, an absolute path is below
    /// that directory, too.
    fn in_directory(&self, file: PathBuf) -> PathBuf {
        match &self.args.files.output_dir {
            Some(directory) => directory.join(file.strip_prefix("/").unwrap_or(&file)),
            None => file,
        }
    }

    fn uneven(&self, urls: usize) -> Failure {
        uneven(self.args, urls)
    }
}

/// Returns the URLs of the command line. The `-` of curl's `-C -` is not one.
fn urls(args: &Get) -> Result<Vec<String>, Failure> {
    let mut urls = args.urls.clone();
    if let (true, Some(at)) = (args.resume, urls.iter().position(|url| url == "-")) {
        urls.remove(at);
    }
    if urls.is_empty() && args.url_file.is_none() {
        return Err(Failure::new(exit::USAGE, "no URL is given; see sockit get --help"));
    }
    Ok(urls)
}

/// Checks for contradictory options.
fn check(args: &Get, urls: &[String]) -> Result<(), Failure> {
    let usage = |message: &str| Err(Failure::new(exit::USAGE, message));
    if args.url_file.is_none() && !args.output.is_empty() && args.output.len() != urls.len() {
        return Err(uneven(args, urls.len()));
    }
    let checksums = args.integrity.checksums.len();
    if args.url_file.is_none() && checksums > 0 && checksums != urls.len() {
        return Err(uneven_checksums(args, urls.len()));
    }
    let is_one = urls.len() == 1 && args.url_file.is_none();
    if (args.request.etag_save.is_some() || args.request.etag_compare.is_some()) && !is_one {
        return usage("--etag-save and --etag-compare are for a single URL");
    }
    if args.files.remote_header_name && !args.remote_name {
        return usage("-J names the file of -O; it needs -O");
    }
    if args.resume && args.output.is_empty() && !args.remote_name {
        return usage("-C resumes a file; it needs -o or -O");
    }
    if args.resume && (args.include || args.raw || args.range.is_some()) {
        return usage("-C resumes plain content; it cannot be combined with -i, --raw or -r");
    }
    Ok(())
}

/// Returns the failure of a number of `-o` that differs from the number of URLs.
fn uneven(args: &Get, urls: usize) -> Failure {
    let files = args.output.len();
    Failure::new(exit::USAGE, format!("{files} -o for {urls} URLs; each URL needs one"))
}

/// Returns the failure of a number of `--checksum` that differs from the number of URLs.
fn uneven_checksums(args: &Get, urls: usize) -> Failure {
    let checksums = args.integrity.checksums.len();
    let message = format!("{checksums} --checksum for {urls} URLs; each URL needs one");
    Failure::new(exit::USAGE, message)
}
