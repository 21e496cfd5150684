//! A raw HTTP server. A test chooses the bytes of each response and the fate of the connection
//! after it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as received.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The head, up to the blank line.
    pub(crate) head: String,
    /// The number of its connection, from 0.
    pub(crate) connection: usize,
    /// The number of the request among all requests, from 0.
    pub(crate) number: usize,
}

impl Asked {
    /// Returns the path and the query.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the value of a field, or `None` if it was not sent.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let is_it = |line: &&str| {
            line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
        };
        self.head.lines().find(is_it)?.split_once(':').map(|(_, value)| value.trim())
    }
}

/// The fate of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Keep,
    Close,
    Reset,
    /// The server sends nothing more until the client ends.
    Stall,
}

#[derive(Debug)]
pub(crate) struct Http {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Http {
    /// Starts a server that answers each request by `answer`. Its threads end with the test.
    pub(crate) fn start(
        answer: impl Fn(&Asked, &mut TcpStream) -> Then + Send + Sync + 'static,
    ) -> Http {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (heard, answer) = (asked.clone(), Arc::new(answer));
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { continue };
                let (heard, answer) = (heard.clone(), answer.clone());
                thread::spawn(move || serve(stream, connection, &heard, &*answer));
            }
        });
        Http { port, asked }
    }

    /// Starts a server that answers each request with these bytes and closes.
    pub(crate) fn saying(reply: impl Into<Vec<u8>>) -> Http {
        let reply = reply.into();
        Http::start(move |_, stream| {
            let _ = stream.write_all(&reply);
            Then::Close
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Returns all requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no thread panics with it").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    heard: &Mutex<Vec<Asked>>,
    answer: &dyn Fn(&Asked, &mut TcpStream) -> Then,
) {
    while let Some(head) = read_head(&mut stream) {
        let asked = {
            let mut heard = heard.lock().expect("no thread panics with it");
            let asked = Asked { head, connection, number: heard.len() };
            heard.push(asked.clone());
            asked
        };
        match answer(&asked, &mut stream) {
            Then::Keep => {}
            Then::Close => return,
            Then::Stall => {
                let _ = stream.read(&mut [0; 1]);
                return;
            }
            Then::Reset => {
                // Unread bytes make close(2) a reset, as SO_LINGER does, which std does not have.
                netcore::SocketOptions::new()
                    .with_linger(Some(std::time::Duration::ZERO))
                    .apply(&stream)
                    .expect("SO_LINGER");
                return;
            }
        }
    }
}

/// Returns `None` if the client or the test has ended.
fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// Returns a response with a body of known length.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Returns a response with an entity tag, or the requested range of it if `If-Range` has that tag.
pub(crate) fn ranged(asked: &Asked, tag: &str, body: &[u8]) -> Vec<u8> {
    let wanted = asked.field("if-range").is_none_or(|if_range| if_range == tag);
    let range = asked.field("range").filter(|_| wanted);
    let first =
        range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let size = body.len();
    let (status, range, part): (_, _, &[u8]) = match first {
        Some(first) if first < size => (
            "206 Partial Content",
            format!("Content-Range: bytes {first}-{}/{size}\r\n", size - 1),
            &body[first..],
        ),
        Some(_) => ("416 Range Not Satisfiable", format!("Content-Range: bytes */{size}\r\n"), &[]),
        None => ("200 OK", String::new(), body),
    };
    let length = part.len();
    let head =
        format!("HTTP/1.1 {status}\r\nETag: {tag}\r\n{range}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), part].concat()
}

/// Returns a port of 127.0.0.1 on which nobody listens.
pub(crate) fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
