//! TLS with the programs of others, in both roles: `openssl s_client` and `s_server`, and Python's
//! ssl. Each test needs such a program, so `.ci/run` runs them.
#![cfg(all(unix, feature = "tls"))]
#![allow(clippy::unwrap_used, reason = "a test may stop at whatever goes wrong")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use netcore::connect::Connector;
use netcore::relay::{End, relay};
use netcore::tls::{TlsAcceptor, TlsConnector};
use netcore::{Deadline, Endpoint, ErrorKind, Listener, Stream};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};

/// A deadline that passes only if a test would hang.
fn patience() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// A directory with an authority (`ca.pem`) and a certificate for `localhost` (`cert.pem`,
/// `key.pem`). It is removed with its content.
struct Files(PathBuf);

impl Files {
    fn new() -> Files {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("tls-peers-{}-{count}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let files = Files(dir);
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "an authority for tests");
        let authority_key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &authority, &authority_key).unwrap();
        fs::write(files.path("ca.pem"), authority.pem()).unwrap();
        fs::write(files.path("cert.pem"), certificate.pem()).unwrap();
        fs::write(files.path("key.pem"), key.serialize_pem()).unwrap();
        files
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn connector(&self) -> Connector {
        Connector::new().with_tls(TlsConnector::with_roots_file(self.path("ca.pem")).unwrap())
    }

