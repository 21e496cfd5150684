//! tinyproxy, squid, microsocks and dante.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use netcore::testing::TestDir;

use super::nginx::Nginx;
use crate::common::http::{Http, Then, closed_port, ok};
use crate::common::listening::bytes;
use crate::common::peer::Peer;
use crate::common::process::{Finished, run};
use crate::common::tls::Certificates;

/// Files of these sizes, named by their numbers.
const SIZES: [usize; 6] = [0, 1, 16_385, 100_000, 300_000, 3 << 20];

/// A proxy, the folder of its files, and its URL for `-x`.
struct Proxy {
    peer: Peer,
    _dir: TestDir,
    scheme: &'static str,
}

impl Proxy {
    fn url(&self) -> String {
        self.with_user("")
    }

    /// Returns the URL with `USER:PASSWORD@` before the host.
    fn with_user(&self, user: &str) -> String {
        format!("{}://{user}localhost:{}", self.scheme, self.peer.port())
    }

    /// Returns the name by which errors call the proxy.
    fn name(&self) -> String {
        let kind = if self.scheme.starts_with("socks") { &self.scheme[..6] } else { "" };
        let kind = kind.to_ascii_uppercase();
        format!("{kind} proxy localhost:{}", self.peer.port()).trim_start().to_owned()
    }
}

/// Starts a program whose configuration is a file, written by `configuration` for a port.
fn configured(
    scheme: &'static str,
    program: &[&str],
    configuration: impl Fn(u16) -> String,
) -> Proxy {
    let dir = TestDir::new();
    let file = dir.path("configuration");
    let peer = Peer::start(program[0], |port| {
        fs::write(&file, configuration(port)).expect("write the configuration");
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(&file);
        command
    });
    Proxy { peer, _dir: dir, scheme }
}

fn tinyproxy(more: &str) -> Proxy {
    configured("http", &["tinyproxy", "-d", "-c"], |port| {
        format!("Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\n{more}\n")
    })
}

/// `listen` is the directive of squid's port, with PORT for its number.
fn squid(scheme: &'static str, listen: &str) -> Proxy {
    configured(scheme, &["/usr/sbin/squid", "-N", "-f"], |port| {
        let listen = listen.replace("PORT", &port.to_string());
        format!(
            "{listen}\npid_filename none\ncache deny all\naccess_log none\ncache_log /dev/null\n\
             netdb_filename none\nvisible_hostname localhost\nshutdown_lifetime 0 seconds\n\
             http_access allow all\n"
        )
    })
}

fn microsocks(scheme: &'static str, more: &[&str]) -> Proxy {
    let peer = Peer::start("microsocks", |port| {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]).args(more);
        command
    });
    Proxy { peer, _dir: TestDir::new(), scheme }
}

fn dante(scheme: &'static str, rule: &str) -> Proxy {
    configured(scheme, &["/usr/sbin/danted", "-N", "1", "-f"], |port| {
        format!(
            "logoutput: /dev/null\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\n\
             clientmethod: none\nsocksmethod: none\nuser.privileged: root\n\
             user.unprivileged: nobody\n\
             client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}\n\
             socks {rule} {{ from: 0.0.0.0/0 to: 0.0.0.0/0 protocol: tcp }}\n"
        )
    })
}

fn server_in_the_clear() -> Http {
    Http::start(|asked, stream| {
        let name = asked.target().trim_start_matches('/');
        let reply = match name.parse::<usize>().ok().and_then(|number| SIZES.get(number)) {
            Some(size) => ok(&bytes(*size)),
            None => ok(asked.head.as_bytes()),
        };
        let _ = stream.write_all(&reply);
        // tinyproxy forwards the bytes of a connection to its first server until that closes.
        let closes = asked.field("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        if closes { Then::Close } else { Then::Keep }
    })
}

/// A server on [::1] that answers one request.
fn server_v6() -> u16 {
    let listener = TcpListener::bind("[::1]:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().expect("a client");
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(&ok(b"six"));
    });
    port
}

/// Files of every size come through the proxy, over http and https, one by one and at once.
fn files_come(proxy: &Proxy, more: &[&str]) {
    let nginx = Nginx::start("", |dir| {
        for (number, size) in SIZES.iter().enumerate() {
            fs::write(dir.path(format!("www/{number}")), bytes(*size)).expect("write a file");
        }
    });
    let plain = server_in_the_clear();
    // An address, since not every proxy tries all addresses of localhost.
    let encrypted = nginx.url("").replace("localhost", "127.0.0.1");
    let dir = TestDir::new();
    for base in [plain.url(""), encrypted] {
        for parallel in ["1", "8"] {
            let mut words: Vec<String> =
                ["get", "--cacert", &nginx.ca(), "-Z", parallel, "-x", &proxy.url()]
                    .map(String::from)
                    .into();
            words.extend(more.iter().map(|word| (*word).to_owned()));
            for number in 0..SIZES.len() {
                let file = dir.path(number.to_string()).display().to_string();
                words.extend(["-o".to_owned(), file, format!("{base}/{number}")]);
            }
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            run(&words).expect_code(0).expect_quiet();
            for (number, size) in SIZES.iter().enumerate() {
                let file = dir.path(number.to_string());
                let same = fs::read(&file).expect("a file") == bytes(*size);
                assert!(same, "{base}, -Z {parallel} {more:?}: {size} bytes");
                fs::remove_file(file).expect("a file");
            }
        }
    }
}

