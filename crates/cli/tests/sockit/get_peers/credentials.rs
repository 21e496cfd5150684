//! Basic authentication of nginx, over TLS.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::nginx::Nginx;
use crate::common::http::{Http, ok};
use crate::common::process::{Finished, run};

/// The user and the password of nginx's file.
const PASSWORDS: &str = "alice:{PLAIN}open sesame\nbob:{PLAIN}p\u{e4}ss word\n";

/// nginx that asks for a user and a password under `/closed`, and leads elsewhere under `/to`.
fn start() -> Nginx {
    Nginx::start(
        "location /closed { auth_basic closed; auth_basic_user_file www/../passwords; \
           add_header X-User $remote_user; } \
         location = /to { return 302 /closed/file; } \
         location = /away { return 302 https://www.example.com:$server_port/closed/file; }",
        |dir| {
            fs::create_dir(dir.path("www/closed")).expect("write a file of nginx");
            fs::write(dir.path("www/closed/file"), "opened\n").expect("write a file of nginx");
            fs::write(dir.path("passwords"), PASSWORDS).expect("write a file of nginx");
        },
    )
}

fn get(nginx: &Nginx, args: &[&str]) -> Finished {
    run(&[&["get", "--cacert", &nginx.ca()], args].concat())
}

#[test]
#[ignore = "needs nginx"]
fn nginx_accepts_users_of_arguments_urls_and_netrc_files() {
    let nginx = start();
    let url = nginx.url("/closed/file");
    let netrc = nginx.dir().path("netrc");
    fs::write(
        &netrc,
        "machine localhost login alice password \"open sesame\"\n\
         machine localhost login bob password \"p\u{e4}ss word\"\n",
    )
    .unwrap();
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600)).unwrap();
    let netrc = netrc.display().to_string();
    let as_bob = url.replace("://", "://bob@");
    let own = url.replace("://", "://bob:p%C3%A4ss%20word@");
    let to = nginx.url("/to");
    for (args, user) in [
        (&["-u", "alice:open sesame", &url][..], "alice"),
        (&["-u", "bob:p\u{e4}ss word", &url], "bob"),
        (&["-u", "alice:open sesame", &own], "alice"),
        (&[&own], "bob"),
        (&["--netrc-file", &netrc, &url], "alice"),
        (&["--netrc-file", &netrc, &as_bob], "bob"),
        (&["--netrc-file", &netrc, &to], "alice"),
        (&["-Z", "8", "--netrc-file", &netrc, &to], "alice"),
    ] {
        let finished = get(&nginx, &[&["-w", "%header{x-user}"], args].concat());
        assert_eq!(finished.expect_code(0).stdout_text(), format!("opened\n{user}"), "{args:?}");
    }
    for args in [&[&*url][..], &["-u", "alice:wrong", &url], &["-u", "alice:", &url]] {
        get(&nginx, &[&["--fail"], args].concat()).expect_code(22).expect_error_line(&["401"]);
    }
}

#[test]
#[ignore = "needs nginx"]
fn another_name_of_nginx_does_not_get_the_password() {
    let nginx = start();
    let away = nginx.url("/away");
    let (_, port) = away.trim_end_matches("/away").rsplit_once(':').unwrap();
    let resolve = format!("www.example.com:{port}:127.0.0.1");
    let netrc = nginx.dir().path("netrc");
    let entry = |host| format!("machine {host} login alice password \"open sesame\"\n");
    fs::write(&netrc, entry("www.example.com")).unwrap();
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600)).unwrap();
    let netrc = netrc.display().to_string();
    // The certificate is for localhost only.
    let common = ["get", "--insecure", "--resolve", &resolve, "-sS", "--fail"];
    let refused = run(&[&common[..], &["-u", "alice:open sesame", &away]].concat());
    refused.expect_code(22);
    let opened = run(&[&common[..], &["--netrc-file", &netrc, &away]].concat());
    assert_eq!(opened.expect_code(0).stdout_text(), "opened\n");
}

#[test]
#[ignore = "needs nginx"]
fn a_redirect_that_loses_tls_takes_no_password_from_a_netrc_file() {
    let plain = Http::saying(ok(b"plain\n"));
    let target = plain.url("/");
    let nginx = Nginx::start(&format!("location / {{ return 302 {target}; }}"), |_| {});
    let netrc = nginx.dir().path("netrc");
    fs::write(&netrc, "default login alice password secret\n").unwrap();
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600)).unwrap();
    let netrc = netrc.display().to_string();
    for url in [&nginx.url("/"), &target] {
        get(&nginx, &["--netrc-file", &netrc, url]).expect_code(0);
    }
    let sent: Vec<bool> =
        plain.asked().iter().map(|asked| asked.field("authorization").is_some()).collect();
    assert_eq!(sent, [false, true]);
}
