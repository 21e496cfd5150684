//! A chat with a password: the server, its clients, and where the password never stands.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;

use netcore::testing::TestDir;

use crate::common::client::Client;
use crate::common::process::{Finished, run, run_with_input};
use crate::common::server::Server;

const PASSWORD: &str = "open sesame";

/// Writes a file that only its owner can read.
fn password_file(directory: &TestDir, name: &str, text: &str) -> String {
    let path = directory.path(name);
    fs::write(&path, text).expect("a file");
    #[cfg(unix)]
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file of ours");
    path.to_str().expect("a text").to_owned()
}

fn join(server: &Server, args: &[&str], input: &str) -> Finished {
    let endpoint = server.tcp().to_string();
    run_with_input(
        &[&["chat", "join", &endpoint, "--linger", "0"], args].concat(),
        input.as_bytes(),
    )
}

#[test]
fn clients_enter_with_the_password_and_nothing_but_it() {
    let directory = TestDir::new();
    let file = password_file(&directory, "password", "open sesame\nnot this\n");
    let server = Server::start(&["chat", "serve", "--password-file", &file]);
    let mut ann = server.connect();
    ann.send("hello\n");
    ann.notice("say /pass PASSWORD first");
    ann.send(format!("/pass {PASSWORD}\n/nick ann\n"));
    ann.notice("password accepted");
    ann.notice("you are ann");
    // A script: with the file, without it, and with a wrong one.
    let done = join(&server, &["--nick", "ci", "--password-file", &file], "deploy done\n");
    done.expect_code(0).expect_quiet();
    assert!(done.stdout_text().ends_with(" ci: deploy done\n"), "{}", done.story());
    assert!(!done.stdout_text().contains("password"), "{}", done.story());
    ann.until("deploy done");
    for args in [&["--nick", "ci"][..], &[]] {
        let done = join(&server, args, "secret plans\nmore of them\n");
        done.expect_code(1).expect_error_line(&["has a password", "--password-file FILE"]);
    }
    let wrong = password_file(&directory, "wrong", "sesame\n");
    let done = join(&server, &["--password-file", &wrong], "secret plans\n");
    done.expect_code(1).expect_error_line(&["refused the password: it is wrong"]);
    // The first line of a pipe may say it too.
    let done = join(&server, &[], &format!("/pass {PASSWORD}\nthrough a pipe\n"));
    done.expect_code(0).expect_quiet();
    let before = ann.until("through a pipe");
    assert!(!before.iter().any(|line| line.contains("secret")), "{before:#?}");
    server.stop();
}

