//! `sockit get -Z`: transfers that run at the same time, and one standard output.

use std::io::Write;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
use netcore::testing::TestDir;

use crate::common::http::{Http, Then, ok};
use crate::common::listening::bytes;
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, run, sockit};
#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
use crate::common::terminal::Terminal;

/// A size above that of all buffers between two processes.
const LARGE: usize = 32 << 20;

#[test]
fn a_body_is_received_while_another_one_is_printed() {
    let (sent, wait) = channel();
    let (sent, wait) = (Mutex::new(sent), Mutex::new(wait));
    let large = bytes(LARGE);
    let body = large.clone();
    let server = Http::start(move |asked, stream| {
        let reply = match asked.target() {
            "/first" => {
                let told = wait.lock().unwrap().recv_timeout(PATIENCE);
                // A body that has not come by then would come only after the first one.
                if told.is_err() {
                    return Then::Close;
                }
                ok(b"first\n")
            }
            _ => ok(&body),
        };
        let written = stream.write_all(&reply);
        if asked.target() == "/large" && written.is_ok() {
            let _ = sent.lock().unwrap().send(());
        }
        Then::Close
    });
    let format = "\n%{urlnum} %{size_download}\n";
    let args = ["get", "-Z", "2", "-w", format, &server.url("/first"), &server.url("/large")];
    let finished = run(&args);
    finished.expect_code(0).expect_quiet();
    let ends = (b"first\n\n0 6\n", format!("\n1 {LARGE}\n"));
    assert_eq!(&finished.stdout()[..ends.0.len()], ends.0);
    let rest = &finished.stdout()[ends.0.len()..];
    assert!(rest == [&large, ends.1.as_bytes()].concat(), "{} bytes", rest.len());
}

#[test]
fn a_body_is_printed_as_soon_as_its_turn_comes() {
    let (turned, wait) = channel();
    let (go, gone) = channel();
    let (wait, go, gone) = (Mutex::new(wait), Mutex::new(go), Mutex::new(gone));
    let server = Http::start(move |asked, stream| {
        if asked.target() == "/first" {
            let _ = gone.lock().unwrap().recv_timeout(PATIENCE);
            let _ = stream.write_all(&ok(b"first "));
        } else {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nbegin ");
            let _ = go.lock().unwrap().send(());
            let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
            let _ = stream.write_all(b"end!\n\n");
        }
        Then::Close
    });
    let args = ["get", "-Z", "2", &server.url("/first"), &server.url("/second")];
    let process = Process::spawn(sockit(&args));
    process.stdout_when("beginning of the second body", |text| text == "first begin ");
    turned.send(()).unwrap();
    let finished = process.finish();
    assert_eq!(finished.expect_code(0).stdout_text(), "first begin end!\n\n");
}

#[test]
fn a_body_that_breaks_while_it_waits_is_printed_up_to_the_break() {
    let (broken, wait) = channel();
    let (broken, wait) = (Mutex::new(broken), Mutex::new(wait));
    let server = Http::start(move |asked, stream| {
        if asked.target() == "/first" {
            let _ = wait.lock().unwrap().recv_timeout(PATIENCE);
            let _ = stream.write_all(&ok(b"first "));
        } else {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhalf");
            let _ = broken.lock().unwrap().send(());
        }
        Then::Close
    });
    let args = ["get", "-Z", "2", &server.url("/first"), &server.url("/second")];
    let finished = run(&args);
    finished.expect_code(18).expect_error_line(&["/second", "4 of 12 bytes"]);
    assert_eq!(finished.stdout_text(), "first half");
}

#[test]
fn a_closed_standard_output_ends_waiting_transfers_too() {
    let server = Http::saying(ok(&bytes(3_000_000)));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let url = server.url("/");
    let mut command = sockit(&["get", "-Z", "4", &url, &url, &url, &url, &url, &url]);
    command.stdout(writer);
    Process::spawn_with_stdout(command).finish().expect_code(0).expect_quiet();
}

#[test]
fn reports_of_a_transfer_never_appear_within_another_body() {
    let halves = Arc::new(Mutex::new(None));
    let (failed, wait) = channel();
    *halves.lock().unwrap() = Some(wait);
    let server = Http::start(move |asked, stream| {
        if asked.target() != "/first" {
            let _ = failed.send(());
            return Then::Close;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfir");
        if let Some(wait) = halves.lock().unwrap().take() {
            let _ = wait.recv_timeout(PATIENCE);
        }
        let _ = stream.write_all(b"st\n");
        Then::Close
    });
    let format = "%{urlnum}:%{exitcode}\n";
    let args = ["get", "-Z", "2", "-w", format, &server.url("/first"), &server.url("/second")];
    let finished = run(&args);
    finished.expect_code(52);
    assert_eq!(finished.stdout_text(), "first\n0:0\n1:52\n");
}

#[cfg(unix)]
#[test]
fn with_few_descriptors_fewer_transfers_run_at_a_time() {
    let server = Http::start(|asked, stream| {
        let _ = stream.write_all(&ok(asked.target().as_bytes()));
        Then::Keep
    });
    let urls: Vec<String> = (100..200).map(|number| server.url(&format!("/{number}"))).collect();
    let sockit = sockit::<&str>(&[]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -n 40; exec \"$@\"", "sh"]).arg(sockit.get_program());
    command.args(["get", "-Z", "100"]).args(&urls).env_remove("RUST_LOG");
    let finished = Process::spawn(command).finish();
    finished.expect_code(0).expect_quiet();
    let all: String = (100..200).map(|number| format!("/{number}")).collect();
    assert_eq!(finished.stdout_text(), all);
}

#[cfg(not(any(windows, target_os = "netbsd", target_os = "openbsd")))]
#[test]
fn a_terminal_shows_the_sum_of_simultaneous_transfers() {
    // Bytes that never end, in small pieces.
    let server = Http::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while stream.write_all(&[b'x'; 1000]).is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Then::Close
    });
    let dir = TestDir::new();
    let (a, b) = (dir.path("a"), dir.path("b"));
    let (a, b, url) = (a.to_str().unwrap(), b.to_str().unwrap(), server.url("/"));
    let args = ["get", "-Z", "2", "-o", a, "-o", b, &url, &url];
    let terminal = Terminal::start(100, 20, &args);
    terminal.when("the sum below two bars", |lines| {
        let sum = lines.iter().position(|line| line.starts_with("total: 0 of 2 done, "));
        sum.is_some_and(|at| at >= 2 && lines[at].ends_with("/s"))
    });
}
