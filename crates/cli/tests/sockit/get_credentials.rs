//! `sockit get`: `-u` and netrc files.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use netcore::testing::TestDir;

use crate::common::http::{Http, ok};
use crate::common::process::{Finished, Process, run, sockit};
#[cfg(not(any(target_os = "netbsd", target_os = "openbsd")))]
#[cfg(unix)]
use crate::common::terminal::Terminal;

/// `user:password` by RFC 7617.
const BASIC: &str = "Basic dXNlcjpwYXNzd29yZA==";

/// The `Authorization` of each request so far.
fn sent(server: &Http) -> Vec<Option<String>> {
    let asked = server.asked();
    asked.iter().map(|asked| asked.field("authorization").map(str::to_owned)).collect()
}

/// Writes a netrc file for its owner.
fn netrc(dir: &TestDir, content: &str) -> String {
    let file = dir.path("netrc");
    fs::write(&file, content).expect("a file of the test");
    #[cfg(unix)]
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a file of the test");
    file.display().to_string()
}

/// Runs the program in a home directory.
fn run_at_home(home: &Path, netrc: Option<&str>, args: &[&str]) -> Finished {
    let mut command = sockit(args);
    command.env("HOME", home).env("USERPROFILE", home).env_remove("NETRC");
    if let Some(netrc) = netrc {
        command.env("NETRC", netrc);
    }
    let mut process = Process::spawn(command);
    process.close_stdin();
    process.finish()
}

#[test]
fn a_user_and_a_password_are_sent_and_never_shown() {
    let server = Http::saying(ok(b""));
    let url = server.url("/");
    let with_own = url.replace("://", "://other:own@");
    for args in [
        &["get", "-u", "user:password", &url][..],
        &["get", "--user", "user:password", "-v", &with_own],
        &["get", "-u", "user:password", "--json", "-w", "%{json}%{url}", &url],
        &["get", "-u", "user:password", "-n", "--netrc-file", "/missing", &url],
    ] {
        let finished = run(args);
        finished.expect_code(0);
        let shown = [finished.stdout_text(), finished.stderr()].concat();
        for secret in ["password", "dXNlcjpw", "own@"] {
            assert!(!shown.contains(secret), "{args:?}: {shown}");
        }
    }
    assert_eq!(sent(&server), vec![Some(BASIC.to_owned()); 4]);
}

#[test]
fn a_password_that_cannot_be_sent_or_asked_for_is_a_usage_error() {
    for (user, says) in [("user", "no terminal"), ("user:pass\nword", "-u: no control")] {
        let finished = run(&["get", "-u", user, "http://127.0.0.1:9/"]);
        finished.expect_code(2).expect_error_line(&[says]);
        assert!(!finished.stderr().contains("pass\\nword"), "{}", finished.story());
    }
}

#[cfg(unix)]
#[cfg(not(any(target_os = "netbsd", target_os = "openbsd")))]
#[test]
fn a_missing_password_is_asked_for_and_not_shown() {
    let server = Http::saying(ok(b"here\n"));
    let mut terminal = Terminal::start(60, 10, &["get", "-u", "user", &server.url("/")]);
    terminal.shows("Password of user:");
    terminal.press("password\r");
    terminal.shows("here");
    let lines = terminal.expect_code(0);
    assert!(!lines.concat().contains("password"), "{lines:?}");
    assert_eq!(sent(&server), [Some(BASIC.to_owned())]);
}

#[cfg(unix)]
#[cfg(not(any(target_os = "netbsd", target_os = "openbsd")))]
#[test]
fn a_signal_at_the_question_for_a_password_restores_the_terminal() {
    let mut shell = Terminal::shell();
    shell.press("$SOCKIT get -u user http://127.0.0.1:9/\r");
    shell.shows("Password of user:");
    shell.press("\u{3}");
    shell.when("a prompt", |lines| lines.last().is_some_and(|line| line == "$"));
    shell.press("exit 7\r");
    let lines = shell.expect_code(7);
    assert!(lines.iter().any(|line| line.ends_with("exit 7")), "shown again: {lines:?}");
}

#[test]
fn a_netrc_file_has_the_passwords_of_hosts() {
    let server = Http::saying(ok(b""));
    let url = server.url("/");
    let named = url.replace("127.0.0.1", "a.example");
    let dir = TestDir::new();
    let file = netrc(&dir, "machine 127.0.0.1 login user password password\n");
    fs::copy(&file, dir.path(".netrc")).unwrap();
    let resolve = format!("a.example:{}:127.0.0.1", server.port());
    for (variable, args) in [
        (None, &["get", "--netrc-file", &file, &url][..]),
        (None, &["get", "-n", &url]),
        (None, &["get", "--netrc-optional", &url]),
        (Some(&*file), &["get", "--netrc", &url]),
        (None, &["get", "-n", "--resolve", &resolve, &named]),
        (None, &["get", &url]),
    ] {
        run_at_home(dir.root(), variable, args).expect_code(0).expect_quiet();
    }
    let mut expected = vec![Some(BASIC.to_owned()); 4];
    expected.extend([None, None]);
    assert_eq!(sent(&server), expected);
}

#[test]
fn an_unusable_netrc_file_exits_with_26_before_anything_is_sent() {
    let server = Http::saying(ok(b""));
    let url = server.url("/");
    let dir = TestDir::new();
    let file = netrc(&dir, "machine h\nlogin user password my secret\n");
    let finished = run(&["get", "--netrc-file", &file, &url]);
    finished.expect_code(26).expect_error_line(&[&file, "line 2", "needs quotes"]);
    assert!(!finished.stderr().contains("secret"), "{}", finished.story());
    let missing = dir.path("missing").display().to_string();
    run(&["get", "--netrc-file", &missing, &url]).expect_code(26).expect_error_line(&["missing"]);
    run_at_home(dir.root(), None, &["get", "-n", &url]).expect_code(26);
    assert!(server.asked().is_empty());
    run(&["get", "--netrc-optional", "--netrc-file", &missing, &url]).expect_code(0).expect_quiet();
    assert_eq!(sent(&server), [None]);
}

#[cfg(unix)]
#[test]
fn a_netrc_file_that_others_can_read_is_reported() {
    let server = Http::saying(ok(b""));
    let dir = TestDir::new();
    let file = netrc(&dir, "");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let finished = run(&["get", "--netrc-file", &file, &server.url("/")]);
    finished.expect_code(0);
    assert!(finished.stderr().contains("other users can read it"), "{}", finished.story());
}

#[test]
fn a_redirect_to_another_origin_gets_its_own_credentials_only() {
    let last = Http::saying(ok(b""));
    let location = last.url("/").replace("127.0.0.1", "b.example");
    let head = format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
    let first = Http::saying(head);
    let url = first.url("/");
    let resolve = format!("b.example:{}:127.0.0.1", last.port());
    let dir = TestDir::new();
    let file = netrc(
        &dir,
        "machine 127.0.0.1 login a password p\nmachine b.example login user password password\n",
    );
    let finished = run(&["get", "-v", "--resolve", &resolve, "--netrc-file", &file, &url]);
    finished.expect_code(0);
    assert!(
        finished.stderr().contains("not sent to another origin: authorization"),
        "{}",
        finished.story()
    );
    run(&["get", "--resolve", &resolve, "-u", "user:password", &url]).expect_code(0);
    assert_eq!(sent(&first), [Some("Basic YTpw".to_owned()), Some(BASIC.to_owned())]);
    assert_eq!(sent(&last), [Some(BASIC.to_owned()), None]);
}
