//! nginx with TLS.

use std::fs;

use super::nginx::Nginx;
use crate::common::listening::bytes;
use crate::common::process::run;

/// Files of these sizes, named by their numbers.
const SIZES: [usize; 8] = [0, 1, 100, 16_383, 16_385, 100_000, 1 << 20, 5 << 20];

#[test]
#[ignore = "needs nginx"]
fn files_of_every_size_come_over_tls() {
    let nginx = Nginx::start("ssl_protocols TLSv1.2 TLSv1.3;", |dir| {
        for (number, size) in SIZES.iter().enumerate() {
            fs::write(dir.path(format!("www/{number}")), bytes(*size)).unwrap();
        }
    });
    for parallel in ["1", "8"] {
        let mut words: Vec<String> =
            ["get", "--cacert", &nginx.ca(), "-Z", parallel].map(String::from).into();
        for number in 0..SIZES.len() {
            let file = nginx.dir().path(format!("{parallel}-{number}"));
            words.extend(["-o".to_owned(), file.display().to_string()]);
            words.push(nginx.url(&format!("/{number}")));
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(&words).expect_code(0).expect_quiet();
        for (number, size) in SIZES.iter().enumerate() {
            let file = fs::read(nginx.dir().path(format!("{parallel}-{number}"))).unwrap();
            assert!(file == bytes(*size), "-Z {parallel}: {size} bytes");
        }
    }
}

#[test]
#[ignore = "needs nginx"]
fn a_connection_is_reused_and_a_missing_file_is_a_status() {
    let nginx = Nginx::start("", |dir| fs::write(dir.path("www/a"), "hello\n").unwrap());
    let format = "%{num_connects} %{http_code}\n";
    let (url, missing) = (nginx.url("/a"), nginx.url("/b"));
    let got = run(&["get", "--cacert", &nginx.ca(), "-w", format, &url, &url]);
    assert_eq!(got.expect_code(0).stdout_text(), "hello\n1 200\nhello\n0 200\n");
    run(&["get", "--cacert", &nginx.ca(), "--fail", &missing]).expect_code(22);
}

#[test]
#[ignore = "needs nginx"]
fn a_server_that_wants_a_certificate_gets_it() {
    let nginx =
        Nginx::start("ssl_verify_client optional_no_ca; return 200 $ssl_client_s_dn;", |_| {});
    let client = crate::common::tls::Certificates::new().client();
    let file = nginx.dir().path("client.pem");
    fs::write(&file, client.certificate + &client.key).unwrap();
    let file = file.display().to_string();
    let got =
        run(&["get", "--cacert", &nginx.ca(), "--cert", &file, "--key", &file, &nginx.url("/")]);
    assert_eq!(got.expect_code(0).stdout_text(), "CN=a test");
    let without = run(&["get", "--cacert", &nginx.ca(), &nginx.url("/")]);
    assert_eq!(without.expect_code(0).stdout_text(), "");
}
