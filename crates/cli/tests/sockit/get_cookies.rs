//! `sockit get`: cookies, and their files.

use std::fs;
use std::io::Write as _;
#[cfg(unix)]
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then, ok};
use crate::common::process::{NULL, run, run_with_input};

/// The `Cookie` of each request so far.
fn sent(server: &Http) -> Vec<Option<String>> {
    let asked = server.asked();
    asked.iter().map(|asked| asked.field("cookie").map(str::to_owned)).collect()
}

/// A server that sets the cookies of its path: `/a=1,b=2` sets two.
fn setting() -> Http {
    Http::start(|asked, stream| {
        let cookies = asked.target().trim_start_matches('/').split(',');
        let fields: String = cookies
            .filter(|cookie| !cookie.is_empty())
            .map(|cookie| format!("Set-Cookie: {}\r\n", cookie.replace('+', "; ")))
            .collect();
        let head = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
        Then::Keep
    })
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of the test")
}

#[cfg(unix)]
#[test]
fn cookies_are_kept_within_a_run_and_between_runs() {
    let server = setting();
    let dir = TestDir::new();
    let jar = dir.path("jar");
    let file = jar.to_str().unwrap();
    let (set, plain) = (server.url("/a=1,b=2+Max-Age=99"), server.url("/"));
    run(&["get", "-b", file, "-c", file, &set, &plain]).expect_code(0).expect_quiet();
    run(&["get", "-b", file, &plain]).expect_code(0).expect_quiet();
    run(&["get", "-b", file, "-j", &plain]).expect_code(0).expect_quiet();
    // As in curl, cookies are kept only if a file is named, which may be an empty name.
    run(&["get", &set, &plain]).expect_code(0).expect_quiet();
    run(&["get", "-b", "", &set, &plain]).expect_code(0).expect_quiet();
    let both = || Some("a=1; b=2".to_owned());
    let only = Some("b=2".to_owned());
    assert_eq!(sent(&server), [None, both(), both(), only, None, None, None, both()]);
    let written = text(&jar);
    assert!(written.starts_with("# Netscape HTTP Cookie File\n"), "{written}");
    assert!(written.contains("\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n"), "{written}");
    assert_eq!(fs::metadata(&jar).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn cookies_by_hand_follow_those_of_the_file_and_stay_with_their_origin() {
    let other = Http::saying(ok(b""));
    let location = other.url("/");
    let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let server = Http::saying(head);
    let url = server.url("/");
    let lines = b"127.0.0.1\tFALSE\t/\tFALSE\t0\tfile\t1\n";
    let args = ["get", "-v", "-b", "-", "-b", "a=1", "-b", "b=2; c=3", &url];
    let finished = run_with_input(&args, lines);
    finished.expect_code(0);
    assert!(
        finished.stderr().contains("* not sent to another origin: cookie"),
        "{}",
        finished.story()
    );
    assert!(!finished.stderr().contains("a=1"), "{}", finished.story());
    assert_eq!(sent(&server), [Some("file=1; a=1; b=2; c=3".to_owned())]);
    assert_eq!(sent(&other), [Some("file=1".to_owned())]);
    run(&["get", "--no-location", "-b", "a=1", "-H", "Cookie: x=y", &url]).expect_code(0);
    assert_eq!(sent(&server)[1], Some("x=y".to_owned()));
}

#[test]
fn verbose_names_cookies_without_their_values() {
    let server = setting();
    let url = server.url("/id=sesame,b=sesame+Domain=example.com,id=sesame+Max-Age=0");
    let finished = run(&["get", "-v", "-b", "", &url]);
    finished.expect_code(0);
    let said = finished.stderr();
    let plain: Vec<&str> = said.lines().filter(|line| !line.starts_with("> GET ")).collect();
    for line in [
        "* stored the cookie id for 127.0.0.1, path /, for this session",
        "* refused the cookie b: its domain is not that of the host",
        "* removed the cookie id",
    ] {
        assert!(plain.contains(&line), "{said}");
    }
    assert!(!plain.concat().contains("sesame"), "{said}");
}

#[test]
fn bad_lines_of_a_file_are_skipped_with_a_message() {
    let server = Http::saying(ok(b""));
    let dir = TestDir::new();
    let file = dir.path("jar");
    let good = "127.0.0.1\tFALSE\t/\tFALSE\t0\tgood\t1\r\n";
    fs::write(&file, format!("{good}{}.com\tTRUE\t/\tFALSE\t0\tsesame\t1\n", "x\n".repeat(6)))
        .unwrap();
    let file = file.to_str().unwrap();
    let finished = run(&["get", "-b", file, &server.url("/")]);
    finished.expect_code(0);
    let said = finished.stderr();
    assert!(said.contains("line 2 is skipped: it has not seven fields"), "{said}");
    assert!(said.contains("2 more lines are skipped"), "{said}");
    assert!(!said.contains("line 7") && !said.contains("sesame"), "{said}");
    assert_eq!(sent(&server), [Some("good=1".to_owned())]);
    run(&["get", "-b", dir.root().to_str().unwrap(), &server.url("/")])
        .expect_code(26)
        .expect_error_line(&["cookie file"]);
    run(&["get", "-b", "-", "--url-file", "-"]).expect_code(2);
}

#[cfg(unix)]
#[test]
fn the_jar_is_written_after_a_failure_and_a_failing_write_exits_with_23() {
    let server = Http::start(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 9\r\n\r\nshort";
        let _ = stream.write_all(head.as_bytes());
        Then::Close
    });
    let url = server.url("/");
    let dir = TestDir::new();
    let jar = dir.path("jar");
    run(&["get", "-c", jar.to_str().unwrap(), &url]).expect_code(18);
    assert!(text(&jar).contains("\ta\t1\n"));
    let finished = run(&["get", "-c", "-", "--max-filesize", "1", &url]);
    assert!(finished.expect_code(63).stdout_text().contains("\ta\t1\n"));
    let whole = Http::saying(ok(b"x"));
    let below = jar.join("below");
    let finished = run(&["get", "-c", below.to_str().unwrap(), &whole.url("/")]);
    finished.expect_code(23).expect_error_line(&["-c: ", "below"]);
    assert_eq!(finished.stdout_text(), "x");
    run(&["get", "-sc", below.to_str().unwrap(), &whole.url("/")]).expect_code(23);
    // A device and a link stay what they are.
    run(&["get", "-c", NULL, &whole.url("/")]).expect_code(0);
    assert!(!fs::metadata(NULL).unwrap().is_file());
    let link = dir.path("link");
    symlink(&jar, &link).unwrap();
    run(&["get", "-c", link.to_str().unwrap(), &whole.url("/")]).expect_code(0);
    assert!(link.is_symlink() && !text(&jar).contains("\ta\t1"));
}

#[test]
fn parallel_transfers_share_the_cookies() {
    let server = setting();
    let dir = TestDir::new();
    let jar = dir.path("jar");
    let urls: Vec<String> = (0..40).map(|n| server.url(&format!("/n{n}={n}"))).collect();
    let mut args = vec!["get", "-Z", "8", "-c", jar.to_str().unwrap()];
    args.extend(urls.iter().map(String::as_str));
    run(&args).expect_code(0);
    let written = text(&jar);
    for n in 0..40 {
        assert!(written.contains(&format!("\tn{n}\t{n}\n")), "{n}: {written}");
    }
}
