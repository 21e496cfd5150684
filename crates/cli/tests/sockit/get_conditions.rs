//! `sockit get`: `-z`, `--etag-save` and `--etag-compare`.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use netcore::testing::TestDir;

use crate::common::http::{Http, Then};
use crate::common::process::run;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A server whose page has tag v2 and the date above.
fn site() -> Http {
    Http::start(|asked, stream| {
        let same = asked.field("if-none-match") == Some("\"v2\"")
            || asked.field("if-modified-since") == Some(DATE);
        let fields = format!("ETag: \"v2\"\r\nLast-Modified: {DATE}\r\n");
        let reply = match same {
            true => format!("HTTP/1.1 304 Not Modified\r\n{fields}\r\n"),
            false => format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 3\r\n\r\nnew"),
        };
        let _ = stream.write_all(reply.as_bytes());
        Then::Keep
    })
}

#[test]
fn an_unmodified_file_stays() {
    let server = site();
    let dir = TestDir::new();
    let file = dir.path("file");
    let name = file.to_str().unwrap();
    // The first run makes the file, with the time of the server's.
    let args = ["get", "-z", name, "-o", name, &server.url("/")];
    let finished = run(&args);
    assert!(
        finished.expect_code(0).stderr().contains("neither a date nor"),
        "{}",
        finished.story()
    );
    assert_eq!(fs::read(&file).unwrap(), b"new");
    fs::write(&file, "old").unwrap();
    let opened = File::options().write(true).open(&file).unwrap();
    opened.set_modified(UNIX_EPOCH + Duration::from_secs(784_111_777)).unwrap();
    run(&args).expect_code(0).expect_quiet();
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(dir.names(), ["file"]);
    let asked = server.asked();
    assert_eq!(asked[0].field("if-modified-since"), None);
    assert_eq!(asked[1].field("if-modified-since"), Some(DATE));
}

#[test]
fn a_date_is_a_condition() {
    let server = site();
    let url = server.url("/");
    for date in [DATE, "1994-11-06T08:49:37Z", "Sun Nov  6 08:49:37 1994"] {
        let finished = run(&["get", "-z", date, &url]);
        assert_eq!(finished.expect_code(0).expect_quiet().stdout_text(), "");
    }
    let finished = run(&["get", "-z", "-1994-11-06", &url]);
    assert_eq!(finished.expect_code(0).stdout_text(), "new");
    let asked = server.asked();
    let midnight = "Sun, 06 Nov 1994 00:00:00 GMT";
    assert_eq!(asked[3].field("if-unmodified-since"), Some(midnight));
}

#[test]
fn a_tag_is_saved_and_compared() {
    let server = site();
    let url = server.url("/");
    let dir = TestDir::new();
    let (tag, file) = (dir.path("tag"), dir.path("file"));
    let (tag_name, name) = (tag.to_str().unwrap(), file.to_str().unwrap());
    // A missing file is an error unless this run makes it.
    let compare = ["get", "--etag-compare", tag_name, "-o", name, &url];
    run(&compare).expect_code(26).expect_error_line(&["--etag-compare", "tag"]);
    let both = [&compare[..], &["--etag-save", tag_name]].concat();
    run(&both).expect_code(0).expect_quiet();
    assert_eq!(fs::read(&tag).unwrap(), b"\"v2\"\n");
    assert_eq!(fs::read(&file).unwrap(), b"new");
    fs::write(&file, "kept").unwrap();
    for args in [&both[..], &compare] {
        run(args).expect_code(0).expect_quiet();
        assert_eq!(fs::read(&tag).unwrap(), b"\"v2\"\n");
        assert_eq!(fs::read(&file).unwrap(), b"kept");
    }
    fs::write(&tag, "\"v1\"\n").unwrap();
    run(&both).expect_code(0);
    assert_eq!(fs::read(&tag).unwrap(), b"\"v2\"\n");
    assert_eq!(fs::read(&file).unwrap(), b"new");
    let asked = server.asked();
    let sent: Vec<_> = asked.iter().map(|asked| asked.field("if-none-match").unwrap()).collect();
    assert_eq!(sent, ["\"\"", "\"v2\"", "\"v2\"", "\"v1\""]);
    run(&[&both[..], &[&url, "-o", "x"]].concat()).expect_code(2).expect_error_line(&["single"]);
}

#[test]
fn the_tag_of_a_broken_or_failed_transfer_is_not_saved() {
    let dir = TestDir::new();
    let tag = dir.path("tag");
    for reply in [
        "HTTP/1.1 200 OK\r\nETag: \"v3\"\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 404 Gone\r\nETag: \"v3\"\r\nContent-Length: 4\r\n\r\ngone",
    ] {
        let server = Http::saying(reply);
        fs::write(&tag, "\"v1\"\n").unwrap();
        let finished = run(&["get", "--etag-save", tag.to_str().unwrap(), &server.url("/")]);
        finished.expect_code(if reply.contains("404") { 0 } else { 18 });
        assert_eq!(fs::read(&tag).unwrap(), b"\"v1\"\n");
    }
    // New content without a tag has none of the old one's.
    let server = Http::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    run(&["get", "--etag-save", tag.to_str().unwrap(), &server.url("/")]).expect_code(0);
    assert_eq!(fs::read(&tag).unwrap(), b"");
}
