//! Downloads from servers that play a script.

mod cancelled;
#[cfg(all(feature = "gzip", feature = "brotli", feature = "zstd"))]
mod codings;
mod direct;
mod files;
#[cfg(feature = "digest")]
mod integrity;
#[cfg(unix)]
mod killed;
mod named;
mod resources;
mod resuming;
mod retries;
mod segments;

use std::fs;
use std::path::{Path, PathBuf};

use netcore::testing::TestDir;

use super::*;

use crate::client::Client;
use crate::fixture::{Server, Step, assert_reason, get_that, send};
use crate::timeouts::{Phase, Timeouts};
use crate::url::Url;

/// Wherever the server of a test is: what is left by one download is for another one of this URL.
const URL: &str = "http://host/f";
const BODY: &[u8] = b"All that there is to be downloaded here.";
const OTHER: &[u8] = b"The file has changed in the meantime!";

/// A directory, and the place of a file in it.
struct FileTarget {
    directory: TestDir,
    file: PathBuf,
}

impl FileTarget {
    fn new() -> FileTarget {
        let directory = TestDir::new();
        let file = directory.path("file");
        FileTarget { directory, file }
    }

    /// What an earlier download of the body, of version v1, has left.
    fn with_part(bytes: usize) -> FileTarget {
        let place = FileTarget::new();
        fs::write(place.part(), &BODY[..bytes]).unwrap();
        let source = format!("asked {URL}\nfound {URL}\n");
        let meta = format!("httpget partial 2\n{source}tag \"v1\"\ntotal {}\nend\n", BODY.len());
        fs::write(place.meta(), meta).unwrap();
        place
    }

    fn part(&self) -> PathBuf {
        self.directory.path("file.part")
    }

    fn meta(&self) -> PathBuf {
        self.directory.path("file.part.meta")
    }

    /// The file is whole, and nothing else is there.
    fn assert_whole(&self, content: &[u8]) {
        assert_eq!(self.directory.names(), ["file"]);
        assert_eq!(fs::read(&self.file).unwrap(), content);
    }

    /// The part is as an earlier download has left it, and there is no file.
    fn assert_left(&self, bytes: usize) {
        assert_eq!(self.directory.names(), ["file.part", "file.part.meta"]);
        assert_eq!(fs::read(self.part()).unwrap(), &BODY[..bytes]);
    }
}

/// A download from `server` that does not wait between its attempts.
fn download(server: &Server) -> Download {
    download_by(server, Timeouts::default())
}

fn download_by(server: &Server, timeouts: Timeouts) -> Download {
    Download::new(request_by(URL, server).with_timeouts(timeouts))
        .with_backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

/// A request for `url`, for which `server` stands.
fn request_by(url: &str, server: &Server) -> Request {
    let url = Url::parse(url).unwrap();
    let client = Client::new().with_address(url.host(), url.port(), server.address());
    client.get(url.as_str())
}

fn run(download: Download, path: &Path) -> Result<Downloaded, Error> {
    download.to_file_with_progress(path, &mut |_| ())
}

/// A head with these lines.
fn head(status: &str, fields: &[&str]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for field in fields {
        head.push_str(field);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// A response with a Content-Length.
fn response(status: &str, fields: &[&str], body: &[u8]) -> Vec<u8> {
    let length = format!("Content-Length: {}", body.len());
    let mut all = fields.to_vec();
    all.push(&length);
    [head(status, &all), body.to_vec()].concat()
}

/// All of the body, of version v1.
fn whole() -> Vec<u8> {
    response("200 OK", &["ETag: \"v1\""], BODY)
}

/// The first bytes of the body only.
fn cut(bytes: usize) -> Vec<u8> {
    let mut all = whole();
    all.truncate(all.len() - BODY.len() + bytes);
    all
}

/// The body from `first` on.
fn rest(first: usize) -> Vec<u8> {
    let range = content_range(first, BODY.len() - 1, BODY.len());
    response("206 Partial Content", &[&range, "ETag: \"v1\""], &BODY[first..])
}

fn content_range(first: usize, last: usize, total: usize) -> String {
    format!("Content-Range: bytes {first}-{last}/{total}")
}

fn has_field(head: &str, field: &str) -> bool {
    head.lines().any(|line| line.eq_ignore_ascii_case(field))
}

/// A request without a range.
fn asks_all() -> Step {
    get_that("/f", |head| assert!(!head.to_ascii_lowercase().contains("range:"), "{head}"))
}

/// A request for all behind so many bytes, if they are of version v1.
fn asks_rest(bytes: usize) -> Step {
    get_that("/f", move |head| {
        assert!(has_field(head, &format!("Range: bytes={bytes}-")), "{head}");
        assert!(has_field(head, "If-Range: \"v1\""), "{head}");
    })
}
