//! `sockit get` of `https://` URLs.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then};
use crate::common::process::run;
use crate::common::tls::Certificates;

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Returns the URL of `server` over TLS.
fn https(certificates: &Certificates, server: &Http, target: &str) -> String {
    format!("https://localhost:{}{target}", certificates.front(server.port()))
}

#[test]
fn https_is_verified_by_the_given_roots() {
    let certificates = Certificates::new();
    let server = Http::saying(ok("hello"));
    let url = https(&certificates, &server, "/");
    let ca = certificates.path("ca.pem");
    let whole = run(&["get", "--cacert", &ca, &url]);
    assert_eq!(whole.expect_code(0).expect_quiet().stdout(), b"hello");
    run(&["get", "--cacert", &certificates.path("cert.pem"), &url]).expect_code(0);
    run(&["get", &url]).expect_code(60).expect_error_line(&["certificate"]);
    let other = Certificates::new();
    run(&["get", "--cacert", &other.path("ca.pem"), &url]).expect_code(60);
    let by_address = url.replace("localhost", "[::1]");
    run(&["get", "--cacert", &ca, "--resolve", &resolve(&by_address), &by_address]).expect_code(60);
    let unverified = run(&["get", "--insecure", &url]);
    unverified.expect_code(0);
    assert!(unverified.stderr().contains("--insecure"), "{}", unverified.story());
    assert_eq!(unverified.stdout(), b"hello");
    run(&["get", "--cacert", "/nowhere", &url]).expect_code(77);
    run(&["get", "--insecure", "--cert", "/nowhere", "--key", "/nowhere", &url]).expect_code(58);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = format!("https://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        // The client closes first.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    run(&["get", "--cacert", &ca, &plain]).expect_code(35);
}

/// Returns the value of `--resolve` that leads an IPv6 address to 127.0.0.1.
fn resolve(url: &str) -> String {
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap_or_default();
    format!("[::1]:{port}:127.0.0.1")
}

#[test]
fn files_lists_and_parallel_transfers_come_over_tls() {
    let certificates = Certificates::new();
    let body = "x".repeat(1 << 20);
    let server = Http::start({
        let body = body.clone();
        move |_, stream: &mut TcpStream| {
            let _ = stream.write_all(ok(&body).as_bytes());
            Then::Keep
        }
    });
    let dir = TestDir::new();
    let url = https(&certificates, &server, "/");
    let ca = certificates.path("ca.pem");
    let mut words = vec!["get".to_owned(), "--cacert".into(), ca, "-Z".into(), "8".into()];
    for number in 0..16 {
        words.extend(["-o".into(), dir.path(number.to_string()).display().to_string()]);
        words.push(format!("{url}{number}"));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    run(&words).expect_code(0).expect_quiet();
    for number in 0..16 {
        assert!(fs::read_to_string(dir.path(number.to_string())).unwrap() == body, "{number}");
    }
}

#[test]
fn a_redirect_to_http_is_followed_and_told_of() {
    let certificates = Certificates::new();
    let plain = Http::saying(ok("in the clear"));
    let moved = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
        plain.url("/there")
    );
    let server = Http::saying(moved);
    let url = https(&certificates, &server, "/");
    let run = run(&["get", "-v", "--cacert", &certificates.path("ca.pem"), &url]);
    let told = run.stderr().to_owned();
    assert_eq!(run.expect_code(0).stdout(), b"in the clear");
    assert!(told.contains("* encrypted by TLSv1.3, "), "{told}");
    assert!(told.contains("/there, which is not encrypted"), "{told}");
}

#[test]
fn the_time_of_the_handshake_is_reported() {
    let certificates = Certificates::new();
    let server = Http::saying(ok(""));
    let url = https(&certificates, &server, "/");
    let format = "%{scheme} %{time_connect} %{time_appconnect} %{time_pretransfer}";
    let run = run(&["get", "-w", format, "--cacert", &certificates.path("ca.pem"), &url]);
    let text = run.stdout_text().to_owned();
    run.expect_code(0);
    let times: Vec<f64> = text.split(' ').skip(1).map(|time| time.parse().unwrap()).collect();
    assert!(text.starts_with("https "), "{text}");
    assert!(times[0] > 0.0 && times[0] <= times[1] && times[1] <= times[2], "{text}");
}
