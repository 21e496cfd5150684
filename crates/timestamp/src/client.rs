//! Requests and answers over a socket.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use netcore::line::LineFramer;
use netcore::{Datagram, Deadline, Stream};

/// More than any system sends by default: UDP has 65,535 bytes at most (RFC 768), Unix sockets
/// have what the sender's buffer takes.
const LARGEST_DATAGRAM: usize = 1 << 20;

/// A client that sends a line and waits for its answer, one at a time.
///
/// ```no_run
/// use std::time::Duration;
/// use netcore::{Deadline, SocketOptions, Stream};
/// use timestamp::Client;
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// let endpoint = "localhost:21567".parse()?;
/// let stream = Stream::connect(&endpoint, &SocketOptions::default(), deadline)?;
/// let mut client = Client::stream(stream, Client::ANSWER_LIMIT);
/// let answer = client.request(b"hello\n", deadline)?;
/// println!("{}", answer.escape_ascii());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    link: Link,
    /// The server, as errors name it.
    peer: String,
    limit: usize,
    answer: Vec<u8>,
}

#[derive(Debug)]
enum Link {
    Stream(Lines),
    Datagram(Datagram),
    /// It was a stream, and what would come next on it may belong to an earlier request.
    Closed,
}

impl Client {
    /// The limit of an answer where there is no reason for another: 131,072 bytes, which is twice
    /// [`Framing::LINE_LIMIT`](crate::Framing::LINE_LIMIT).
    pub const ANSWER_LIMIT: usize = 131_072;

    /// A client over a connection. An answer ends with a line feed, and has at most `limit` bytes
    /// before its line ending.
    pub fn stream(stream: Stream, limit: usize) -> Client {
        let peer = stream.peer_address().map_or_else(|_| unnamed(), |peer| peer.to_string());
        let lines = Lines::new(stream, limit);
        Client { link: Link::Stream(lines), peer, limit, answer: Vec::new() }
    }

    /// A client over a connected datagram socket. An answer is a datagram, and has at most `limit`
    /// bytes, a line ending not counted, and at most 1 MiB whatever the limit. Memory of that size
    /// is taken at the first request.
    pub fn datagram(socket: Datagram, limit: usize) -> Client {
        let peer = socket.peer_address().map_or_else(unnamed, ToString::to_string);
        let limit = limit.min(LARGEST_DATAGRAM);
        Client { link: Link::Datagram(socket), peer, limit, answer: Vec::new() }
    }

    /// Sends a line and returns the answer as it came, its line ending included. A line without an
    /// ending is sent with LF. The deadline is for both.
    ///
    /// Over datagrams, an answer that does not end with the text that was sent is a late answer to
    /// an earlier request, and is skipped. A stream that has failed is closed; over datagrams, the
    /// next request is tried whatever came of this one.
    ///
    /// # Errors
    ///
    /// - [`ClientError::NotALine`]: there is a line feed before the end of the line.
    /// - [`ClientError::TooLong`]: the line, or the answer, is longer than the limit.
    /// - [`ClientError::Socket`]: sending or receiving failed, or the deadline passed
    ///   ([`Error::is_timeout`](netcore::Error::is_timeout)).
    /// - [`ClientError::NoAnswer`], [`ClientError::CutShort`]: the server closed the connection
    ///   instead of an answer, or within one.
    /// - [`ClientError::Closed`]: an earlier request over the same stream failed.
    ///
    /// Nothing has been sent after `NotALine`, `Closed`, or a `TooLong` that is due to the line;
    /// none of them closes the stream.
    pub fn request(&mut self, line: &[u8], deadline: Deadline) -> Result<&[u8], ClientError> {
        let text = text(line);
        if text.contains(&b'\n') {
            return Err(ClientError::NotALine);
        }
        if text.len() > self.limit {
            return Err(self.too_long());
        }
        let line = match line.last() {
            Some(b'\n') => Cow::Borrowed(line),
            _ => Cow::Owned([line, b"\n"].concat()),
        };
        match &mut self.link {
            Link::Stream(lines) => {
                if let Err(failure) = lines.exchange(&line, deadline, &mut self.answer) {
                    self.link = Link::Closed;
                    return Err(self.explain(failure));
                }
                Ok(&self.answer)
            }
            Link::Datagram(socket) => {
                self.answer.resize(self.limit + 2, 0);
                match exchange(socket, &line, deadline, &mut self.answer, self.limit) {
                    Ok(length) => Ok(&self.answer[..length]),
                    Err(failure) => Err(self.explain(failure)),
                }
            }
            Link::Closed => Err(ClientError::Closed { peer: self.peer.clone() }),
        }
    }