fn get(words: &[&str]) -> Finished {
    run(&[&["get"], words].concat())
}

#[test]
#[ignore = "needs tinyproxy and nginx"]
fn files_come_through_tinyproxy() {
    let proxy = tinyproxy("");
    files_come(&proxy, &[]);
    files_come(&proxy, &["-p"]);
    let port = server_v6();
    let six = get(&["-p", "-x", &proxy.url(), &format!("http://[::1]:{port}/")]);
    assert_eq!(six.expect_code(0).stdout_text(), "six");
}

#[test]
#[ignore = "needs tinyproxy"]
fn tinyproxy_gets_its_credentials_and_the_server_does_not() {
    let proxy = tinyproxy("BasicAuth ann pa55");
    let server = server_in_the_clear();
    let (url, https) = (server.url("/head"), format!("https://127.0.0.1:{}/", server.port()));
    let (with, without) = (proxy.with_user("ann:pa55@"), proxy.url());
    for args in [&["-x", &with][..], &["-x", &without, "-U", "ann:pa55"]] {
        for tunnel in [&[][..], &["-p"]] {
            let got = get(&[args, tunnel, &[&url]].concat());
            let head = got.expect_code(0).stdout_text().to_ascii_lowercase();
            assert!(head.starts_with("get /head http/1."), "{head}");
            assert!(!head.contains("proxy-authorization"), "{head}");
        }
    }
    // In absolute form 407 is a response; for CONNECT it is a failure of the proxy.
    let format = "%{http_connect} %{http_code}";
    let got = get(&["-s", "-o", "/dev/null", "-w", format, "-x", &without, &url]);
    assert_eq!(got.expect_code(0).stdout_text(), "000 407");
    for tunnel in [&["-p", &url][..], &[&https]] {
        for user in ["", "ann:wrong@"] {
            let refused = get(&[&["-x", &proxy.with_user(user)], tunnel].concat());
            let says = format!("{} refused the tunnel to 127.0.0.1:", proxy.name());
            let status = if user.is_empty() { ": 407 " } else { ": 40" };
            refused.expect_code(56).expect_error_line(&[&says, status]);
            assert!(!refused.stderr().contains("wrong"), "{}", refused.story());
        }
    }
}

#[test]
#[ignore = "needs squid and nginx"]
fn files_come_through_squid() {
    let proxy = squid("http", "http_port 127.0.0.1:PORT");
    files_come(&proxy, &[]);
    files_come(&proxy, &["-p"]);
    // One connection to the proxy serves two servers.
    let (a, b) = (server_in_the_clear(), server_in_the_clear());
    let format = "%{num_connects}\n";
    let words = ["-s", "-w", format, "-x", &proxy.url(), &a.url("/1"), &b.url("/1")];
    let got = get(&words);
    let lines = got.expect_code(0).stdout().split(|byte| *byte == b'\n').filter(|l| l.len() == 2);
    assert_eq!(lines.map(|line| line[1]).collect::<Vec<_>>(), b"10", "{}", got.story());
    let port = server_v6();
    let six = get(&["-x", &proxy.url(), &format!("http://[::1]:{port}/")]);
    assert_eq!(six.expect_code(0).stdout_text(), "six");
    // A server that refuses: a page of the proxy in absolute form, a status of CONNECT.
    let nobody = closed_port();
    let url = format!("http://127.0.0.1:{nobody}/");
    get(&["--fail", "-x", &proxy.url(), &url]).expect_code(22);
    let refused = get(&["-p", "-x", &proxy.url(), &url]);
    let says = format!("{} refused the tunnel to 127.0.0.1:{nobody}: 503", proxy.name());
    refused.expect_code(56).expect_error_line(&[&says]);
}

