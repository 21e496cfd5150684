//! `sockit get`: options of curl, and the messages for malformed ones.

use std::io::Write;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then, ok};
use crate::common::process::{NULL, run, run_with_input};

#[test]
fn malformed_numbers_are_refused_with_plain_messages() {
    for (option, wrong) in [
        ("-Z", &["0", "x", "-1", "http://h/", "99999999999999999999"][..]),
        ("--retry", &["x", "", "1.5", "4294967296"]),
        ("--max-redirects", &["x", "-1", "1e3"]),
        ("--max-filesize", &["x", "1.5M", "-1"]),
        ("--max-time", &["x", "0", "-1"]),
        ("--connect-timeout", &["x"]),
        ("--first-byte-timeout", &["x"]),
        ("--stall-timeout", &["x"]),
        ("--split", &["x", "0", "17", "-1"]),
        ("-r", &["x"]),
    ] {
        for number in wrong {
            let finished = run(&[
                "get",
                &format!("{option}{}{number}", if option.len() > 2 { "=" } else { "" }),
                "h",
            ]);
            finished.expect_code(2);
            let said = finished.stderr();
            let ours =
                said.contains("expected") || said.contains("too l") || said.contains("a value is");
            let rusts = ["digit found", "zero for", "number too", "to fit in"];
            assert!(
                ours && !rusts.iter().any(|words| said.contains(words)),
                "{option} {number}: {said}"
            );
        }
    }
}

#[test]
fn an_unsupported_scheme_exits_with_1() {
    run(&["get", "ftp://host/"]).expect_code(1).expect_error_line(&["neither http nor https"]);
    let server =
        Http::saying("HTTP/1.1 302 F\r\nLocation: gopher://h/\r\nContent-Length: 0\r\n\r\n");
    run(&["get", &server.url("/")]).expect_code(1).expect_error_line(&["gopher"]);
}

#[test]
fn a_dash_is_accepted_after_continue_and_is_no_url() {
    let server = Http::saying(ok(b"x"));
    let dir = TestDir::new();
    let file = dir.path("file");
    let file = file.to_str().unwrap();
    run(&["get", "-C", "-", "-o", file, &server.url("/")]).expect_code(0).expect_quiet();
    assert_eq!(std::fs::read(file).unwrap(), b"x");
    run(&["get", "-C", "-", "-o", file]).expect_code(2).expect_error_line(&["no URL"]);
    run(&["get", "-"]).expect_code(3).expect_error_line(&["--url-file -"]);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn silent_hides_errors_unless_show_error_is_given() {
    let server = Http::saying("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n");
    let url = server.url("/");
    run(&["get", "-sf", &url]).expect_code(22).expect_quiet();
    run(&["get", "-fsSL", &url]).expect_code(22).expect_error_line(&["404"]);
    run(&["get", "-S", "-f", &url]).expect_code(22).expect_error_line(&["404"]);
}

#[test]
fn fail_with_body_prints_the_error_page_and_sets_the_exit_code() {
    let server = Http::saying("HTTP/1.1 404 Gone\r\nContent-Length: 4\r\n\r\ngone");
    let url = server.url("/");
    let finished = run(&["get", "--fail-with-body", "-w", "-%{exitcode}", &url]);
    finished.expect_code(22).expect_error_line(&["404", &url]);
    assert_eq!(finished.stdout_text(), "gone-22");
    let dir = TestDir::new();
    let file = dir.path("file");
    let args = ["get", "--fail-with-body", "-o", file.to_str().unwrap(), &url];
    run(&args).expect_code(22);
    assert_eq!(std::fs::read(file).unwrap(), b"gone");
    run(&["get", "--fail-with-body", "--fail", &url]).expect_code(2);
}

#[test]
fn write_out_reads_its_format_from_a_file() {
    let server = Http::saying(ok(b"x"));
    let dir = TestDir::new();
    let file = dir.path("format");
    std::fs::write(&file, "-%{http_code}\r\n%{size_download}\\n\n").unwrap();
    let named = format!("@{}", file.display());
    let url = server.url("/");
    let finished = run(&["get", "-w", &named, &url]);
    assert_eq!(finished.expect_code(0).stdout_text(), "x-2001\n");
    let finished = run_with_input(&["get", "-w", "@-", &url], b"=%{urlnum}\n");
    assert_eq!(finished.expect_code(0).stdout_text(), "x=0");
    run(&["get", "-w", "@-", "--url-file", "-"]).expect_code(2);
    let missing = format!("@{}", dir.path("missing").display());
    run(&["get", "-w", &missing, &url]).expect_code(26).expect_error_line(&["missing"]);
    std::fs::write(&file, b"\xff").unwrap();
    run(&["get", "-w", &named, &url]).expect_code(26).expect_error_line(&["UTF-8"]);
    run(&["get", "-w", "%{nonsense}", &url]).expect_code(2).expect_error_line(&["nonsense"]);
}

#[test]
fn a_body_below_the_speed_limit_exits_with_28() {
    let server = Http::start(|asked, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        if asked.target() == "/fast" {
            let _ = stream.write_all(b"defghi");
            return Then::Close;
        }
        Then::Stall
    });
    let limits = ["get", "--speed-limit", "1k", "--speed-time", "50ms"];
    let finished = run(&[&limits[..], &[&server.url("/slow")]].concat());
    finished.expect_code(28).expect_error_line(&["speed", "50 ms", "3 bytes", "slower than 1024"]);
    run(&[&limits[..], &[&server.url("/fast")]].concat()).expect_code(0);
    run(&["get", "-y", "50ms", &server.url("/slow")])
        .expect_code(28)
        .expect_error_line(&["than 1 byte"]);
    let args = ["get", "-Y", "0", "--stall-timeout", "50ms", &server.url("/slow")];
    run(&args).expect_code(28).expect_error_line(&["stall"]);
}

