//! `sockit get`: checksums, and the digests that servers send.

use std::fs;

use netcore::testing::TestDir;

use crate::common::http::{Http, ok};
use crate::common::process::run;

/// The SHA-256 of `hello`, and of nothing.
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The same as byte sequences (RFC 9651).
const HELLO_FIELD: &str = ":LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
const NOTHING_FIELD: &str = ":47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";

#[test]
fn a_file_appears_only_with_its_checksum() {
    let server = Http::saying(ok(b"hello"));
    let dir = TestDir::new();
    let file = dir.path("file");
    let get = |checksum: &str| {
        run(&["get", "--checksum", checksum, "-o", file.to_str().unwrap(), &server.url("/")])
    };
    get(&format!("sha256={NOTHING}")).expect_code(19).expect_error_line(&[
        "does not match",
        NOTHING,
        HELLO,
    ]);
    assert_eq!(dir.names(), [""; 0]);
    get(&format!("SHA-256={}", HELLO.to_uppercase())).expect_code(0).expect_quiet();
    assert_eq!(fs::read(&file).unwrap(), b"hello");
    get("md5=00000000000000000000000000000000").expect_code(19);
    assert_eq!(fs::read(&file).unwrap(), b"hello", "the old file stays");
    get("md5=5d41402abc4b2a76b9719d911017c592").expect_code(0);
}

#[test]
fn standard_output_has_the_bytes_before_the_error() {
    let server = Http::saying(ok(b"hello"));
    let sum = format!("sha256={NOTHING}");
    let finished = run(&["get", "--checksum", &sum, &server.url("/")]);
    finished.expect_code(19).expect_error_line(&["does not match"]);
    assert_eq!(finished.stdout(), b"hello");
}

#[test]
fn each_url_needs_its_checksum() {
    let server = Http::saying(ok(b"hello"));
    let url = server.url("/");
    let (good, bad) = (format!("sha256={HELLO}"), format!("sha256={NOTHING}"));
    let finished = run(&["get", "--checksum", &good, &url, &url]);
    finished.expect_code(2).expect_error_line(&["1 --checksum for 2 URLs"]);
    run(&["get", "--checksum", &good, "--checksum", &good, &url]).expect_code(2);
    let finished = run(&["get", "--checksum", &good, "--checksum", &bad, &url, &url]);
    finished.expect_code(19).expect_error_line(&["does not match"]);
    assert_eq!(finished.stdout(), b"hellohello");

    let dir = TestDir::new();
    let list = dir.path("list");
    fs::write(&list, format!("{url}\n{url}\n")).unwrap();
    let list = list.to_str().unwrap();
    let both = ["--checksum", &good, "--checksum", &good];
    run(&[&["get", "--url-file", list], &both[..]].concat()).expect_code(0);
    run(&[&["get", "--url-file", list], &both[..2]].concat()).expect_code(2);
    run(&[&["get", "--url-file", list], &both[..], &both[..2]].concat()).expect_code(2);
}

#[test]
fn malformed_checksums_are_usage_errors() {
    for (text, says) in [
        ("x", "ALGORITHM=HEX"),
        ("crc32=00000000", "sha256, sha512, sha1 and md5"),
        ("sha256=00", "64 hexadecimal digits"),
        ("md5=5d41402abc4b2a76b9719d911017c59x", "byte 31"),
    ] {
        let finished = run(&["get", "--checksum", text, "h"]);
        finished.expect_code(2);
        assert!(finished.stderr().contains(says), "{}", finished.stderr());
    }
    run(&["get", "-i", "--checksum", &format!("sha256={HELLO}"), "h"]).expect_code(2);
}

#[test]
fn fields_of_the_response_are_verified_without_an_option() {
    for (name, value, code) in [
        ("Repr-Digest", HELLO_FIELD, 0),
        ("Repr-Digest", NOTHING_FIELD, 19),
        ("Content-Digest", HELLO_FIELD, 0),
        ("Content-Digest", NOTHING_FIELD, 19),
    ] {
        let response =
            format!("HTTP/1.1 200 OK\r\n{name}: sha-256={value}\r\nContent-Length: 5\r\n\r\nhello");
        let server = Http::saying(response);
        let dir = TestDir::new();
        let file = dir.path("file");
        let finished = run(&["get", "-o", file.to_str().unwrap(), &server.url("/")]);
        finished.expect_code(code);
        assert_eq!(file.exists(), code == 0);
        if code != 0 {
            finished.expect_error_line(&[name, NOTHING, HELLO]);
            assert_eq!(dir.names(), [""; 0]);
        }
    }
}