#[test]
fn a_password_file_is_of_use_for_a_server_without_a_password() {
    let directory = TestDir::new();
    let file = password_file(&directory, "password", PASSWORD);
    let server = Server::start(&["chat", "serve", "--history", "5"]);
    let mut ann = Client::enter(&server);
    ann.say("before");
    ann.until("before");
    let done = join(&server, &["--nick", "ci", "--password-file", &file, "--json"], "hello\n");
    done.expect_code(0).expect_quiet();
    let output = done.stdout_text();
    assert!(output.contains(r#""text":"before","history":true}"#), "{}", done.story());
    assert!(!output.contains(PASSWORD), "{}", done.story());
    let before = ann.until("hello");
    assert!(!before.iter().any(|line| line.contains(PASSWORD)), "{before:#?}");
    server.stop();
}

#[test]
fn the_password_is_in_no_log_and_no_history() {
    let directory = TestDir::new();
    let file = password_file(&directory, "password", PASSWORD);
    let logs = directory.path("logs");
    let logs = logs.to_str().expect("a text");
    let args =
        ["chat", "serve", "-vv", "--history", "9", "--log-dir", logs, "--password-file", &file];
    let server = Server::start(&args);
    let mut ann = server.connect();
    ann.send("/pass mistyped\n");
    ann.notice("wrong password (1 of 3)");
    ann.send(format!("/pass {PASSWORD}\n"));
    ann.notice("password accepted");
    ann.send(format!("/pass {PASSWORD}\n /pass {PASSWORD}\n"));
    ann.notice("you have said the password already");
    ann.say("hello");
    ann.until("hello");
    let done = server.stop_and_read();
    let log = done.stderr();
    assert!(log.contains("127.0.0.1: 1 wrong password"), "{}", done.story());
    assert!(!log.contains("sesame") && !log.contains("mistyped"), "{}", done.story());
    let mut logged = String::new();
    for room in
        fs::read_dir(logs).expect("a directory").map(|entry| entry.expect("an entry").path())
    {
        if room.is_dir() {
            for day in fs::read_dir(room).expect("a directory") {
                logged += &fs::read_to_string(day.expect("an entry").path()).expect("a log");
            }
        }
    }
    // A killed server may not have written the last messages.
    assert!(cfg!(windows) || logged.contains("hello"), "{logged}");
    assert!(!logged.contains("sesame") && !logged.contains("mistyped"), "{logged}");
}

#[test]
fn a_file_without_a_password_is_refused_at_the_start() {
    let directory = TestDir::new();
    let empty = password_file(&directory, "empty", "\nsecond line\n");
    let control = password_file(&directory, "control", "a\tb\n");
    for (file, why) in [
        ("/nonexistent", "open /nonexistent: "),
        (&*empty, "the password is empty"),
        (&*control, "the password has a control character"),
    ] {
        for command in [&["chat", "serve"][..], &["chat", "join", "127.0.0.1:1"]] {
            let done = run(&[command, &["--password-file", file]].concat());
            done.expect_code(26).expect_error_line(&["--password-file", why]);
        }
    }
    let file = password_file(&directory, "password", PASSWORD);
    let done = run(&["chat", "serve", "--max-line", "10", "--password-file", &file]);
    done.expect_code(2).expect_error_line(&["--max-line 10", "too short"]);
}

#[cfg(unix)]
#[test]
fn a_server_warns_about_a_public_file_and_about_passwords_in_the_clear() {
    let directory = TestDir::new();
    let file = password_file(&directory, "password", PASSWORD);
    let socket = format!("unix:{}", directory.path("chat.sock").display());
    let args = ["chat", "serve", "--password-file", &file, "--listen", "127.0.0.1:0"];
    let quiet = Server::start(&[&args[..], &["--listen", &socket]].concat()).stop_and_read();
    assert!(!quiet.stderr().contains("WARN"), "{}", quiet.story());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a file of ours");
    let loud = Server::start(&[&args[..4], &["--listen", "0.0.0.0:0"]].concat()).stop_and_read();
    let log = loud.stderr();
    assert!(log.contains("every user of this system can learn the password"), "{}", loud.story());
    assert!(log.contains("tcp://0.0.0.0:"), "{}", loud.story());
    assert!(log.contains("takes the password unencrypted"), "{}", loud.story());
}

#[cfg(unix)]
#[test]
fn one_client_more_than_an_address_may_have_is_told_why_and_closed() {
    let directory = TestDir::new();
    let socket = format!("unix:{}", directory.path("chat.sock").display());
    let args = ["--listen", "127.0.0.1:0", "--listen", &socket, "--max-per-address", "2"];
    let server = Server::start(&[&["chat", "serve"][..], &args].concat());
    let mut ann = Client::enter(&server);
    let bob = Client::enter(&server);
    let mut third = server.connect();
    assert_eq!(third.line(), "* connection limit of your address reached (2)");
    assert_eq!(third.rest(), b"");
    // Unix sockets are not counted.
    for _ in 0..3 {
        let mut local = Client::unix(&server.unix());
        local.send("/who\n");
        local.notice(" here: ");
    }
    drop(bob);
    ann.until_line(|line| line.ends_with(" has left"));
    ann.say("hello");
    ann.until("hello");
    server.stop();
}
