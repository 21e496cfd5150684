//! TLS with other programs: openssl(1) and ncat(1), each in both roles, and curl(1) as a client.
//!
//! `.ci/run` installs them and runs these tests, which are ignored otherwise.

use std::process::Command;

use crate::common::client::Client;
use crate::common::listening::{Listening, bytes};
use crate::common::peer::Peer;
use crate::common::process::{Process, run, run_with_input, sockit};
use crate::common::server::Server;
use crate::common::tls::{Certificates, args};

const LOOPBACK: &str = "tls://127.0.0.1:0";

/// Another program with these arguments.
fn program(name: &str, words: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(words);
    command
}

/// Returns letters of which none is a command of openssl(1), as `k` is at the beginning of a read.
fn letters(count: usize) -> Vec<u8> {
    bytes(count).into_iter().map(|byte| b'a' + byte % 10).collect()
}

/// The clients: each connects to a server on 127.0.0.1 whose certificate it verifies.
fn clients(port: &str, ca: &str) -> [Command; 3] {
    let at = format!("127.0.0.1:{port}");
    let openssl = ["s_client", "-quiet", "-no_ign_eof", "-connect", &at, "-CAfile", ca];
    let with =
        |version| program("openssl", &[&openssl[..], &["-verify_return_error", version]].concat());
    // ncat compares names only, never addresses.
    let ncat = ["-4", "--ssl-verify", "--ssl-trustfile", ca, "localhost", port];
    [with("-tls1_2"), with("-tls1_3"), program("ncat", &ncat)]
}

/// Starts a server of another program, and returns its endpoint. `{}` in the arguments is the port.
fn peer(name: &str, words: &[&str]) -> (Peer, String) {
    let peer = Peer::start(name, |port| {
        let words: Vec<String> =
            words.iter().map(|word| word.replace("{}", &port.to_string())).collect();
        program(name, &words.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let endpoint = format!("tls://127.0.0.1:{}", peer.port());
    (peer, endpoint)
}

#[test]
#[ignore = "needs openssl and ncat"]
fn other_programs_join_a_chat() {
    let certificates = Certificates::new();
    let words = ["chat", "serve", "--listen", LOOPBACK];
    let server = Server::start(&args(&words, &certificates.of_server()));
    let endpoint = server.endpoints()[0].clone();
    let (_, port) = endpoint.rsplit_once(':').expect("a port");
    let mut watcher = Client::tls(&endpoint, &certificates.connector());
    watcher.settle();
    for command in clients(port, &certificates.path("ca.pem")) {
        let mut client = Process::spawn(command);
        client.feed(b"hello\n");
        assert_eq!(watcher.hear(), "hello");
        watcher.say("welcome");
        assert_eq!(watcher.hear(), "welcome");
        client.stdout_when("a message", |text| text.contains(": welcome"));
        client.feed(b"quit\n");
        client.stdout_when("the own message", |text| text.contains(": hello"));
    }
    server.stop();
}

#[test]
#[ignore = "needs openssl and ncat"]
fn other_programs_send_a_file_to_listen() {
    let certificates = Certificates::new();
    let own = certificates.of_server();
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    let sent = letters(3_000_000);
    // ncat ends without close_notify, so data may be missing.
    for (index, code) in [0, 0, 56].into_iter().enumerate() {
        let mut listening = Listening::start(LOOPBACK, &own);
        let (_, port) = listening.endpoint.rsplit_once(':').expect("a port");
        let [first, second, third] = clients(port, &certificates.path("ca.pem"));
        let command = [first, second, third].into_iter().nth(index).expect("a client");
        let mut client = Process::spawn(command);
        client.feed(&sent);
        client.close_stdin();
        // These clients stop sending when the server ends, so it ends after them.
        client.wait();
        listening.process.close_stdin();
        let finished = listening.process.finish();
        assert!(finished.expect_code(code).stdout() == sent, "client {index}: other bytes came");
    }
}

#[test]
#[ignore = "needs openssl and ncat"]
fn send_connect_and_probe_speak_with_other_servers() {
    let certificates = Certificates::new();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| certificates.path(name));
    let trusts = certificates.of_client();
    let echo = ["s_server", "-quiet", "-rev", "-accept", "{}", "-cert", &cert, "-key", &key];
    for version in ["-tls1_2", "-tls1_3"] {
        let (_server, endpoint) = peer("openssl", &[&echo[..], &[version]].concat());
        let probe = run(&args(&["probe", &endpoint], &trusts));
        let text = probe.expect_code(0).expect_quiet().stdout_text();
        assert!(text.contains(&version[1..].replace("tls1_", "TLSv1.")), "{}", probe.story());
        assert!(text.contains("certificate trusted"), "{}", probe.story());
        let send = ["send", &endpoint, "olleh\n", "--wait", "1m"];
        let mut process = Process::spawn(sockit(&args(&send, &trusts)));
        process.stdout_when("the answer", |text| text == "hello\n");
        process.signal("TERM");
        process.wait();
        let mut process = Process::spawn(sockit(&args(&["connect", &endpoint], &trusts)));
        process.feed(b"olleh\n");
        process.stdout_when("the answer", |text| text == "hello\n");
    }
}

#[test]
#[ignore = "needs openssl and ncat"]
fn a_file_arrives_whole_at_ncat() {
    let certificates = Certificates::new();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| certificates.path(name));
    let words = ["-l", "-k", "--ssl", "--ssl-cert", &cert, "--ssl-key", &key, "127.0.0.1", "{}"];
    let (server, endpoint) = peer("ncat", &words);
    let sent = letters(300_000);
    let finished = run_with_input(&args(&["send", &endpoint], &certificates.of_client()), &sent);
    finished.expect_code(0).expect_quiet();
    let text = server.process().stdout_when("the whole file", |text| text.len() >= sent.len());
    assert!(text.as_bytes() == sent, "other bytes came");
}

#[cfg(feature = "web")]
#[test]
#[ignore = "needs curl"]
fn curl_gets_the_page_and_the_figures() {
    let certificates = Certificates::new();
    let words =
        ["chat", "serve", "--listen", LOOPBACK, "--web", "127.0.0.1:0", "--metrics", LOOPBACK];
    let command = sockit(&args(&words, &certificates.of_server()));
    let server = Server::from_command(command, 3);
    let [_, page, figures] = server.endpoints() else { panic!("three lines") };
    let curl = |more: &[&str]| {
        let mut command = program("curl", &["-q", "-sS", "--noproxy", "*"]);
        command.args(more);
        Process::spawn(command).finish()
    };
    let trusted = ["--cacert", &*certificates.path("ca.pem")];
    for version in ["1.2", "1.3"] {
        let only = [format!("--tlsv{version}"), "--tls-max".to_owned(), version.to_owned()];
        let only = only.each_ref().map(String::as_str);
        for (url, begin) in [(page, "<!doctype html>"), (figures, "# ")] {
            let done = curl(&[&trusted[..], &only, &[url]].concat());
            let text = done.expect_code(0).expect_quiet().stdout_text();
            assert!(text.starts_with(begin), "{}", done.story());
        }
    }
    let stranger = Certificates::new();
    curl(&["--cacert", &stranger.path("ca.pem"), page]).expect_code(60);
    server.stop();
}