#[test]
fn retry_delay_sets_the_wait_between_attempts() {
    let server = Http::start(|asked, stream| {
        let fields = if asked.number == 2 { "Retry-After: 0\r\n" } else { "" };
        let reply = match asked.number {
            0 | 2 => format!("HTTP/1.1 503 Busy\r\n{fields}Content-Length: 0\r\n\r\n").into_bytes(),
            _ => ok(b"x"),
        };
        let _ = stream.write_all(&reply);
        Then::Close
    });
    // The default wait is at least half a second.
    for said in ["trying again in 0.2 s", "trying again in 0.0 s"] {
        let finished = run(&["get", "--retry", "1", "--retry-delay", "200ms", &server.url("/")]);
        finished.expect_code(0);
        assert!(finished.stderr().contains(said), "{}", finished.story());
    }
}

#[test]
fn no_clobber_takes_the_next_free_name() {
    let server = Http::start(|asked, stream| {
        let _ = stream.write_all(&ok(asked.target().as_bytes()));
        Then::Keep
    });
    let dir = TestDir::new();
    let file = dir.path("file");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "mine").unwrap();
    let args = ["get", "--no-clobber", "-Z", "2", "-w", "%{filename_effective}\n"];
    let files = ["-o", path, "-o", path, &server.url("/1"), &server.url("/2")];
    let finished = run(&[&args[..], &files].concat());
    let mut named: Vec<&str> = finished.expect_code(0).stdout_text().lines().collect();
    named.sort_unstable();
    assert_eq!(named, [format!("{path}.1"), format!("{path}.2")]);
    let read = |name: &str| std::fs::read_to_string(dir.path(name)).unwrap();
    let mut new = [read("file.1"), read("file.2")];
    new.sort_unstable();
    assert_eq!((&*read("file"), new.each_ref().map(|it| &**it)), ("mine", ["/1", "/2"]));
    (3..=100).for_each(|number| std::fs::write(dir.path(format!("file.{number}")), "").unwrap());
    let args = ["get", "--no-clobber", "-o", path, &server.url("/3")];
    run(&args).expect_code(23).expect_error_line(&["file.100"]);
    run(&["get", "--no-clobber", "-o", NULL, &server.url("/4")]).expect_code(0);
    run(&["get", "--no-clobber", "-C", "-o", path, &server.url("/5")]).expect_code(2);
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn retry_all_errors_retries_every_error() {
    let server = Http::start(|asked, stream| {
        let reply = match asked.number % 3 {
            0 => b"HTTP/1.1 404 Gone\r\nContent-Length: 4\r\n\r\ngone".to_vec(),
            1 => b"SSH-2.0\r\n".to_vec(),
            _ => ok(b"x"),
        };
        let _ = stream.write_all(&reply);
        Then::Close
    });
    let often = ["get", "--retry", "5", "--retry-delay", "1ms"];
    let more = ["--retry-all-errors", "--fail", &server.url("/")];
    let finished = run(&[&often[..], &more].concat());
    assert_eq!(finished.expect_code(0).stdout_text(), "x");
    assert_eq!(server.asked().len(), 3);
    // The expected page is no error.
    let finished = run(&[&often[..], &["--retry-all-errors", &server.url("/")]].concat());
    assert_eq!(finished.expect_code(0).stdout_text(), "gone");
    run(&[&often[..], &[&server.url("/")]].concat()).expect_code(56);
}

#[test]
fn no_attempt_begins_after_retry_max_time() {
    let server = Http::saying("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    let args = ["get", "--retry", "5", "--retry-delay", "1h", "--retry-max-time", "1h"];
    let finished = run(&[&args[..], &["-w", "-%{http_code}", &server.url("/")]].concat());
    assert_eq!(finished.expect_code(0).stdout_text(), "busy-503");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_host_beyond_ascii_is_sent_and_shown_in_its_ascii_form() {
    let server = Http::saying(ok(b"x"));
    let (port, host) = (server.port(), "b\u{fc}cher.example");
    let to = format!("{host}:{port}:127.0.0.1");
    let url = format!("http:/{host}:{port}/");
    let finished = run(&["get", "--resolve", &to, "-w", " %{url_effective}", &url]);
    let ascii = format!("xn--bcher-kva.example:{port}");
    assert_eq!(finished.expect_code(0).stdout_text(), format!("x http://{ascii}/"));
    assert_eq!(server.asked()[0].field("host"), Some(&*ascii));
    run(&["get", "http://a\u{202e}b/"]).expect_code(3).expect_error_line(&["byte 8", "UTS #46"]);
}

#[test]
fn write_out_goes_to_files() {
    let server = Http::saying(ok(b"x"));
    let dir = TestDir::new();
    let (new, log) = (dir.path("new"), dir.path("log"));
    let format = format!(
        "%output{{{}}}%{{http_code}}%output{{>>{}}}%{{urlnum}}",
        new.display(),
        log.display()
    );
    let url = server.url("/");
    let finished = run(&["get", "-Z", "4", "-w", &format, &url, &url, &url]);
    assert_eq!(finished.expect_code(0).stdout_text(), "xxx");
    assert_eq!(std::fs::read(new).unwrap(), b"200");
    let mut lines = std::fs::read(log).unwrap();
    lines.sort_unstable();
    assert_eq!(lines, b"012");
    run(&["get", "-w", "%output{/nowhere/x}", &url]).expect_code(23).expect_error_line(&["-w"]);
}
