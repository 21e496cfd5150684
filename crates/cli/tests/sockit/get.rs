//! `sockit get`: the body unchanged, or an exit code for the failure.

use std::fs;
use std::io::Write;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then, ok, ranged};
use crate::common::listening::bytes;
use crate::common::process::{NULL, Process, run, run_with_input, sockit};

const HELLO: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";

#[test]
fn the_body_goes_to_standard_output() {
    let server = Http::saying(HELLO);
    let finished = run(&["get", &server.url("/a/b?c=d")]);
    finished.expect_code(0).expect_quiet();
    assert_eq!(finished.stdout_text(), "hello\n");
    let asked = &server.asked()[0];
    let host = format!("127.0.0.1:{}", server.port());
    assert!(asked.head.starts_with("GET /a/b?c=d HTTP/1.1\r\n"), "{}", asked.head);
    assert_eq!(asked.field("host"), Some(&*host));
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    for (reply, code, says) in [
        ("", 52, "without a response"),
        ("HTTP/1.1 200 OK\r\nContent-Le", 56, "head"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhel", 18, "3 of 6 bytes"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n", 18, "3 bytes"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n", 18, "3 bytes"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nhel\r\n0\r\n\r\n",
            56,
            "chunk",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nhell", 56, "length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 56, "length"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", 56, "coding"),
        ("SSH-2.0-OpenSSH_9.2\r\n", 56, "malformed"),
    ] {
        let server = Http::saying(reply);
        let finished = run(&["get", &server.url("/")]);
        finished.expect_code(code);
        finished.expect_error_line(&[&server.url("/")]);
        let said = finished.stderr().to_ascii_lowercase();
        assert!(said.contains(says), "{reply:?} should say {says:?}:\n{}", finished.story());
    }
}

#[test]
fn bytes_before_an_error_are_printed_and_a_file_appears_only_when_complete() {
    let server = Http::saying("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhel");
    let finished = run(&["get", &server.url("/")]);
    finished.expect_code(18);
    assert_eq!(finished.stdout(), b"hel");
    let dir = TestDir::new();
    let file = dir.path("file");
    run(&["get", &server.url("/"), "-o", file.to_str().unwrap()]).expect_code(18);
    assert!(!file.exists());
    assert_eq!(fs::read(dir.path("file.part")).unwrap(), b"hel");
    fs::write(&file, "before").unwrap();
    run(&["get", &server.url("/"), "-o", file.to_str().unwrap()]).expect_code(18);
    assert_eq!(fs::read(&file).unwrap(), b"before");
}

#[test]
fn a_reset_exits_with_56_and_a_refusal_with_7() {
    let server = Http::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
        Then::Reset
    });
    run(&["get", &server.url("/")]).expect_code(56).expect_error_line(&["reset"]);
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}/");
    run(&["get", &url]).expect_code(7).expect_error_line(&["refused"]);
}

#[test]
fn a_malformed_url_exits_with_3_and_sends_nothing() {
    let server = Http::saying(HELLO);
    for path in ["/a\r\nX: y", "/a\nb", "/a\0b", "/\u{7f}"] {
        // No argument can have a NUL.
        if !path.contains('\0') {
            run(&["get", &server.url(path)]).expect_code(3).expect_error_line(&["at byte"]);
        }
    }
    for url in ["http://", "http://[::1", "http://h:+80/", "http://h:65536/", "http://h:8 0/"] {
        run(&["get", url]).expect_code(3);
    }
    for field in ["X: a\r\nY: b", "X: a\nb", "X\r: a", "no colon", "Content-Length: 3"] {
        run(&["get", &server.url("/"), "-H", field]).expect_code(2);
    }
    assert_eq!(server.asked().len(), 0);
}

#[test]
fn header_options_replace_remove_and_empty_fields() {
    let server = Http::saying(HELLO);
    let url = server.url("/");
    let args = ["get", &url, "-H", "Accept:", "-H", "X-One: 1", "-H", "X-None;", "-H", "Host: h"];
    run(&args).expect_code(0);
    let asked = &server.asked()[0];
    assert_eq!(asked.field("accept"), None);
    assert_eq!(asked.field("x-one"), Some("1"));
    assert_eq!(asked.field("x-none"), Some(""));
    assert_eq!(asked.field("host"), Some("h"));
}