    /// Returns a listener, and its port.
    fn listen(&self) -> (Listener, String) {
        let acceptor = TlsAcceptor::from_files(self.path("cert.pem"), self.path("key.pem"));
        let listener = Listener::bind("127.0.0.1:0").unwrap().with_tls(acceptor.unwrap());
        let port = listener.local_address().unwrap().inet().unwrap().port().to_string();
        (listener, port)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that ends with the test.
struct Peer(Child);

impl Peer {
    fn start(program: &str, arguments: &[&str]) -> Peer {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
        Peer(child)
    }

    fn python(program: &str, arguments: &[&str]) -> Peer {
        Peer::start("python3", &[&["-c", program], arguments].concat())
    }

    fn openssl(arguments: &[&str]) -> Peer {
        Peer::start("openssl", arguments)
    }

    /// Returns the first line of the output that has `mark`, and the rest of the output.
    fn line_with(&mut self, mark: &str) -> (String, impl BufRead + use<>) {
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        loop {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the output has no {mark}");
            if line.contains(mark) {
                return (line.trim().to_owned(), output);
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bytes that differ at any two places, more than sockets hold.
fn content() -> Vec<u8> {
    let words = (0u32..).map(|number| number.wrapping_mul(0x9e37_79b9));
    words.flat_map(u32::to_be_bytes).take(5_000_001).collect()
}

/// Sends a file, ends, and receives the same back.
fn exchange(stream: &Stream, files: &Files) {
    let content = content();
    fs::write(files.path("from"), &content).unwrap();
    let from = fs::File::open(files.path("from")).unwrap();
    let to = fs::File::create(files.path("to")).unwrap();
    let relayed = relay(End::new(&from, &to), End::from(stream), None, patience()).unwrap();
    assert_eq!((relayed.from_left, relayed.from_right), (5_000_001, 5_000_001));
    assert!(fs::read(files.path("to")).unwrap() == content);
}

/// Python's server of one connection, which says its port first.
const SERVER: &str = "
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
if sys.argv[3] == '1.2': context.maximum_version = ssl.TLSVersion.TLSv1_2
listener = socket.create_server(('127.0.0.1', 0))
print('port', listener.getsockname()[1], flush=True)
plain, _ = listener.accept()
secured = context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False)
";

/// Python's client of one connection.
const CLIENT: &str = "
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
if sys.argv[3] == '1.2': context.maximum_version = ssl.TLSVersion.TLSv1_2
plain = socket.create_connection(('127.0.0.1', int(sys.argv[2])))
secured = context.wrap_socket(plain, server_hostname='localhost', suppress_ragged_eofs=False)
";

/// Sends back all that comes, after the end has come, and ends with close_notify. Python's ssl
/// returns an end before it, and `unwrap` answers it.
const ECHO: &str = "
received = b''
while True:
    piece = secured.recv(65536)
    if not piece: break
    received += piece
secured.sendall(received)
secured.unwrap()
";

/// Sends a part, and closes the socket without close_notify.
const TRUNCATE: &str = "
secured.sendall(b'a part')
secured.close()
";

fn connect(files: &Files, port: &str) -> Stream {
    let endpoint: Endpoint = format!("tls://127.0.0.1:{port}").parse().unwrap();
    files.connector().connect(&endpoint, patience()).unwrap()
}

#[test]
#[ignore = "needs the program python3"]
fn python_serves_and_is_served() {
    for version in ["1.2", "1.3"] {
        let files = Files::new();
        let arguments = [&*files.path("cert.pem"), &*files.path("key.pem"), version];
        let mut python = Peer::python(&[SERVER, ECHO].concat(), &arguments);
        let (line, _output) = python.line_with("port ");
        let stream = connect(&files, line.trim_start_matches("port "));
        assert!(stream.tls().unwrap().version().unwrap().ends_with(version));
        exchange(&stream, &files);
        assert!(python.0.wait().unwrap().success());

        let (listener, port) = files.listen();
        let arguments = [&*files.path("ca.pem"), &*port, version];
        let mut python = Peer::python(&[CLIENT, ECHO].concat(), &arguments);
        let (stream, _) = listener.accept(patience()).unwrap();
        exchange(&stream, &files);
        assert!(stream.tls().unwrap().version().unwrap().ends_with(version));
        assert!(python.0.wait().unwrap().success());
    }
}

#[test]
#[ignore = "needs the program python3"]
fn an_end_of_python_without_close_notify_is_an_error() {
    let files = Files::new();
    let arguments = [&*files.path("cert.pem"), &*files.path("key.pem"), "1.3"];
    let mut python = Peer::python(&[SERVER, TRUNCATE].concat(), &arguments);
    let (line, _output) = python.line_with("port ");
    let stream = connect(&files, line.trim_start_matches("port "));
    let to = fs::File::create(files.path("to")).unwrap();
    let error = stream.receive_into(&to, 1000, patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
    assert_eq!(fs::read(files.path("to")).unwrap(), b"a part");
    assert!(python.0.wait().unwrap().success());
}

#[test]
#[ignore = "needs the program python3"]
fn python_notices_an_end_without_close_notify() {
    let files = Files::new();
    let (listener, port) = files.listen();
    let reads = "
try:
    while secured.recv(65536): pass
    print('end', flush=True)
except ssl.SSLEOFError:
    print('ragged', flush=True)
";
    for (is_orderly, expected) in [(true, "end"), (false, "ragged")] {
        let arguments = [&*files.path("ca.pem"), &*port, "1.3"];
        let mut python = Peer::python(&[CLIENT, reads].concat(), &arguments);
        let (stream, _) = listener.accept(patience()).unwrap();
        stream.write_all_deadline(b"a part", patience()).unwrap();
        match is_orderly {
            true => stream.shutdown(Shutdown::Write).unwrap(),
            false => socket2::SockRef::from(&stream).shutdown(Shutdown::Write).unwrap(),
        }
        assert_eq!(python.line_with("").0, expected);
    }
}

#[test]
#[ignore = "needs the program openssl"]
fn s_client_talks_to_a_listener() {
    for version in ["-tls1_2", "-tls1_3"] {
        let files = Files::new();
        let (listener, port) = files.listen();
        let address = format!("127.0.0.1:{port}");
        let ca = files.path("ca.pem");
        let mut client = Peer::openssl(&[
            "s_client",
            "-connect",
            &address,
            "-CAfile",
            &ca,
            "-verify_return_error",
            "-quiet",
            "-verify_quiet",
            "-servername",
            "localhost",
            version,
        ]);
        let (stream, _) = listener.accept(patience()).unwrap();
        let mut lines = stream.into_lines(100, patience());
        client.0.stdin.as_mut().unwrap().write_all(b"from openssl\n").unwrap();
        assert_eq!(lines.read_line().unwrap().unwrap().text(), b"from openssl");
        lines.write_line(b"from here").unwrap();
        lines.flush().unwrap();
        let (_, mut output) = client.line_with("from here");
        // s_client ends once the session has.
        lines.stream().stream().shutdown(Shutdown::Write).unwrap();
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
        assert!(client.0.wait().unwrap().success());
    }
}

#[test]
#[ignore = "needs the program openssl"]
fn a_connector_talks_to_s_server_and_resumes() {
    let files = Files::new();
    let (certificate, key) = (files.path("cert.pem"), files.path("key.pem"));
    let mut server = Peer::openssl(&[
        "s_server",
        "-accept",
        "127.0.0.1:0",
        "-cert",
        &certificate,
        "-key",
        &key,
        "-rev",
    ]);
    let (line, _output) = server.line_with("ACCEPT 127.0.0.1:");
    let port = line.rsplit(':').next().unwrap();
    let endpoint: Endpoint = format!("tls://127.0.0.1:{port}").parse().unwrap();
    let connector = files.connector();
    for is_resumed in [false, true] {
        let stream = connector.connect(&endpoint, patience()).unwrap();
        assert_eq!(stream.tls().unwrap().is_resumed(), is_resumed);
        let mut lines = stream.into_lines(100, patience());
        // s_server sends each line back in reverse.
        lines.write_line(b"abc").unwrap();
        assert_eq!(lines.read_line().unwrap().unwrap().text(), b"cba");
        lines.stream().stream().shutdown(Shutdown::Write).unwrap();
    }
}
