//! `sockit get`: `--limit-rate` and `--interface`.

use crate::common::http::{Http, ok};
use crate::common::process::run;

#[test]
fn a_limited_transfer_is_slow_and_complete() {
    let server = Http::saying(ok(&[b'x'; 2000]));
    let url = server.url("/");
    let finished = run(&["get", "--limit-rate", "1G", &url]);
    assert_eq!(finished.expect_code(0).stdout_text().len(), 2000);
    let finished = run(&["get", "--limit-rate", "0", &url]);
    assert_eq!(finished.expect_code(0).stdout_text().len(), 2000);
    // 2000 bytes at 1000 a second do not arrive within 300 ms, on no machine.
    for limit in ["1000", "1k"] {
        let finished = run(&["get", "--limit-rate", limit, "-m", "300ms", &url]);
        finished.expect_code(28).expect_error_line(&["total"]);
        assert!(finished.stdout_text().len() < 1000, "{}", finished.stdout_text().len());
    }
    run(&["get", "--limit-rate", "fast", &url]).expect_code(2);
}

#[test]
fn an_interface_is_an_address_or_a_name() {
    let server = Http::saying(ok(b"x"));
    let url = server.url("/");
    for interface in ["127.0.0.1", "host!127.0.0.1"] {
        let finished = run(&["get", "--interface", interface, "-w", " %{local_ip}", &url]);
        assert_eq!(finished.expect_code(0).stdout_text(), "x 127.0.0.1", "{interface}");
    }
    for interface in ["no-such-if", "if!no-such-if"] {
        let finished = run(&["get", "--interface", interface, &url]);
        finished.expect_code(45).expect_error_line(&["SO_BINDTODEVICE", "--interface"]);
    }
    run(&["get", "--interface", "lo", "--local-address", "127.0.0.1", &url]).expect_code(2);
}

#[cfg(target_os = "linux")]
#[test]
fn the_loopback_interface_reaches_this_machine_only() {
    let server = Http::saying(ok(b"x"));
    let finished = run(&["get", "--interface", "lo", &server.url("/")]);
    // Kernels before 5.7 allow this to root only.
    match finished.stderr().contains("EPERM") {
        true => finished.expect_code(45),
        false => finished.expect_code(0),
    };
}
