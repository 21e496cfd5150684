//! `sockit get`: ends of transfers, and the reports of them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use netcore::testing::TestDir;

use crate::common::http::{Http, Then, ok};
use crate::common::listening::bytes;
use crate::common::process::run;
#[cfg(target_os = "linux")]
use crate::common::process::{NULL, Process, sockit};

#[test]
fn not_modified_is_a_success() {
    let server = Http::saying("HTTP/1.1 304 Not Modified\r\nETag: \"v\"\r\n\r\n");
    let url = server.url("/");
    for more in [&[][..], &["--fail"], &["-H", "If-None-Match: \"v\""]] {
        let finished = run(&[&["get", &url][..], more].concat());
        finished.expect_code(0).expect_quiet();
        assert_eq!(finished.stdout_text(), "");
    }
    let dir = TestDir::new();
    let file = dir.path("file");
    fs::write(&file, "before").unwrap();
    let path = file.to_str().unwrap();
    run(&["get", "-H", "If-None-Match: \"v\"", "-o", path, &url]).expect_code(0).expect_quiet();
    run(&["get", "-o", path, &url]).expect_code(22).expect_error_line(&["304"]);
    assert_eq!(fs::read(&file).unwrap(), b"before");
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn heads_received_before_an_error_are_printed() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n";
    let gone = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\n";
    for (second, shown, code) in [
        (String::new(), "", 52),
        (format!("{hints}HTTP/1.1 2"), hints, 56),
        (format!("{gone}gone"), gone, 22),
    ] {
        let server = Http::start(move |asked, stream| {
            let is_first = asked.target() == "/a";
            let _ = stream.write_all(if is_first { moved } else { &second }.as_bytes());
            if is_first { Then::Keep } else { Then::Close }
        });
        let finished = run(&["get", "-i", "--fail", &server.url("/a")]);
        finished.expect_code(code).expect_error_line(&[&server.url("/b")]);
        assert_eq!(finished.stdout_text(), format!("{moved}{shown}"));
    }
}

#[cfg(unix)]
#[test]
fn a_fifo_without_a_reader_exits_with_23() {
    let server = Http::saying(ok(&bytes(3_000_000)));
    let dir = TestDir::new();
    let fifo = dir.path("fifo");
    let path = fifo.to_str().unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let mut reader =
        Command::new("head").args(["-c", "1", path]).stdout(Stdio::null()).spawn().unwrap();
    let finished = run(&["get", "-o", path, &server.url("/")]);
    assert!(reader.wait().unwrap().success());
    finished.expect_code(23).expect_error_line(&["broken pipe"]);
    let finished = run(&["get", "--max-time", "100ms", "-o", path, &server.url("/")]);
    finished.expect_code(28).expect_error_line(&["100 ms", "no reader"]);
}

#[test]
fn errors_are_one_line_without_repetition() {
    let server = Http::saying("SSH-2.0\r\n");
    let url = server.url("/");
    let dir = TestDir::new();
    // No file of Windows has such a name.
    if cfg!(unix) {
        let file = dir.path("no\n\x1b[31m/file");
        let finished = run(&["get", "-o", file.to_str().unwrap(), &url]);
        finished.expect_code(23).expect_error_line(&["no\\n\\u{1b}[31m/file.part"]);
    }
    let finished = run(&["get", &url]);
    let text = "malformed head at byte 0: not an HTTP response, which would begin with HTTP/";
    assert_eq!(finished.stderr(), format!("sockit: get {url}: {text}\n"));
    let finished = run(&["get", "http://h:0/"]);
    let text = "\"http://h:0/\" is not a URL: at byte 9: a port from 1 to 65535 expected";
    assert_eq!(finished.stderr(), format!("sockit: {text}\n"));
    let finished = run(&["get", "--fail", "--max-time", "20s", "--retry", "1", &{
        let text = "HTTP/1.1 503 Busy\r\nRetry-After: 90\r\nContent-Length: 0\r\n\r\n";
        Http::saying(text).url("/")
    }]);
    finished.expect_code(22).expect_error_line(&["status 503", "would come too late, in 90 s\n"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_exits_with_23() {
    let server = Http::saying(ok(b"x"));
    for more in [&["--json"][..], &["-w", "%{http_code}", "-o", NULL]] {
        let mut command = sockit(&[&["get", &server.url("/")], more].concat());
        command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
        let finished = Process::spawn_with_stdout(command).finish();
        finished.expect_code(23).expect_error_line(&["standard output", "space"]);
    }
}

#[test]
fn write_out_reports_failed_transfers_too() {
    let server = Http::saying("HTTP/1.0 200 OK\r\nContent-Length: 20\r\n\r\nno");
    let format = "\n%{exitcode} %{http_version} %{size_download} %{remote_ip}:%{remote_port}";
    let finished = run(&["get", "-w", format, &server.url("/")]);
    finished.expect_code(18);
    let place = format!("127.0.0.1:{}", server.port());
    assert_eq!(finished.stdout_text(), format!("no\n18 1 2 {place}"));
    let silent = Http::saying("");
    let format = "%{remote_port} %{time_connect}";
    let finished = run(&["get", "-w", format, &silent.url("/")]);
    finished.expect_code(52);
    let (port, time) = finished.stdout_text().split_once(' ').unwrap();
    assert_eq!(port, silent.port().to_string());
    assert!(time.parse::<f64>().unwrap() > 0.0, "{time}");
}

#[test]
fn a_suffix_range_requests_the_last_bytes() {
    let reply = "HTTP/1.1 206 P\r\nContent-Range: bytes 4-5/6\r\nContent-Length: 2\r\n\r\no\n";
    let server = Http::saying(reply);
    let finished = run(&["get", "--range", "-2", "-w", "-%{http_code}", &server.url("/")]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "o\n-206");
    assert_eq!(server.asked()[0].field("range"), Some("bytes=-2"));
}

#[test]
fn verbose_output_escapes_bidirectional_controls() {
    let server =
        Http::saying("HTTP/1.1 200 OK\r\nX: a\u{202e}b\u{9b}c\r\nContent-Length: 0\r\n\r\n");
    let finished = run(&["get", "-v", &server.url("/")]);
    finished.expect_code(0);
    assert!(finished.stderr().contains("< X: a\\u{202e}b\\u{9b}c\n"), "{}", finished.story());
}

#[test]
fn a_range_without_a_content_length_is_checked_by_its_size() {
    let head = "HTTP/1.1 206 P\r\nContent-Range: bytes 1-3/6\r\n";
    for (body, code) in [("el", 18), ("ell", 0), ("ello", 33)] {
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunks}");
        for reply in [chunked, format!("{head}\r\n{body}")] {
            let server = Http::saying(reply);
            run(&["get", "--range", "1-3", &server.url("/")]).expect_code(code);
        }
    }
}

#[test]
fn the_last_option_decides_whether_redirects_are_followed() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    let server = Http::start(move |asked, stream| {
        let reply = if asked.target() == "/a" { moved.into() } else { ok(b"b") };
        let _ = stream.write_all(&reply);
        Then::Keep
    });
    let url = server.url("/a");
    for (options, shown) in
        [(&["-L"][..], "b"), (&["--no-location", "-L"], "b"), (&["-L", "--no-location"], "")]
    {
        let finished = run(&[&["get", &url][..], options].concat());
        assert_eq!(finished.expect_code(0).stdout_text(), shown);
    }
}
