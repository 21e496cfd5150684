//! `sockit get`: `-I`, `-D` and the fields of the request.

use std::io::Write;

use netcore::testing::TestDir;

use crate::common::http::{Asked, Http, Then};
use crate::common::process::{NULL, run};

const FOUND: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"v1\"\r\n\r\n";
const MOVED: &str = "HTTP/1.1 302 Found\r\nContent-Length: 4\r\nLocation: /new\r\n\r\n";
const GONE: &str = "HTTP/1.1 404 Gone\r\nContent-Length: 4\r\n\r\n";

/// A server with a page, a redirect to it, and a page that is gone. It keeps connections.
fn site() -> Http {
    Http::start(|asked, stream| {
        let (head, body) = match asked.target() {
            "/old" => (MOVED, "away"),
            "/gone" => (GONE, "gone"),
            _ => (FOUND, "hello"),
        };
        let body = if asked.head.starts_with("HEAD ") { "" } else { body };
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
        Then::Keep
    })
}

#[test]
fn a_head_is_printed_and_its_connection_is_used_again() {
    let server = site();
    let urls = [server.url("/old"), server.url("/gone"), server.url("/")];
    let finished = run(&["get", "-I", &urls[0], &urls[1], &urls[2]]);
    let all = [MOVED, FOUND, GONE, FOUND].concat();
    assert_eq!(finished.expect_code(0).expect_quiet().stdout_text(), all);
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.head.starts_with("HEAD ") && asked.connection == 0));
    let finished = run(&["get", "-I", "--no-location", &urls[0]]);
    assert_eq!(finished.expect_code(0).stdout_text(), MOVED);
    let finished = run(&["get", "-I", "-i", &urls[2]]);
    assert_eq!(finished.expect_code(0).stdout_text(), FOUND);
}

#[test]
fn a_head_goes_to_a_file() {
    let server = site();
    let dir = TestDir::new();
    let file = dir.path("head");
    run(&["get", "-IL", "-o", file.to_str().unwrap(), &server.url("/old")]).expect_code(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), [MOVED, FOUND].concat());
    assert_eq!(dir.names(), ["head"]);
}

#[test]
fn a_head_is_described_like_a_get() {
    let server = site();
    let url = server.url("/");
    let format = "%{method} %{http_code} %{size_download} %header{content-length}";
    let finished = run(&["get", "-I", "-o", NULL, "-w", format, &url]);
    assert_eq!(finished.expect_code(0).stdout_text(), "HEAD 200 0 5");
    let finished = run(&["get", "-I", "--json", &url]);
    let object = finished.expect_code(0).stdout_text();
    for member in ["\"method\":\"HEAD\"", "\"body\":\"\"", "\"content-length\":[\"5\"]"] {
        assert!(object.contains(member), "{object}");
    }
    let gone = server.url("/gone");
    run(&["get", "-I", &gone]).expect_code(0);
    let finished = run(&["get", "-I", "--fail", &gone]);
    assert_eq!(finished.expect_code(22).stdout_text(), GONE);
    run(&["get", "-I", "--max-filesize", "4", &url]).expect_code(63);
    run(&["get", "-I", "-C", "-o", "x", &url]).expect_code(2);
    run(&["get", "-I", "--checksum", "md5=00000000000000000000000000000000", &url]).expect_code(2);
}

#[test]
fn a_busy_server_is_asked_for_its_head_again() {
    let server = Http::start(|asked, stream| {
        let head = match asked.number {
            0 => "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\n",
            _ => FOUND,
        };
        let _ = stream.write_all(head.as_bytes());
        Then::Close
    });
    let finished = run(&["get", "-I", "--retry", "1", "-q", &server.url("/")]);
    assert_eq!(finished.expect_code(0).stdout_text(), FOUND);
}

#[test]
fn all_heads_are_dumped_byte_for_byte() {
    let server = site();
    let dir = TestDir::new();
    let file = dir.path("heads");
    let (name, old, gone) = (file.to_str().unwrap(), server.url("/old"), server.url("/gone"));
    for _ in 0..2 {
        // A second run begins with an empty file.
        let finished = run(&["get", "-D", name, &old, &gone]);
        assert_eq!(finished.expect_code(0).stdout_text(), "hellogone");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), [MOVED, FOUND, GONE].concat());
    }
    let urls = [&*old; 20];
    run(&[&["get", "-Z", "8", "-D", name], &urls[..]].concat()).expect_code(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), [MOVED, FOUND].concat().repeat(20));
    let deep = dir.path("a/b/heads");
    run(&["get", "-D", deep.to_str().unwrap(), &old]).expect_code(23).expect_error_line(&["-D"]);
    run(&["get", "--create-dirs", "-D", deep.to_str().unwrap(), &old]).expect_code(0);
    assert!(deep.exists());
}

#[test]
fn heads_dumped_to_standard_output_precede_a_printed_body() {
    let server = site();
    let url = server.url("/old");
    let finished = run(&["get", "-D", "-", &url]);
    assert_eq!(finished.expect_code(0).stdout_text(), [MOVED, FOUND, "hello"].concat());
    let dir = TestDir::new();
    let file = dir.path("file");
    let finished = run(&["get", "-D", "-", "-o", file.to_str().unwrap(), "-w", "done", &url]);
    assert_eq!(finished.expect_code(0).stdout_text(), [MOVED, FOUND, "done"].concat());
    assert_eq!(std::fs::read(file).unwrap(), b"hello");
}

/// Returns the requests of a run with these arguments and a redirect.
fn asked_by(args: &[&str]) -> Vec<Asked> {
    let server = site();
    let url = server.url("/old").replace("://", "://user:secret@");
    run(&[&["get"], args, &[&url]].concat()).expect_code(0);
    server.asked()
}

#[test]
fn the_user_agent_is_the_given_one() {
    let agent = |args: &[&str]| asked_by(args)[0].field("user-agent").map(str::to_owned);
    assert_eq!(agent(&["-A", "Browser/1 (x)"]).as_deref(), Some("Browser/1 (x)"));
    assert_eq!(agent(&["-A", ""]), None);
    assert_eq!(agent(&["-A", "a", "-H", "User-Agent: b"]).as_deref(), Some("b"));
    assert!(agent(&[]).is_some_and(|agent| agent.starts_with("sockit/")));
    run(&["get", "-A", "a\nX: y", "http://h/"]).expect_code(2).expect_error_line(&["-A"]);
}

#[test]
fn the_referer_is_the_given_one_or_the_url_before_a_redirect() {
    let referers = |args: &[&str]| -> Vec<Option<String>> {
        let field = |asked: &Asked| asked.field("referer").map(str::to_owned);
        asked_by(args).iter().map(field).collect()
    };
    let given = Some(String::from("http://there/"));
    assert_eq!(referers(&["-e", "http://there/"]), [given.clone(), given.clone()]);
    let found = referers(&["-e", "http://there/;auto"]);
    assert_eq!(found[0], given);
    assert!(found[1].as_deref().is_some_and(|it| it.ends_with("/old") && !it.contains("user")));
    let found = referers(&["-e", ";auto"]);
    assert_eq!(found[0], None);
    assert!(found[1].as_deref().is_some_and(|it| it.ends_with("/old")));
    run(&["get", "-e", "a\r\nX: y", "http://h/"]).expect_code(2).expect_error_line(&["-e"]);
}
