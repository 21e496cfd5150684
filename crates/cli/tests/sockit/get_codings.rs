//! `sockit get --compressed`.

use std::fs;
use std::io::Write;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then};
use crate::common::process::{NULL, run};

/// `content` in gzip.
const GZIP: &[u8] =
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\xce\xcf\x2b\x49\xcd\x2b\x01\0\xa9\x30\xc5\xfe\x07\0\0\0";

fn response(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn content_is_decoded_only_on_request() {
    let server = Http::saying(response("gzip", GZIP));
    let url = &server.url("/");
    let got = run(&["get", "--compressed", url]);
    assert_eq!(got.expect_code(0).expect_quiet().stdout(), b"content");
    for args in [&["get", url][..], &["get", "--compressed", "--raw", url]] {
        assert_eq!(run(args).expect_code(0).stdout(), GZIP);
    }
    let by_hand = ["get", "--compressed", "-H", "Accept-Encoding: x-gzip", url];
    assert_eq!(run(&by_hand).expect_code(0).stdout(), b"content");
    let asked: Vec<_> = server.asked();
    let fields: Vec<_> = asked.iter().map(|asked| asked.field("accept-encoding")).collect();
    let all = Some("gzip, deflate, br, zstd");
    assert_eq!(fields, [all, None, all, Some("x-gzip")]);
}

#[test]
fn sizes_count_coded_bytes_and_limits_decoded_ones() {
    let server = Http::saying(response("gzip", GZIP));
    let url = &server.url("/");
    let format = "\n%{size_download} %{http_code}\n";
    let got = run(&["get", "--compressed", "-w", format, url]);
    assert_eq!(got.expect_code(0).stdout_text(), "content\n27 200\n");
    run(&["get", "--compressed", "--max-filesize", "7", url]).expect_code(0);
    let large = run(&["get", "--compressed", "--max-filesize", "6", url]);
    large.expect_code(63).expect_error_line(&["larger than the limit: body (at most 6)"]);
    let object = run(&["get", "--compressed", "--json", url]);
    let object = object.expect_code(0).stdout_text().to_owned();
    assert!(object.contains("\"body\":\"content\""), "{object}");
    assert!(object.contains("\"size_download\":27"), "{object}");
    let heads = run(&["get", "--compressed", "-i", url]);
    let all = response("gzip", b"content");
    let all = String::from_utf8_lossy(&all).replace("Length: 7", "Length: 27");
    assert_eq!(heads.expect_code(0).stdout_text(), all);
}

#[test]
fn content_that_cannot_be_decoded_exits_with_61_and_leaves_no_file() {
    let dir = TestDir::new();
    let file = dir.path("file");
    for (coding, body, reason) in [
        ("gzip", &GZIP[..20], "the gzip content ends too early, at byte 20"),
        ("gzip", b"plain", "malformed gzip content at byte 0: a gzip header expected"),
        ("br", b"\xff\xff", "malformed br content at byte"),
        ("compress", b"x", "the content coding compress is not supported"),
    ] {
        let server = Http::saying(response(coding, body));
        let args = ["get", "--compressed", "-o", file.to_str().unwrap(), &server.url("/")];
        run(&args).expect_code(61).expect_error_line(&[reason]);
        assert!(!file.exists(), "{coding}");
    }
    let cut = response("gzip", GZIP);
    let server = Http::saying(&cut[..cut.len() - 5]);
    run(&["get", "--compressed", &server.url("/")]).expect_code(18);
}

#[test]
fn a_retry_goes_on_decoding_and_a_later_run_begins_again() {
    let server = Http::start(|asked, stream| {
        let body = match asked.field("range") {
            Some("bytes=12-") => {
                let head = "HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Length: 15\r\n\
                            Content-Range: bytes 12-26/27\r\n\r\n";
                [head.as_bytes(), &GZIP[12..]].concat()
            }
            Some(range) => panic!("{range}"),
            None if asked.target() == "/whole" => response("gzip", GZIP),
            None => {
                let mut all = response("gzip", GZIP);
                all.truncate(all.len() - 15);
                all
            }
        };
        let _ = stream.write_all(&body);
        Then::Close
    });
    let url = &server.url("/")[..];
    let dir = TestDir::new();
    let file = dir.path("file");
    let name = file.to_str().unwrap();
    let retry = ["--retry", "1", "--retry-delay", "10ms"];
    let args = [&["get", "--compressed", "-s", "-o", name][..], &retry, &[url]].concat();
    run(&args).expect_code(0);
    assert_eq!(fs::read(&file).unwrap(), b"content");
    let args = [&["get", "--compressed", "-s"][..], &retry, &[url]].concat();
    assert_eq!(run(&args).expect_code(0).stdout(), b"content");

    fs::remove_file(&file).unwrap();
    run(&["get", "--compressed", "-o", name, &server.url("/")]).expect_code(18);
    let whole = server.url("/whole");
    let again = run(&["get", "--compressed", "-C", "-v", "-o", name, &whole]);
    assert_eq!(fs::read(&file).unwrap(), b"content");
    let shown = again.expect_code(0).stderr();
    assert!(shown.contains("it begins again"), "{shown}");
}

#[test]
fn a_bomb_is_stopped_by_its_ratio() {
    // A frame of zstd whose blocks of four bytes stand for 128 KiB each: 65 MiB in 2 KiB.
    let block = u32::to_le_bytes(128 << 10 << 3 | 1 << 1);
    let mut bomb = b"\x28\xb5\x2f\xfd\0\x58".to_vec();
    for _ in 0..520 {
        bomb.extend([&block[..3], b"\0"].concat());
    }
    bomb.extend(b"\x01\0\0");
    let server = Http::saying(response("zstd", &bomb));
    let url = &server.url("/");
    let stopped = run(&["get", "--compressed", "-o", NULL, "--max-ratio", "100", url]);
    stopped.expect_code(63).expect_error_line(&["larger than the limit: ratio (at most 100)"]);
    run(&["get", "--compressed", "-o", NULL, "--max-ratio", "0", url]).expect_code(0);
}
