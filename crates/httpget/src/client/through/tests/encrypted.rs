//! https through proxies, and proxies that speak TLS.

use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use netcore::tls::{TlsAcceptor, TlsConnector};
use netcore::{Deadline, Stream};

use super::*;
use crate::fixture::PATIENCE;

/// A certificate for a name.
struct Identity {
    pem: String,
    acceptor: TlsAcceptor,
}

fn identity(name: &str) -> Identity {
    let certified = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let pem = certified.cert.pem();
    let key = certified.key_pair.serialize_pem();
    let acceptor = TlsAcceptor::from_pem(pem.as_bytes(), key.as_bytes()).unwrap();
    Identity { pem, acceptor }
}

fn deadline() -> Deadline {
    Deadline::after(PATIENCE)
}

/// A head, up to its empty line. Nothing, if the client has gone.
fn head(stream: &Stream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read_deadline(&mut byte, deadline()) {
            Ok(1) => head.extend(byte),
            _ => break,
        }
    }
    String::from_utf8(head).unwrap()
}

fn answer(stream: &Stream, bytes: &[u8]) {
    stream.write_all_deadline(bytes, deadline()).unwrap();
}

/// Accepts one connection and plays it.
fn serve<T: Send + 'static>(
    play: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, thread::spawn(move || play(listener.accept().unwrap().0)))
}

fn trusting(identities: &[&Identity], proxy: &str) -> Client {
    let pem: String = identities.iter().map(|it| it.pem.as_str()).collect();
    let tls = TlsConnector::with_roots_pem(pem.as_bytes()).unwrap();
    Client::new().with_tls(tls).with_proxies(Proxy::parse(proxy).unwrap().into())
}

const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage";

#[test]
fn https_goes_through_a_tunnel_and_is_checked_against_the_server_s_name() {
    let server = identity("h.test");
    let acceptor = server.acceptor.clone();
    let (port, player) = serve(move |socket| {
        let stream = Stream::from(socket);
        let connect = head(&stream);
        answer(&stream, OPEN.as_bytes());
        let stream = acceptor.accept(stream).unwrap();
        let request = head(&stream);
        answer(&stream, PAGE);
        (connect, request)
    });
    let client = trusting(&[&server], &format!("http://a:b@127.0.0.1:{port}"));
    let response = client.get("https://u:v@h.test/x").send().unwrap();
    let timings = *response.timings();
    assert!(timings.tunneled.unwrap() <= timings.encrypted.unwrap());
    assert_eq!(response.text(9).unwrap(), "page");
    let (connect, request) = player.join().unwrap();
    assert!(
        connect.starts_with("CONNECT h.test:443 HTTP/1.1\r\nHost: h.test:443\r\n"),
        "{connect}"
    );
    assert!(connect.contains("Proxy-Authorization: Basic YTpi\r\n"), "{connect}");
    assert!(!connect.contains("dTp2"), "{connect}");
    assert!(request.starts_with("GET /x HTTP/1.1\r\nHost: h.test\r\n"), "{request}");
    assert!(request.contains("\r\nAuthorization: Basic dTp2\r\n"), "{request}");
    assert!(!request.contains("Proxy-"), "{request}");
}

#[test]
fn a_certificate_of_the_wrong_hop_is_refused_and_the_hop_named() {
    let wrong = identity("other.test");
    let acceptor = wrong.acceptor.clone();
    let (port, player) = serve(move |socket| {
        let stream = Stream::from(socket);
        head(&stream);
        answer(&stream, OPEN.as_bytes());
        let _ = acceptor.accept(stream).and_then(|stream| stream.handshake(deadline()));
    });
    let client = trusting(&[&wrong], &format!("http://127.0.0.1:{port}"));
    let (kind, line) = error(&client, "https://h.test/");
    assert_eq!(kind, ErrorKind::Tls);
    let hops = format!("with h.test:443 through proxy 127.0.0.1:{port}: certificate not trusted");
    assert!(line.contains(&hops), "{line}");
    player.join().unwrap();

    let acceptor = wrong.acceptor.clone();
    let (port, player) = serve(move |socket| {
        let _ = acceptor.accept(Stream::from(socket)).and_then(|it| it.handshake(deadline()));
    });
    let client = trusting(&[&wrong], &format!("https://localhost:{port}")).with_address(
        "localhost",
        port,
        ([127, 0, 0, 1], port).into(),
    );
    let (kind, line) = error(&client, "http://h.test/");
    assert_eq!(kind, ErrorKind::Tls);
    let hop = format!("with proxy localhost:{port} ");
    assert!(line.contains(&hop) && line.contains("certificate not trusted"), "{line}");
    player.join().unwrap();
}

#[test]
fn a_proxy_over_tls_takes_urls_in_absolute_form() {
    let proxy = identity("localhost");
    let acceptor = proxy.acceptor.clone();
    let (port, player) = serve(move |socket| {
        let stream = acceptor.accept(Stream::from(socket)).unwrap();
        let request = head(&stream);
        answer(&stream, PAGE);
        request
    });
    let client = trusting(&[&proxy], &format!("https://a:b@localhost:{port}")).with_address(
        "localhost",
        port,
        ([127, 0, 0, 1], port).into(),
    );
    let mut encrypted = 0;
    let response = client.get("http://h.test/x").send_observed(&mut |event| match event {
        Event::ProxyEncrypted(_) => encrypted += 1,
        Event::Encrypted(_) => panic!("the server is not encrypted"),
        _ => {}
    });
    assert_eq!(response.unwrap().text(9).unwrap(), "page");
    assert_eq!(encrypted, 1);
    let request = player.join().unwrap();
    assert!(request.starts_with("GET http://h.test/x HTTP/1.1\r\nHost: h.test\r\n"), "{request}");
    assert!(request.contains("\r\nProxy-Authorization: Basic YTpi\r\n"), "{request}");
}

#[test]
fn https_goes_through_a_tunnel_of_a_proxy_over_tls() {
    let (proxy, server) = (identity("localhost"), identity("h.test"));
    let (outer, inner) = (proxy.acceptor.clone(), server.acceptor.clone());
    let (port, player) = serve(move |socket| {
        let stream = outer.accept(Stream::from(socket)).unwrap();
        let connect = head(&stream);
        answer(&stream, OPEN.as_bytes());
        let stream = inner.accept(stream).unwrap();
        let request = head(&stream);
        let body = vec![b'x'; 100_000];
        answer(&stream, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        answer(&stream, &body);
        let again = head(&stream);
        answer(&stream, PAGE);
        (connect, request, again)
    });
    let client = trusting(&[&proxy, &server], &format!("https://a:b@localhost:{port}"))
        .with_address("localhost", port, ([127, 0, 0, 1], port).into());
    assert_eq!(text(&client, "https://h.test/x").unwrap(), "x".repeat(100_000));
    assert_eq!(text(&client, "https://h.test/y").unwrap(), "page");
    let (connect, request, again) = player.join().unwrap();
    assert!(connect.starts_with("CONNECT h.test:443 HTTP/1.1\r\n"), "{connect}");
    assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
    assert!(again.starts_with("GET /y HTTP/1.1\r\n"), "{again}");
    assert!(!request.contains("Proxy-"), "{request}");
}
