//! Cookies of nginx, and cookie files beside curl.

use std::fs;
use std::process::Command;

use super::nginx::Nginx;
use crate::common::process::{Finished, Process, run};

/// nginx that sets cookies, and tells which it gets.
fn start() -> Nginx {
    Nginx::start(
        "location = /set { add_header Set-Cookie \"host=1; Path=/\"; \
           add_header Set-Cookie \"age=2; Path=/; Max-Age=3600; HttpOnly\"; \
           add_header Set-Cookie \"secure=3; Path=/; Secure; Max-Age=3600\"; \
           add_header Set-Cookie \"domain=4; Path=/; Domain=example.com; Max-Age=3600\"; \
           add_header Set-Cookie \"com=5; Domain=com\"; \
           add_header Set-Cookie \"deep=6; Path=/a/b; Max-Age=3600\"; return 200; } \
         location = /away { return 302 https://b.example.com:$server_port/cookies; } \
         location = /login { add_header Set-Cookie \"session=7; Path=/; Secure\" always; \
           return 302 /cookies; } \
         location / { return 200 \"$http_cookie\\n\"; }",
        |_| {},
    )
}

/// The options by which both programs find the names of this test at nginx.
fn common(nginx: &Nginx) -> [String; 5] {
    let url = nginx.url("");
    let port = url.rsplit_once(':').expect("a port").1.to_owned();
    [
        "--insecure".to_owned(),
        "--resolve".to_owned(),
        format!("a.example.com:{port}:127.0.0.1"),
        "--resolve".to_owned(),
        format!("b.example.com:{port}:127.0.0.1"),
    ]
}

fn get(nginx: &Nginx, args: &[&str]) -> Finished {
    let common = common(nginx);
    let common = common.iter().map(String::as_str);
    let words: Vec<&str> =
        ["get", "-q"].into_iter().chain(common).chain(args.iter().copied()).collect();
    run(&words)
}

fn curl(nginx: &Nginx, args: &[&str]) -> Finished {
    let mut command = Command::new("curl");
    command.args(["-q", "-sSL"]).args(common(nginx)).args(args);
    let mut process = Process::spawn(command);
    process.close_stdin();
    process.finish()
}

/// The lines of cookies in a file, sorted.
fn cookies(file: &str) -> Vec<String> {
    let content = fs::read_to_string(file).expect("a cookie file");
    let is_cookie = |line: &&str| line.split('\t').count() == 7;
    let mut lines: Vec<String> = content.lines().filter(is_cookie).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The cookies of a `Cookie` field, sorted.
fn sorted(field: &str) -> Vec<&str> {
    let mut cookies: Vec<&str> = field.trim().split("; ").collect();
    cookies.sort_unstable();
    cookies
}

#[test]
#[ignore = "needs nginx and curl"]
fn cookie_files_go_between_curl_and_this_program_both_ways() {
    let nginx = start();
    let url = |path: &str| nginx.url(path).replace("localhost", "a.example.com");
    let file = |name: &str| nginx.dir().path(name).display().to_string();
    let (ours, theirs, again) = (file("ours"), file("theirs"), file("again"));
    get(&nginx, &["-c", &ours, &url("/set")]).expect_code(0);
    curl(&nginx, &["-c", &theirs, &url("/set")]).expect_code(0);
    // Both clocks may have passed a second in between, so the expiry is left out.
    let timeless = |file: &str| -> Vec<String> {
        let lines = cookies(file);
        let fields = lines.iter().map(|line| line.split('\t').collect::<Vec<_>>());
        fields.map(|fields| [&fields[..4], &fields[5..]].concat().join(" ")).collect()
    };
    let expected = [
        "#HttpOnly_a.example.com FALSE / FALSE age 2",
        ".example.com TRUE / FALSE domain 4",
        "a.example.com FALSE / FALSE host 1",
        "a.example.com FALSE / TRUE secure 3",
        "a.example.com FALSE /a/b FALSE deep 6",
    ];
    assert_eq!(timeless(&ours), expected);
    assert_eq!(timeless(&theirs), expected);
    // A file of the other program is read and written without a change.
    get(&nginx, &["-b", &theirs, "-c", &again, &url("/")]).expect_code(0);
    assert_eq!(cookies(&again), cookies(&theirs));
    curl(&nginx, &["-b", &ours, "-c", &again, &url("/")]).expect_code(0);
    assert_eq!(cookies(&again), cookies(&ours));
    for path in ["/a/b/c", "/", "/away"] {
        for jar in [&ours, &theirs] {
            let mine = get(&nginx, &["-b", jar, &url(path)]);
            let other = curl(&nginx, &["-b", jar, &url(path)]);
            assert_eq!(
                sorted(mine.expect_code(0).stdout_text()),
                sorted(other.expect_code(0).stdout_text()),
                "{path}"
            );
        }
    }
    let away = get(&nginx, &["-b", &ours, &url("/away")]);
    assert_eq!(away.expect_code(0).stdout_text(), "domain=4\n");
}

#[test]
#[ignore = "needs nginx"]
fn a_session_that_a_redirect_sets_is_sent_to_its_target() {
    let nginx = start();
    let login = nginx.url("/login");
    for parallel in ["1", "8"] {
        let args = ["get", "--cacert", &nginx.ca(), "-Z", parallel, "-b", "", &login];
        assert_eq!(run(&args).expect_code(0).stdout_text(), "session=7\n");
    }
    let without = run(&["get", "--cacert", &nginx.ca(), &login]);
    assert_eq!(without.expect_code(0).stdout_text(), "\n");
}
