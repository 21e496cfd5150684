use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use netcore::tls::{TlsAcceptor, TlsConnector};
use netcore::{Deadline, Stream};

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::fixture::PATIENCE;
use crate::timeouts::Phase;

/// The end of a connection, seen from the server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// With close_notify.
    Orderly,
    /// The TCP connection alone ends.
    Abrupt,
}

/// A server with a certificate for `localhost`, which answers the requests of one connection.
struct Server {
    port: u16,
    /// The certificate, in PEM.
    pem: String,
    /// Returns the application protocol of the connection.
    player: JoinHandle<Option<Vec<u8>>>,
}

impl Server {
    fn play(answers: Vec<String>, end: End) -> Server {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let pem = certified.cert.pem();
        let key = certified.key_pair.serialize_pem();
        let acceptor = TlsAcceptor::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
        let acceptor = acceptor.with_alpn(&[b"h2", b"http/1.1"]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let player = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let raw = socket.try_clone().unwrap();
            let stream = acceptor.accept(Stream::from(socket)).unwrap();
            let alpn = play(&stream, answers);
            match end {
                End::Orderly => stream.shutdown(Shutdown::Both).unwrap(),
                End::Abrupt => raw.shutdown(Shutdown::Both).unwrap(),
            }
            alpn
        });
        Server { port, pem, player }
    }

    fn url(&self, target: &str) -> String {
        format!("https://localhost:{}{target}", self.port)
    }

    fn client(&self) -> Client {
        let tls = TlsConnector::with_roots_pem(self.pem.as_bytes()).unwrap();
        Client::new().with_tls(tls)
    }

    /// GETs `target` and its body.
    fn get(&self, target: &str) -> Result<String, Error> {
        self.client().get(&self.url(target)).send()?.text(1 << 20)
    }
}

/// Answers requests in turn. Returns the application protocol. A client may refuse the handshake.
fn play(stream: &Stream, answers: Vec<String>) -> Option<Vec<u8>> {
    for answer in answers {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match stream.read_deadline(&mut byte, Deadline::after(PATIENCE)) {
                Ok(1) => head.extend(byte),
                _ => return None,
            }
        }
        stream.write_all_deadline(answer.as_bytes(), Deadline::after(PATIENCE)).unwrap();
    }
    stream.tls()?.alpn().map(<[u8]>::to_vec)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn https_is_encrypted_reused_and_speaks_http_1_1() {
    let server = Server::play(vec![ok("one"), ok("two")], End::Orderly);
    let client = server.client();
    let mut seen = Vec::new();
    let mut observe = |event: Event<'_>| match event {
        Event::Encrypted(info) => seen.push(info.version().unwrap().to_owned()),
        Event::Reused { .. } => seen.push("reused".to_owned()),
        _ => {}
    };
    let first = client.get(&server.url("/a")).send_observed(&mut observe).unwrap();
    let timings = *first.timings();
    assert!(timings.connected <= timings.encrypted && timings.encrypted <= timings.sent);
    assert!(timings.encrypted.is_some());
    assert_eq!(first.text(9).unwrap(), "one");
    let second = client.get(&server.url("/b")).send_observed(&mut observe).unwrap();
    assert!(second.is_reused());
    assert_eq!(second.timings().encrypted, None);
    assert_eq!(second.text(9).unwrap(), "two");
    assert_eq!(seen, ["TLSv1.3", "reused"]);
    assert_eq!(server.player.join().unwrap().as_deref(), Some(&b"http/1.1"[..]));
}

#[test]
fn an_end_without_close_notify_counts_only_where_the_length_is_known() {
    let until_close = "HTTP/1.1 200 OK\r\n\r\nhello".to_owned();
    let long = "x".repeat(70_000);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
    let truncated = |received, expected| Err(ErrorKind::BodyTruncated { received, expected });
    let cases = [
        (until_close.clone(), End::Orderly, Ok("hello".to_owned())),
        (until_close, End::Abrupt, Err(ErrorKind::Transport { phase: Phase::Body, received: 5 })),
        (ok("hello"), End::Abrupt, Ok("hello".to_owned())),
        (ok(&long), End::Abrupt, Ok(long)),
        (format!("{chunked}0\r\n\r\n"), End::Abrupt, Ok("hello".to_owned())),
        (chunked.to_owned(), End::Abrupt, truncated(5, None)),
        (short.to_owned(), End::Abrupt, truncated(5, Some(9))),
        (short.to_owned(), End::Orderly, truncated(5, Some(9))),
        ("HTTP/1.1 2".to_owned(), End::Abrupt, Err(ErrorKind::HeadTruncated)),
        (String::new(), End::Abrupt, Err(ErrorKind::NothingReceived)),
    ];
    for (answer, end, expected) in cases {
        let server = Server::play(vec![answer.clone()], end);
        let got = server.get("/").map_err(|error| error.kind());
        assert_eq!(got, expected, "{answer:.40} {end:?}");
    }
}