#[test]
fn include_prints_each_head_as_received() {
    let first = "HTTP/1.1 302 Found\r\nlocation: /b\r\nContent-Length: 4\r\n\r\nbody";
    let second = "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\nHTTP/1.1 200\r\nx-ODD:   z \r\n\r\nend";
    let server = Http::start(move |asked, stream| {
        let (reply, then) = match asked.target() {
            "/a" => (first, Then::Keep),
            _ => (second, Then::Close),
        };
        let _ = stream.write_all(reply.as_bytes());
        then
    });
    let finished = run(&["get", "-i", &server.url("/a")]);
    finished.expect_code(0).expect_quiet();
    assert_eq!(finished.stdout_text(), format!("{}{second}", first.strip_suffix("body").unwrap()));
    let asked = server.asked();
    assert_eq!(asked[0].connection, asked[1].connection, "the connection is used again");

    let finished = run(&["get", "-i", "--no-location", &server.url("/a")]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), first);
    run(&["get", "--max-redirects", "0", &server.url("/a")]).expect_code(47);
}

#[test]
fn credentials_stay_with_their_origin() {
    let there = Http::saying(HELLO);
    let to = there.url("/b");
    let here = Http::start(move |_, stream| {
        let _ = write!(stream, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        Then::Keep
    });
    let url = format!("http://ann:secret@127.0.0.1:{}/a", here.port());
    let args = ["get", "-v", &url, "-H", "Cookie: c=1", "-H", "X-Own: 1"];
    let finished = run(&args);
    finished.expect_code(0);
    assert_eq!(here.asked()[0].field("authorization"), Some("Basic YW5uOnNlY3JldA=="));
    assert_eq!(here.asked()[0].field("cookie"), Some("c=1"));
    let asked = &there.asked()[0];
    assert_eq!((asked.field("authorization"), asked.field("cookie")), (None, None));
    assert_eq!(asked.field("x-own"), Some("1"));
    assert!(finished.stderr().contains("authorization"), "{}", finished.story());
    assert!(!finished.stderr().contains("ann:secret@"), "{}", finished.story());
}

#[test]
fn verbose_shows_both_heads_and_no_escape_sequence() {
    let server = Http::saying("HTTP/1.1 200 \x1b[31mOK\r\nContent-Length: 0\r\n\r\n".as_bytes());
    let finished = run(&["get", "-v", &server.url("/")]);
    let code = if finished.stderr().contains("malformed") { 56 } else { 0 };
    finished.expect_code(code);
    assert!(finished.stderr().contains("> GET / HTTP/1.1\n"), "{}", finished.story());
    assert!(!finished.stderr().contains('\x1b'), "{}", finished.story());
}

#[test]
fn a_chunked_response_with_a_length_is_read_by_chunks_and_reported() {
    let server = Http::start(|asked, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = write!(stream, "{head}6\r\nhello\n\r\n0\r\n\r\n");
        if asked.number == 0 { Then::Keep } else { Then::Close }
    });
    let url = server.url("/");
    let finished = run(&["get", "-v", &url, &url]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "hello\nhello\n");
    assert!(finished.stderr().contains("Content-Length"), "{}", finished.story());
    let asked = server.asked();
    assert_ne!(asked[0].connection, asked[1].connection, "it is never used again");
}

#[test]
fn many_urls_share_a_connection_and_one_failure_is_the_exit_code() {
    let server = Http::start(|asked, stream| {
        let reply = match asked.target() {
            "/missing" => b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone".to_vec(),
            target => ok(target.as_bytes()),
        };
        let _ = stream.write_all(&reply);
        Then::Keep
    });
    let urls = [server.url("/a"), server.url("/missing"), server.url("/c")];
    let mut args = vec!["get", "--fail"];
    args.extend(urls.iter().map(String::as_str));
    let finished = run(&args);
    finished.expect_code(22).expect_error_line(&["404", "/missing"]);
    assert_eq!(finished.stdout_text(), "/a/c");
    assert!(server.asked().iter().all(|asked| asked.connection == 0));

    let list = format!("{}\n\n# a remark\n{}\n", urls[0], urls[2]);
    let finished = run_with_input(&["get", "--url-file", "-"], list.as_bytes());
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "/a/c");

    let finished = run(&["get", "--parallel", "3", &urls[0], &urls[2], &urls[0]]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "/a/c/a", "in the order of the URLs");
}