#[test]
#[ignore = "needs squid and nginx"]
fn squid_speaks_tls_to_its_clients() {
    let certificates = Certificates::new();
    let (cert, key) = (certificates.path("cert.pem"), certificates.path("key.pem"));
    let listen = format!("https_port 127.0.0.1:PORT tls-cert={cert} tls-key={key}");
    let proxy = squid("https", &listen);
    let (server, ca) = (server_in_the_clear(), certificates.path("ca.pem"));
    let encrypted = format!("https://127.0.0.1:{}/2", certificates.front(server.port()));
    for url in [server.url("/2"), encrypted] {
        for parallel in ["1", "8"] {
            let words = ["--cacert", &ca, "-Z", parallel, "-x", &proxy.url(), &url, &url, &url];
            let got = get(&words);
            assert!(got.expect_code(0).stdout() == bytes(SIZES[2]).repeat(3), "{url}");
        }
    }
}

#[test]
#[ignore = "needs tinyproxy and nginx"]
fn files_come_through_a_proxy_over_tls() {
    // The certificate is for localhost, and a relay decrypts in front of tinyproxy.
    let inner = tinyproxy("");
    let certificates = Certificates::new();
    let port = certificates.front(inner.peer.port());
    let server = server_in_the_clear();
    let nginx = Nginx::start("", |dir| fs::write(dir.path("www/2"), bytes(SIZES[2])).unwrap());
    // Both authorities are trusted, each for its own hop.
    let dir = TestDir::new();
    let authorities = [nginx.ca(), certificates.path("ca.pem")];
    let pem: String = authorities.iter().map(|it| fs::read_to_string(it).unwrap()).collect();
    fs::write(dir.path("both.pem"), pem).unwrap();
    let both = dir.path("both.pem").display().to_string();
    let proxy = format!("https://localhost:{port}");
    for url in [server.url("/2"), nginx.url("/2").replace("localhost", "127.0.0.1")] {
        for parallel in ["1", "8"] {
            let words = ["--cacert", &both, "-Z", parallel, "-x", &proxy, &url, &url, &url];
            let got = get(&words);
            assert!(got.expect_code(0).stdout() == bytes(SIZES[2]).repeat(3), "{url}");
        }
    }
    let untrusted = get(&["--cacert", &nginx.ca(), "-x", &proxy, &server.url("/2")]);
    let hop = format!("proxy localhost:{port}");
    untrusted.expect_code(60).expect_error_line(&[&hop, "certificate not trusted"]);
}

#[test]
#[ignore = "needs microsocks and nginx"]
fn files_come_through_microsocks() {
    for scheme in ["socks5h", "socks5"] {
        files_come(&microsocks(scheme, &[]), &[]);
    }
    // The name is resolved here, and the server listens on the second address only.
    let (proxy, server) = (microsocks("socks5", &[]), server_in_the_clear());
    let url = server.url("/1").replace("127.0.0.1", "localhost");
    assert!(get(&["-x", &proxy.url(), &url]).expect_code(0).stdout() == bytes(1));
    let port = server_v6();
    let six = get(&["-x", &proxy.url(), &format!("http://[::1]:{port}/")]);
    assert_eq!(six.expect_code(0).stdout_text(), "six");
    let nobody = closed_port();
    let refused = get(&["-x", &proxy.url(), &format!("http://127.0.0.1:{nobody}/")]);
    let says = format!("{}: no tunnel to 127.0.0.1:{nobody}: ", proxy.name());
    refused.expect_code(97).expect_error_line(&[&says, "connection refused"]);
}

#[test]
#[ignore = "needs microsocks"]
fn microsocks_checks_user_and_password() {
    let proxy = microsocks("socks5h", &["-u", "ann", "-P", "pa55"]);
    let server = server_in_the_clear();
    let url = server.url("/1");
    let right = get(&["-x", &proxy.with_user("ann:pa55@"), &url]);
    assert!(right.expect_code(0).stdout() == bytes(1));
    for (user, reason) in
        [("", "authentication required"), ("ann:wrong@", "user or password not accepted")]
    {
        let refused = get(&["-x", &proxy.with_user(user), &url]);
        refused.expect_code(97).expect_error_line(&[&proxy.name(), reason]);
    }
}

#[test]
#[ignore = "needs dante and nginx"]
fn files_come_through_dante_by_every_version_of_socks() {
    for scheme in ["socks4", "socks4a", "socks5", "socks5h"] {
        files_come(&dante(scheme, "pass"), &[]);
    }
    let blocked = server_in_the_clear();
    for (scheme, reason) in [
        ("socks4", "request rejected or failed"),
        ("socks5", "not allowed by the rules of the proxy"),
    ] {
        let proxy = dante(scheme, "block");
        let refused = get(&["-x", &proxy.url(), &blocked.url("/1")]);
        refused.expect_code(97).expect_error_line(&[&proxy.name(), reason]);
    }
    let proxy = dante("socks4", "pass");
    let six = get(&["-x", &proxy.url(), "http://[::1]:9/"]);
    six.expect_code(97).expect_error_line(&["SOCKS4 has no IPv6 addresses"]);
}
