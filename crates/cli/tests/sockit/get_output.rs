//! `sockit get`: fields that options replace, and output without credentials or control characters.

use std::io::Write;

use netcore::testing::TestDir;

use crate::common::http::{Asked, Http, Then, ok};
use crate::common::process::run;
use crate::common::terminal::Terminal;

/// Returns all values of a field.
fn values<'a>(asked: &'a Asked, name: &str) -> Vec<&'a str> {
    let fields = asked.head.lines().filter_map(|line| line.split_once(':'));
    let named = fields.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.trim()).collect()
}

#[test]
fn a_header_option_replaces_the_default_field() {
    let server = Http::saying(ok(b"x"));
    let url = format!("http://user:password@127.0.0.1:{}/", server.port());
    for name in ["User-Agent", "Accept", "Host", "Authorization"] {
        for (field, sent) in [(": own", &["own"][..]), (";", &[""]), (":", &[])] {
            let is_host = name == "Host" && sent.is_empty();
            let finished = run(&["get", "-H", &format!("{name}{field}"), &url]);
            finished.expect_code(if is_host { 2 } else { 0 });
            if !is_host {
                let asked = server.asked().pop().unwrap();
                assert_eq!(values(&asked, name), sent, "{name}{field}\n{}", asked.head);
            }
        }
    }
    run(&["get", &url]).expect_code(0);
    let asked = server.asked().pop().unwrap();
    assert!(values(&asked, "User-Agent")[0].starts_with("sockit/"), "{}", asked.head);
    run(&["get", "-H", "user-agent: a", "-H", "USER-AGENT: b", &url]).expect_code(0);
    assert_eq!(values(&server.asked().pop().unwrap(), "User-Agent"), ["a", "b"]);
}

#[test]
fn a_range_field_replaces_the_range_option() {
    let reply = "HTTP/1.1 206 P\r\nContent-Range: bytes 4-5/6\r\nContent-Length: 2\r\n\r\no\n";
    let server = Http::saying(reply);
    let finished = run(&["get", "-r", "0-1", "-H", "Range: bytes=4-5", &server.url("/")]);
    finished.expect_code(0);
    assert_eq!(values(&server.asked()[0], "Range"), ["bytes=4-5"]);
    run(&["get", "-C", "-o", "/dev/null", "-H", "If-Range: x", &server.url("/")]).expect_code(2);
}

#[test]
fn a_removed_authorization_does_not_come_back_with_a_redirect() {
    let server = Http::start(|asked, stream| {
        let host = asked.field("host").unwrap_or_default();
        let to = format!("http://other:secret@{host}/b");
        let reply = match asked.target() {
            "/a" => format!("HTTP/1.1 302 F\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into(),
            _ => ok(b"x"),
        };
        let _ = stream.write_all(&reply);
        Then::Close
    });
    run(&["get", "-H", "Authorization:", &server.url("/a")]).expect_code(0);
    assert_eq!(server.asked().len(), 2);
    for asked in server.asked() {
        assert_eq!(asked.field("authorization"), None, "{}", asked.head);
    }
}

#[test]
fn no_output_contains_credentials() {
    let server =
        Http::saying("HTTP/1.1 200 OK\r\nSet-Cookie: id=s3cret\r\nContent-Length: 0\r\n\r\n");
    let url = format!("http://ann:s3cret@127.0.0.1:{}/", server.port());
    let fields = ["-H", "Cookie: c=s3cret", "-H", "X-Api-Key: s3cret"];
    let format = "%{url} %{url_effective} %{json}";
    for more in [&["-v"][..], &["-w", format], &["--fail-early"], &["--max-time", &url], &["-vv"]] {
        let finished = run(&[&["get", &url][..], &fields, more].concat());
        let all = finished.story();
        let (_, shown) = all.split_once('\n').unwrap();
        assert!(!shown.contains("s3cret"), "{more:?}: {shown}");
    }
    let finished = run(&["get", "-v", &url]);
    for part in ["> Authorization: [hidden]\n", "< Set-Cookie: [hidden]\n"] {
        assert!(finished.stderr().contains(part), "{}", finished.story());
    }
    // In a malformed URL the password ends at the last `@`, wherever that is.
    let finished = run(&["get", "-w", "%{url}", "http://ann:s3/cret@host:x/"]);
    finished.expect_code(3);
    assert_eq!(finished.stdout_text(), "http://host:x/");
    assert!(!finished.stderr().contains("s3"), "{}", finished.stderr());
}

#[test]
fn no_output_contains_terminal_control_characters() {
    let server =
        Http::saying("HTTP/1.1 200 OK\r\nX: a\u{9b}31m\u{202e}b\r\nContent-Length: 0\r\n\r\n");
    for (format, told) in [
        ("%header{x}", "a\\u{9b}31m\\u{202e}b"),
        ("%{header_json}", "{\"x\":[\"a\\u009b31m\\u202eb\"],\"content-length\":[\"0\"]}"),
    ] {
        let finished = run(&["get", "-w", format, &server.url("/")]);
        assert_eq!(finished.expect_code(0).stdout_text(), told);
    }
    let dir = TestDir::new();
    let file = dir.path("a\u{1b}[2Jb");
    let args = ["get", "-o", file.to_str().unwrap(), "-w", "%{filename_effective}"];
    let finished = run(&[&args[..], &[&server.url("/")]].concat());
    assert!(finished.expect_code(0).stdout_text().ends_with("/a\\u{1b}[2Jb"));
}

#[test]
fn binary_data_is_printed_on_a_terminal_only_on_request() {
    let server = Http::start(|asked, stream| {
        let body: &[u8] = if asked.target() == "/text" { b"text\r\n" } else { b"PNG\0\r\n" };
        let _ = stream.write_all(&ok(body));
        Then::Keep
    });
    let on_terminal = |args: &[&str], code| {
        let mut terminal = Terminal::start(100, 20, args);
        let lines = terminal.expect_code(code);
        (lines, terminal.bytes())
    };
    let (lines, _) = on_terminal(&["get", &server.url("/text")], 0);
    assert_eq!(lines, ["text"]);
    for at_once in ["1", "2"] {
        let args = ["get", "-Z", at_once, &server.url("/binary"), &server.url("/text")];
        let (lines, bytes) = on_terminal(&args, 23);
        assert!(!bytes.contains(&0), "{lines:?}");
        let told =
            "sockit: binary data can disturb the terminal; -o FILE saves it, -o - prints it anyway";
        assert!(lines.iter().any(|line| line == told), "{lines:?}");
        assert!(lines.iter().any(|line| line.ends_with("text")), "{lines:?}");
    }
    let (_, bytes) = on_terminal(&["get", "-o", "-", &server.url("/binary")], 0);
    assert!(bytes.contains(&0));
    let finished = run(&["get", &server.url("/binary")]);
    assert_eq!(finished.expect_code(0).stdout(), b"PNG\0\r\n", "a pipe is no terminal");
}
