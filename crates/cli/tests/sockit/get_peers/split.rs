//! nginx, which sends files in segments over TLS and without.

use std::fs;

use netcore::testing::TestDir;

use super::nginx::Nginx;
use crate::common::listening::bytes;
use crate::common::process::run;

/// Bytes of the first of four files. Each further one has one more.
const SIZE: usize = 6 << 20;

/// nginx with the files `0` to `3`, over TLS and over a Unix socket.
struct Files {
    nginx: Nginx,
    sockets: TestDir,
}

impl Files {
    /// Starts nginx with these directives.
    fn start(directives: &str) -> Files {
        let sockets = TestDir::new();
        let listen = format!("listen unix:{}; {directives}", sockets.path("http").display());
        let nginx = Nginx::start(&listen, |dir| {
            for name in 0..4 {
                fs::write(dir.path(format!("www/{name}")), bytes(SIZE + name)).expect("a file");
            }
        });
        Files { nginx, sockets }
    }

    /// Fetches all files to `to`, and checks them.
    fn fetch(&self, to: &str, is_tls: bool, more: &[&str]) {
        let mut words: Vec<String> = vec!["get".into()];
        words.extend(more.iter().map(|word| (*word).to_owned()));
        match is_tls {
            true => words.extend(["--cacert".to_owned(), self.nginx.ca()]),
            false => words.extend([
                "--unix-socket".to_owned(),
                self.sockets.path("http").display().to_string(),
            ]),
        }
        let file = |name: usize| self.nginx.dir().path(format!("{to}-{name}"));
        for name in 0..4 {
            words.extend(["-o".to_owned(), file(name).display().to_string()]);
            words.push(match is_tls {
                true => self.nginx.url(&format!("/{name}")),
                false => format!("http://localhost/{name}"),
            });
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(&words).expect_code(0).expect_quiet();
        for name in 0..4 {
            assert!(
                fs::read(file(name)).expect("a file") == bytes(SIZE + name),
                "{to}: file {name}"
            );
        }
    }
}

#[test]
#[ignore = "needs nginx"]
fn files_come_whole_in_segments_over_tls_and_without() {
    let files = Files::start("limit_rate 4m;");
    for (to, is_tls) in [("tls", true), ("plain", false)] {
        files.fetch(&format!("{to}-1"), is_tls, &["--split", "4"]);
        files.fetch(&format!("{to}-8"), is_tls, &["--split", "4", "-Z", "8"]);
    }
}

#[test]
#[ignore = "needs nginx"]
fn a_checksum_of_segments_is_compared() {
    let files = Files::start("limit_rate 4m;");
    let file = files.nginx.dir().path("file");
    let file = file.to_str().unwrap();
    let socket = files.sockets.path("http");
    let wrong = format!("sha256={}", "0".repeat(64));
    let got = run(&[
        "get",
        "--split",
        "4",
        "--unix-socket",
        socket.to_str().unwrap(),
        "--checksum",
        &wrong,
        "-o",
        file,
        "http://localhost/0",
    ]);
    got.expect_code(19).expect_error_line(&["does not match"]);
    assert!(!fs::exists(file).unwrap() && !fs::exists(format!("{file}.part")).unwrap());
}

/// The server refuses connections beyond its limit with 503.
#[test]
#[ignore = "needs nginx"]
fn a_limit_of_connections_is_kept_to() {
    let files = Files::start("limit_rate 4m; limit_conn one 2;");
    files.fetch("limited", true, &["--split", "8"]);
}