#[test]
fn a_dead_pooled_connection_is_replaced_once() {
    let server = Http::start(|asked, stream| {
        if asked.number != 1 {
            let _ = stream.write_all(&ok(b"x"));
            return Then::Keep;
        }
        Then::Close
    });
    let url = server.url("/");
    let finished = run(&["get", &url, &url]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "xx");
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_slow_drip_does_not_outlast_the_total_timeout() {
    for head in ["HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", "HTTP/1.1 200 OK\r\nX: "] {
        let server = Http::start(move |_, stream| {
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(b"x").is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Then::Close
        });
        let finished = run(&["get", "--max-time", "300ms", "-H", "X: y", &server.url("/")]);
        finished.expect_code(28).expect_error_line(&["total", "300"]);
    }
}

#[test]
fn silence_ends_with_the_stall_timeout_or_the_first_byte_timeout() {
    let server = Http::start(|asked, stream| {
        if asked.target() == "/body" {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        }
        Then::Stall
    });
    let args = ["get", "--stall-timeout", "100ms", &server.url("/body")];
    run(&args).expect_code(28).expect_error_line(&["stall", "3 bytes"]);
    let args = ["get", "--first-byte-timeout", "100ms", &server.url("/")];
    run(&args).expect_code(28).expect_error_line(&["first-byte"]);
}

#[test]
fn a_broken_download_resumes_where_it_broke() {
    let body = bytes(300_000);
    let whole = body.clone();
    let server = Http::start(move |asked, stream| {
        let reply = ranged(asked, "\"v1\"", &whole);
        // Each connection breaks 100,000 bytes further.
        let cut = reply.len().min(100_000);
        let _ = stream.write_all(&reply[..cut]);
        Then::Close
    });
    let dir = TestDir::new();
    let file = dir.path("file");
    let path = file.to_str().unwrap();
    run(&["get", "-o", path, &server.url("/")]).expect_code(18);
    let finished = run(&["get", "-C", "-o", path, "--retry", "5", &server.url("/")]);
    finished.expect_code(0);
    assert!(fs::read(&file).unwrap() == body, "{}", finished.story());
    assert!(!dir.path("file.part").exists());
    let asked = server.asked();
    assert!(asked[1].field("range").is_some() && asked[1].field("if-range") == Some("\"v1\""));
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside");
}

#[test]
fn a_resource_that_changed_is_downloaded_from_the_start() {
    let server = Http::start(|asked, stream| {
        let (tag, body) =
            if asked.number == 0 { ("\"v1\"", b"old old old") } else { ("\"v2\"", b"new new new") };
        let reply = ranged(asked, tag, body);
        let cut = if asked.number == 0 { reply.len() - 4 } else { reply.len() };
        let _ = stream.write_all(&reply[..cut]);
        Then::Close
    });
    let dir = TestDir::new();
    let file = dir.path("file");
    let path = file.to_str().unwrap();
    run(&["get", "-o", path, &server.url("/")]).expect_code(18);
    run(&["get", "-C", "-o", path, &server.url("/")]).expect_code(0);
    assert_eq!(fs::read(&file).unwrap(), b"new new new");
}

#[test]
fn retries_obey_retry_after_within_the_total_timeout() {
    let server = Http::start(|asked, stream| {
        let reply = match asked.number {
            0 => "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy",
            1 => HELLO,
            _ => "HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 4\r\n\r\nbusy",
        };
        let _ = stream.write_all(reply.as_bytes());
        Then::Close
    });
    let finished = run(&["get", "--fail", "--retry", "1", &server.url("/")]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "hello\n");
    let args = ["get", "--fail", "--retry", "1", "--max-time", "20s", &server.url("/")];
    let finished = run(&args);
    assert!(matches!(finished.expect_error_line(&["503"]).stdout(), b""));
    assert_eq!(server.asked().len(), 3, "a wait past the total time is not begun");
}

#[test]
fn each_url_needs_a_usable_output_file() {
    let server = Http::saying(ok(b"x"));
    let dir = TestDir::new();
    let (a, b) = (dir.path("a"), dir.path("b"));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    run(&["get", "-o", a, &server.url("/1"), "-o", b, &server.url("/2")]).expect_code(0);
    assert_eq!((fs::read(a).unwrap(), fs::read(b).unwrap()), (b"x".to_vec(), b"x".to_vec()));
    run(&["get", "-o", a, &server.url("/1"), &server.url("/2")]).expect_code(2);
    run(&["get", "-o", dir.path("no/dir").to_str().unwrap(), &server.url("/")]).expect_code(23);
    run(&["get", "-o", NULL, &server.url("/")]).expect_code(0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_exits_with_23() {
    let server = Http::saying(ok(&bytes(1_000_000)));
    run(&["get", "-o", "/dev/full", &server.url("/")])
        .expect_code(23)
        .expect_error_line(&["space"]);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = sockit(&["get", &server.url("/")]);
    command.stdout(full);
    Process::spawn_with_stdout(command).finish().expect_code(23);
}

#[test]
fn a_closed_standard_output_ends_it_quietly() {
    let server = Http::saying(ok(&bytes(10_000_000)));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = sockit(&["get", &server.url("/")]);
    command.stdout(writer);
    Process::spawn_with_stdout(command).finish().expect_code(0).expect_quiet();
}

#[test]
fn write_out_has_the_variables_of_curl() {
    let server =
        Http::saying("HTTP/1.1 404 No\r\nContent-Type: text/x\r\nContent-Length: 2\r\n\r\nab");
    let format = "\\n%{http_code} %{size_download} %{content_type} %{num_connects} %header{content-length}%%\\n";
    let finished = run(&["get", "--write-out", format, &server.url("/")]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "ab\n404 2 text/x 1 2%\n");
    let finished = run(&["get", "-w", "%{exitcode} %{errormsg}", "--fail", &server.url("/")]);
    finished.expect_code(22);
    assert!(finished.stdout_text().starts_with("22 "), "{}", finished.story());
    run(&["get", "-w", "%{nonsense}", &server.url("/")]).expect_code(2);
}

#[test]
fn json_prints_one_object_for_each_transfer() {
    let server = Http::saying(HELLO);
    let url = server.url("/");
    let finished = run(&["get", "--json", &url, &url]);
    finished.expect_code(0).expect_quiet();
    let lines: Vec<&str> = finished.stdout_text().lines().collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
        assert!(
            line.contains("\"http_code\":200") && line.contains("\"body\":\"hello\\n\""),
            "{line}"
        );
    }
}

#[test]
fn raw_keeps_the_chunked_coding() {
    let body = "3;x=y\r\nhel\r\n3\r\nlo\n\r\n0\r\nT: v\r\n\r\n";
    let reply = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let server = Http::saying(reply);
    let finished = run(&["get", "--raw", &server.url("/")]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), body);
    let finished = run(&["get", &server.url("/")]);
    assert_eq!(finished.stdout_text(), "hello\n");
}

#[test]
fn a_range_that_is_not_served_exits_with_33() {
    let server = Http::start(|asked, stream| {
        let reply: &[u8] = match asked.field("range") {
            Some("bytes=1-3") => {
                b"HTTP/1.1 206 P\r\nContent-Range: bytes 1-3/6\r\nContent-Length: 3\r\n\r\nell"
            }
            Some("bytes=2-") => {
                b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-3/6\r\nContent-Length: 4\r\n\r\nhell"
            }
            _ => HELLO.as_bytes(),
        };
        let _ = stream.write_all(reply);
        Then::Close
    });
    let finished = run(&["get", "--range", "1-3", &server.url("/")]);
    finished.expect_code(0);
    assert_eq!(finished.stdout_text(), "ell");
    run(&["get", "--range", "0-1", &server.url("/")]).expect_code(33);
    run(&["get", "--range", "2-", &server.url("/")]).expect_code(33);
    run(&["get", "--range", "3-1", &server.url("/")]).expect_code(2);
}

#[test]
fn resolve_gives_a_name_its_address() {
    let server = Http::saying(HELLO);
    let port = server.port();
    let url = format!("http://www.example:{port}/");
    let to = format!("www.example:{port}:127.0.0.1");
    run(&["get", "--resolve", &to, &url]).expect_code(0);
    assert_eq!(server.asked()[0].field("host"), Some(&*format!("www.example:{port}")));
    run(&["get", "--resolve", "www.example:127.0.0.1", &url]).expect_code(2);
    run(&["get", "-4", "--local-address", "127.0.0.1", &server.url("/")]).expect_code(0);
    run(&["get", "-6", &server.url("/")]).expect_code(6);
}

#[test]
fn a_body_above_the_limit_exits_with_63() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n0\r\n\r\n";
    for reply in [HELLO, chunked, "HTTP/1.0 200 OK\r\n\r\nhello\n"] {
        let server = Http::saying(reply);
        run(&["get", "--max-filesize", "6", &server.url("/")]).expect_code(0);
        run(&["get", "--max-filesize", "5", &server.url("/")]).expect_code(63);
    }
}