/// The kernel's copy is refused for encrypted streams, and the ends are the same.
#[test]
fn a_copy_to_a_file_knows_an_end_without_close_notify() {
    use std::io::{Read, Seek};

    use netcore::testing::TestDir;

    let long = "x".repeat(600_000);
    for end in [End::Orderly, End::Abrupt] {
        let dir = TestDir::new();
        let options = std::fs::File::options().read(true).write(true).create(true).to_owned();
        let mut file = options.open(dir.path("file")).unwrap();
        let server = Server::play(vec![format!("HTTP/1.1 200 OK\r\n\r\n{long}")], end);
        let mut response = server.client().get(&server.url("/")).send().unwrap();
        let copied = response.body().copy_to(&file).map_err(|error| error.kind());
        let received = long.len() as u64;
        assert_eq!(
            copied,
            match end {
                End::Orderly => Ok(received),
                End::Abrupt => Err(ErrorKind::Transport { phase: Phase::Body, received }),
            }
        );
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert!(text == long);
    }
}

#[test]
fn a_certificate_is_verified_for_the_host_of_the_url() {
    let kind = |error: &Error| error.network().unwrap().kind();
    let server = Server::play(vec![ok("")], End::Orderly);
    let error = server.client().get(&server.url("/").replace("localhost", "127.0.0.1")).send();
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert_eq!(kind(&error), netcore::ErrorKind::CertificateUntrusted);
    assert!(error.to_string().contains("localhost"), "{error}");
    assert!(!error.is_retryable());

    let server = Server::play(vec![ok("")], End::Orderly);
    let other = Server::play(Vec::new(), End::Orderly);
    let error = other.client().get(&server.url("/")).send().unwrap_err();
    assert_eq!(
        (error.kind(), kind(&error)),
        (ErrorKind::Tls, netcore::ErrorKind::CertificateUntrusted)
    );
    drop(TcpStream::connect(("127.0.0.1", other.port)));

    let plain = crate::fixture::Server::play([vec![
        crate::fixture::send("HTTP/1.1 400 Bad Request\r\n\r\n"),
        crate::fixture::Step::Close,
    ]]);
    let error = Client::new()
        .with_tls(TlsConnector::dangerous_without_verification().unwrap())
        .get(&plain.url("/").replace("http://", "https://"))
        .send()
        .unwrap_err();
    assert_eq!((error.kind(), kind(&error)), (ErrorKind::Tls, netcore::ErrorKind::HandshakeFailed));
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
    plain.finish();
}

#[test]
fn a_redirect_from_https_to_http_is_refused_unless_allowed() {
    let moved =
        |to: &str| format!("HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {to}\r\n\r\n");
    let plain = crate::fixture::Server::play([vec![
        crate::fixture::get("/in-the-clear"),
        crate::fixture::ok("read by anybody"),
    ]]);
    let target = plain.url("/in-the-clear");
    for follow in [false, true] {
        let server = Server::play(vec![moved(&target)], End::Orderly);
        let client = server.client().with_insecure_redirects(follow);
        let mut warned = false;
        let response = client.get(&server.url("/")).send_observed(&mut |event| {
            if let Event::Redirect { insecure, .. } = event {
                warned = insecure;
            }
        });
        match follow {
            true => assert_eq!(response.unwrap().text(99).unwrap(), "read by anybody"),
            false => {
                let error = response.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InsecureRedirect);
                assert!(!error.is_retryable());
            }
        }
        assert_eq!(warned, follow);
    }
    plain.finish();
}
