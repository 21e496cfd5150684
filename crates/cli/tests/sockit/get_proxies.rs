//! `sockit get` through proxies: options, environment, exit codes, and secrets on their own hop.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use netcore::testing::TestDir;

use crate::common::http::{Http, Then, closed_port, ok};
use crate::common::process::{Finished, NULL, Process, run, sockit};

/// Runs the program with these environment variables.
fn run_in(variables: &[(&str, &str)], args: &[&str]) -> Finished {
    let mut command = sockit(args);
    command.envs(variables.iter().copied());
    let mut process = Process::spawn(command);
    process.close_stdin();
    process.finish()
}

/// A proxy that answers every request itself: CONNECT with 200, and each GET with its target.
fn echo() -> Http {
    Http::start(|asked, stream| {
        let reply = match asked.head.starts_with("CONNECT ") {
            true => b"HTTP/1.1 200 Connection established\r\nX-Secret-Token: t\r\n\r\n".to_vec(),
            false => ok(asked.target().as_bytes()),
        };
        let _ = stream.write_all(&reply);
        Then::Keep
    })
}

/// A proxy that answers with these bytes.
fn saying(reply: &'static [u8]) -> Http {
    Http::saying(reply)
}

#[test]
fn the_option_and_the_environment_name_proxies() {
    let proxy = echo();
    let url = proxy.url("");
    let (option, other) = (url.as_str(), "127.0.0.1:9");
    for (variables, args, through) in [
        (&[][..], &["-x", option][..], true),
        (&[("http_proxy", option)], &[], true),
        (&[("all_proxy", option)], &[], true),
        (&[("ALL_PROXY", option)], &[], true),
        (&[("http_proxy", other)], &["--proxy", option], true),
        (&[("http_proxy", option), ("no_proxy", "other.test")], &[], true),
        (&[("no_proxy", "localhost")], &["-x", option, "--noproxy", ""], true),
        // Windows has one variable of both names.
        (&[("HTTP_PROXY", option)], &[], cfg!(windows)),
        (&[("https_proxy", option)], &[], false),
        (&[("http_proxy", option)], &["-x", ""], false),
        (&[("http_proxy", option)], &["--noproxy", "localhost"], false),
        (&[("http_proxy", option), ("no_proxy", ".localhost")], &[], false),
        (&[("NO_PROXY", "*")], &["-x", option], false),
        (&[], &["-x", option, "--noproxy", "127.0.0.0/8,x.localhost"], false),
    ] {
        // Directly, the proxy itself is the server and gets no absolute form.
        let target = format!("http://x.localhost:{}/a", proxy.port());
        let got = run_in(variables, &[&["get", &target], args].concat());
        let expected = if through { target.as_str() } else { "/a" };
        assert_eq!(got.expect_code(0).expect_quiet().stdout_text(), expected, "{args:?}");
    }
}