    fn explain(&self, failure: Failure) -> ClientError {
        let peer = self.peer.clone();
        match failure {
            Failure::Socket(error) => ClientError::Socket(error),
            Failure::End { received: 0 } => ClientError::NoAnswer { peer },
            Failure::End { received } => ClientError::CutShort { peer, received },
            Failure::TooLong => self.too_long(),
        }
    }

    fn too_long(&self) -> ClientError {
        ClientError::TooLong { peer: self.peer.clone(), limit: self.limit }
    }
}

/// A request got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The socket failed, or the deadline passed.
    #[error(transparent)]
    Socket(#[from] netcore::Error),
    /// The connection ended before the first byte of an answer.
    #[error("{peer} closed the connection without an answer")]
    #[non_exhaustive]
    NoAnswer {
        /// The server.
        peer: String,
    },
    /// The connection ended within an answer.
    #[error("{peer} closed the connection after {received} bytes of an answer")]
    #[non_exhaustive]
    CutShort {
        /// The server.
        peer: String,
        /// How many bytes of the answer came.
        received: usize,
    },
    /// The answer is longer than the limit, or the line is, so that its answer would be.
    #[error("the answer from {peer} is longer than {limit} bytes")]
    #[non_exhaustive]
    TooLong {
        /// The server.
        peer: String,
        /// The most bytes that an answer may have.
        limit: usize,
    },
    /// What was to be sent has a line feed before its end, and would get several answers.
    #[error("a request is one line, without a line feed before its end")]
    NotALine,
    /// An earlier request over this stream failed.
    #[error("the connection to {peer} was given up after an earlier error")]
    #[non_exhaustive]
    Closed {
        /// The server.
        peer: String,
    },
}

/// What came of an exchange, in the words of neither side.
#[derive(Debug)]
enum Failure {
    Socket(netcore::Error),
    End { received: usize },
    TooLong,
}

impl From<netcore::Error> for Failure {
    fn from(error: netcore::Error) -> Failure {
        Failure::Socket(error)
    }
}

/// A stream that is read line by line.
#[derive(Debug)]
struct Lines {
    stream: Stream,
    framer: LineFramer,
    piece: Box<[u8]>,
    /// The part of `piece` that the framer has not taken yet.
    rest: Range<usize>,
}

impl Lines {
    fn new(stream: Stream, limit: usize) -> Lines {
        let piece = vec![0; 8192].into_boxed_slice();
        Lines { stream, framer: LineFramer::new(limit), piece, rest: 0..0 }
    }

    fn exchange(
        &mut self,
        line: &[u8],
        deadline: Deadline,
        answer: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        self.stream.write_all_deadline(line, deadline)?;
        loop {
            let mut input = &self.piece[self.rest.clone()];
            let line = self.framer.next(&mut input);
            self.rest.start = self.rest.end - input.len();
            if let Some(line) = line {
                let line = line.map_err(|_| Failure::TooLong)?;
                answer.clear();
                answer.extend_from_slice(line.as_bytes());
                return Ok(());
            }
            let length = self.stream.read_deadline(&mut self.piece, deadline)?;
            if length == 0 {
                let received = self.framer.finish().map_or(0, |line| line.as_bytes().len());
                return Err(Failure::End { received });
            }
            self.rest = 0..length;
        }
    }
}

/// Sends a line as a datagram; returns the length of the answer in `buffer`.
fn exchange(
    socket: &Datagram,
    line: &[u8],
    deadline: Deadline,
    buffer: &mut [u8],
    limit: usize,
) -> Result<usize, Failure> {
    socket.send(line, deadline)?;
    loop {
        let received = socket.recv(buffer, deadline)?;
        let answer = text(&buffer[..received.len]);
        if received.truncated || answer.len() > limit {
            return Err(Failure::TooLong);
        }
        if answer.ends_with(text(line)) {
            return Ok(received.len);
        }
    }
}

/// A line without its ending.
fn text(line: &[u8]) -> &[u8] {
    match line {
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
        text => text,
    }
}

fn unnamed() -> String {
    "the server".to_owned()
}