#[test]
fn write_out_and_json_tell_of_the_proxy() {
    let proxy = echo();
    let url = proxy.url("");
    let format = "%{proxy_used} %{http_connect} %{http_code} %{num_connects} %{remote_port}\n";
    let args = |more: &[&'static str]| {
        let base = ["get", "-s", "-o", NULL, "-w", format];
        let words: Vec<String> =
            base.iter().chain(more).map(|word| (*word).to_owned()).collect::<Vec<_>>();
        words
    };
    let written = |more: &[&'static str], target: &str| {
        let mut words = args(more);
        words.push(target.to_owned());
        if !more.contains(&"--noproxy") {
            words.extend(["-x".to_owned(), url.clone()]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(&words).expect_code(0).stdout_text().to_owned()
    };
    let port = proxy.port();
    assert_eq!(written(&[], "http://h.test/"), format!("1 000 200 1 {port}\n"));
    assert_eq!(written(&["-p"], "http://h.test/"), format!("1 200 200 1 {port}\n"));
    assert_eq!(written(&["--noproxy", "*"], &proxy.url("/")), format!("0 000 200 1 {port}\n"));
    let json = run(&["get", "--json", "-p", "-x", &url, "http://h.test/"]);
    let text = json.expect_code(0).stdout_text();
    assert!(text.contains("\"http_connect\":200,"), "{text}");
    assert!(text.contains("\"proxy_used\":1,"), "{text}");
}

#[test]
fn credentials_stay_on_their_hop_and_are_not_shown() {
    let proxy = echo();
    let by_url = format!("http://own:key@127.0.0.1:{}", proxy.port());
    let plain = proxy.url("");
    let target = "http://ann:pass@h.test/a";
    for (args, proxy_value) in [
        (&["-x", &by_url][..], Some("Basic b3duOmtleQ==")),
        (&["-x", &by_url, "-U", "bob:word"], Some("Basic b3duOmtleQ==")),
        (&["-x", &plain, "-U", "bob:w%25rd"], Some("Basic Ym9iOnclcmQ=")),
        (&["-x", &plain, "-H", "Proxy-Authorization: by hand"], Some("by hand")),
        (&["-x", &by_url, "-H", "Proxy-Authorization: by hand"], Some("by hand")),
        (&["-x", &by_url, "-H", "Proxy-Authorization:"], None),
        (&["-x", &plain], None),
    ] {
        let before = proxy.asked().len();
        let cookie = ["-v", "-H", "Cookie: c=1"];
        let got = run(&[&["get", target], args, &cookie[..]].concat());
        assert_eq!(got.expect_code(0).stdout_text(), "http://h.test/a");
        let asked = &proxy.asked()[before];
        assert_eq!(asked.field("proxy-authorization"), proxy_value, "{args:?}");
        assert_eq!(asked.field("authorization"), Some("Basic YW5uOnBhc3M="));

        let tunnelled = run(&[&["get", "-p", target], args, &cookie[..]].concat());
        assert_eq!(tunnelled.expect_code(0).stdout_text(), "/a");
        let asked = proxy.asked();
        let [.., connect, request] = &asked[..] else { panic!("{asked:?}") };
        assert!(connect.head.starts_with("CONNECT h.test:80 HTTP/1.1\r\n"), "{}", connect.head);
        assert_eq!(connect.field("proxy-authorization"), proxy_value, "{args:?}");
        assert_eq!((connect.field("authorization"), connect.field("cookie")), (None, None));
        assert_eq!(request.field("proxy-authorization"), None);
        assert_eq!(request.field("authorization"), Some("Basic YW5uOnBhc3M="));
        assert_eq!(request.field("cookie"), Some("c=1"));
        for finished in [&got, &tunnelled] {
            for secret in ["key", "w%rd", "w%25rd", "b3duOmtleQ", "Ym9iOnclcmQ", "by hand", "pass"]
            {
                assert!(!finished.stderr().contains(secret), "{}", finished.story());
            }
        }
    }
}

#[test]
fn verbose_shows_the_tunnel_and_include_does_not() {
    let proxy = echo();
    let got = run(&["get", "-v", "-i", "-p", "-x", &proxy.url(""), "-U", "a:b", "http://h.test/a"]);
    let body = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/a";
    assert_eq!(got.expect_code(0).stdout_text(), body);
    let shown = got.stderr();
    let mut rest = shown;
    for line in [
        format!("* through proxy 127.0.0.1:{}\n", proxy.port()),
        "> CONNECT h.test:80 HTTP/1.1\n".to_owned(),
        "> Host: h.test:80\n".to_owned(),
        "> Proxy-Authorization: [hidden]\n".to_owned(),
        "> User-Agent: sockit/".to_owned(),
        "< HTTP/1.1 200 Connection established\n".to_owned(),
        "< X-Secret-Token: [hidden]\n".to_owned(),
        "* the tunnel to h.test:80 is open\n".to_owned(),
        "> GET /a HTTP/1.1\n".to_owned(),
        "< HTTP/1.1 200 OK\n".to_owned(),
    ] {
        let at = rest.find(&line).unwrap_or_else(|| panic!("{line:?}: {}", got.story()));
        rest = &rest[at + line.len()..];
    }
}

#[test]
fn each_failure_of_a_proxy_has_curl_s_exit_code_and_names_the_hop() {
    let forbidden = saying(b"HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nbody");
    let garbage = saying(b"SSH-2.0-OpenSSH\r\n");
    let closed = saying(b"");
    let nobody = format!("127.0.0.1:{}", closed_port());
    let hop = |server: &Http| format!("proxy 127.0.0.1:{}", server.port());
    let cases: [(&[&str], i32, String); 8] = [
        (&["-x", "foo://h"], 5, "--proxy: \"foo://h\" is not a proxy".to_owned()),
        (&["-x", "http://u:secret@h:0"], 5, "--proxy: \"…@h:0\" is not a proxy".to_owned()),
        (&["-x", "127.0.0.1:9", "-6"], 5, "resolve proxy 127.0.0.1:9".to_owned()),
        (&["-x", &nobody], 7, format!("connect to proxy {nobody}: connection refused")),
        (
            &["-p", "-x", &forbidden.url("")],
            56,
            format!("{} refused the tunnel to h.test:80: 407", hop(&forbidden)),
        ),
        (
            &["-p", "-x", &garbage.url("")],
            56,
            format!("{}: no tunnel to h.test:80: malformed head at byte 0", hop(&garbage)),
        ),
        (
            &["-p", "-x", &closed.url("")],
            56,
            format!("{}: no tunnel to h.test:80: closed without a response", hop(&closed)),
        ),
        (&["-x", "127.0.0.1:9", "-U", "a:b\nc"], 2, "--proxy-user: ".to_owned()),
    ];
    for (args, code, says) in cases {
        let got = run(&[&["get", "http://h.test/"], args].concat());
        got.expect_code(code).expect_error_line(&[&says]);
        assert!(!got.stderr().contains("secret"), "{}", got.story());
    }
    // In absolute form, 407 is a response like others.
    let url = forbidden.url("");
    let got = run(&["get", "-x", &url, "-w", " %{http_code}", "http://h.test/"]);
    assert_eq!(got.expect_code(0).stdout_text(), "body 407");
    run(&["get", "--fail", "-x", &url, "http://h.test/"]).expect_code(22);
    run_in(&[("http_proxy", "://")], &["get", "http://h.test/"])
        .expect_code(5)
        .expect_error_line(&["http_proxy=\"://\" is not a proxy"]);
}

/// A SOCKS proxy that reads a little and answers with these bytes.
fn socks(reply: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let _ = stream.read(&mut [0; 3]);
        let _ = stream.write_all(reply);
        // The client closes first.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    port
}

#[test]
fn a_socks_failure_exits_with_97() {
    for (scheme, reply, says) in [
        ("socks5h", &b"\x05\xff"[..], "authentication required"),
        ("socks5h", b"\x05\x00\x05\x05", "connection refused"),
        ("socks5h", b"HTTP/1.1 400 Bad\r\n\r\n", "malformed reply at byte 0"),
        ("socks4a", b"\x00\x5b......", "request rejected or failed"),
    ] {
        let proxy = format!("{scheme}://127.0.0.1:{}", socks(reply));
        let got = run(&["get", "-x", &proxy, "http://h.test/"]);
        let name = format!("{} proxy 127.0.0.1:", scheme[..6].to_ascii_uppercase());
        got.expect_code(97).expect_error_line(&[&name, "no tunnel to h.test:80: ", says]);
    }
    let got = run(&["get", "-x", "socks4://127.0.0.1:9", "http://[::1]/"]);
    got.expect_code(97).expect_error_line(&["SOCKS4 has no IPv6 addresses"]);
}

#[test]
fn a_tunnel_that_is_refused_for_now_is_retried() {
    let proxy = Http::start(|asked, stream| {
        let reply: &[u8] = match asked.number {
            0 => b"HTTP/1.1 503 Busy\r\n\r\n",
            1 => b"HTTP/1.1 200 OK\r\n\r\n",
            _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        };
        let _ = stream.write_all(reply);
        if asked.number == 0 { Then::Close } else { Then::Keep }
    });
    let words = ["get", "-p", "-x", &proxy.url(""), "--retry", "1", "--retry-delay", "10ms"];
    let got = run(&[&words[..], &["-w", " %{num_retries}", "http://h.test/"]].concat());
    assert_eq!(got.expect_code(0).stdout_text(), "ok 1");
    let refused = saying(b"HTTP/1.1 407 No\r\n\r\n");
    let words = ["get", "-p", "-x", &refused.url(""), "--retry", "3", "--retry-delay", "10ms"];
    run(&[&words[..], &["http://h.test/"]].concat()).expect_code(56);
    assert_eq!(refused.asked().len(), 1);
}

#[test]
fn files_come_through_a_proxy_at_once() {
    let proxy = echo();
    let dir = TestDir::new();
    for tunnel in [false, true] {
        let mut words = vec!["get".to_owned(), "-Z".into(), "8".into(), "-x".into(), proxy.url("")];
        if tunnel {
            words.push("-p".to_owned());
        }
        for number in 0..20 {
            let file = dir.path(format!("{tunnel}-{number}")).display().to_string();
            words.extend(["-o".to_owned(), file, format!("http://h{number}.test/{number}")]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        run(&words).expect_code(0).expect_quiet();
        for number in 0..20 {
            let expected = match tunnel {
                true => format!("/{number}"),
                false => format!("http://h{number}.test/{number}"),
            };
            let file = dir.path(format!("{tunnel}-{number}"));
            assert_eq!(fs::read_to_string(file).unwrap(), expected);
        }
    }
}

/// A proxy that opens tunnels to 127.0.0.1, whatever host is requested.
#[cfg(feature = "tls")]
fn relaying() -> Http {
    Http::start(|asked, stream| {
        let port = asked.target().rsplit(':').next().and_then(|port| port.parse().ok());
        let server = TcpStream::connect(("127.0.0.1", port.unwrap_or(0))).expect("a server");
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let copy = |mut from: TcpStream, mut to: TcpStream| {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        };
        let (from, to) =
            (server.try_clone().expect("a clone"), stream.try_clone().expect("a clone"));
        let down = thread::spawn(move || copy(from, to));
        copy(stream.try_clone().expect("a clone"), server);
        let _ = down.join();
        Then::Close
    })
}

#[cfg(feature = "tls")]
#[test]
fn https_goes_through_every_kind_of_http_proxy() {
    use crate::common::tls::Certificates;

    let certificates = Certificates::new();
    let server = Http::start(|asked, stream| {
        let _ = stream.write_all(&ok(asked.head.as_bytes()));
        Then::Keep
    });
    let proxy = relaying();
    let ca = certificates.path("ca.pem");
    let target = format!("https://localhost:{}/a", certificates.front(server.port()));
    let front = format!("https://localhost:{}", certificates.front(proxy.port()));
    for url in [proxy.url(""), front] {
        let words = ["get", "--cacert", &ca, "-x", &url, "-U", "a:b"];
        let format = "%{http_connect} %{num_connects}\n";
        let got = run(&[&words[..], &["-w", format, &target, &target]].concat());
        let text = got.expect_code(0).expect_quiet().stdout_text();
        assert!(text.starts_with("GET /a HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("\r\n\r\n200 1\n"), "{text}");
        assert!(text.ends_with("\r\n\r\n000 0\n"), "{text}");
        assert!(!text.contains("Proxy-"), "{text}");
        let connect = proxy.asked().pop().unwrap();
        assert_eq!(connect.field("proxy-authorization"), Some("Basic YTpi"));
    }
    // The certificate is checked at each hop: for localhost here, and not for 127.0.0.1.
    let other = Certificates::new();
    other.renew(&["elsewhere.test"]);
    let hops = [
        ("https://localhost:", other.front(proxy.port()), "with proxy localhost:"),
        ("http://localhost:", proxy.port(), "with localhost:"),
    ];
    for (scheme, port, hop) in hops {
        let url = format!("{scheme}{port}");
        let target = format!("https://localhost:{}/a", other.front(server.port()));
        let ca = other.path("ca.pem");
        let got = run(&["get", "--cacert", &ca, "-x", &url, &target]);
        got.expect_code(60).expect_error_line(&[hop, "certificate not trusted"]);
    }
}
