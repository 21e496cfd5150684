//! A client that sends lines and receives their answers over a socket.

use std::borrow::Cow;

use netcore::error::debug_as_chain;
use netcore::line::LineStream;
use netcore::stream::DeadlineStream;
use netcore::{Datagram, Deadline, ErrorKind, Stream};

#[cfg(test)]
mod tests;

/// The largest datagram in bytes, more than any system sends by default: UDP has at most 65,535
/// bytes (RFC 768), and the sender's buffer limits Unix sockets.
const LARGEST_DATAGRAM: usize = 1 << 20;

/// A client that sends one line at a time and waits for its answer.
///
/// ```no_run
/// use std::time::Duration;
/// use netcore::{Deadline, SocketOptions, Stream};
/// use timestamp::Client;
///
/// let deadline = Deadline::after(Duration::from_secs(5));
/// let stream = Stream::connect("localhost:21567", &SocketOptions::default(), deadline)?;
/// let mut client = Client::stream(stream, Client::ANSWER_LIMIT);
/// let answer = client.request(b"hello\n", deadline)?;
/// println!("{}", answer.escape_ascii());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Client {
    socket: Socket,
    /// The name of the server in errors.
    peer: String,
    limit: usize,
    answer: Vec<u8>,
}

#[derive(Debug)]
enum Socket {
    Stream(Box<Lines>),
    Datagram(Datagram),
    /// A stream that was closed after an error: its next input may belong to an earlier request.
    Closed,
}

/// The lines of a stream, with a deadline for each exchange.
type Lines = LineStream<DeadlineStream<Stream>>;

impl Client {
    /// The default limit of an answer: 131,072 bytes, twice
    /// [`Framing::LINE_LIMIT`](crate::Framing::LINE_LIMIT).
    pub const ANSWER_LIMIT: usize = 131_072;

    /// Creates a client over a connection. An answer ends with a line feed and has at most `limit`
    /// bytes before its line ending.
    pub fn stream(stream: Stream, limit: usize) -> Client {
        let peer = stream.peer_address().map_or_else(|_| unnamed(), |peer| peer.to_string());
        let lines = stream.into_lines(limit, Deadline::never());
        Client { socket: Socket::Stream(Box::new(lines)), peer, limit, answer: Vec::new() }
    }

    /// Creates a client over a connected datagram socket. An answer is a datagram of at most
    /// `limit` bytes without its line ending, and never more than 1 MiB. The first request
    /// allocates a buffer of that size.
    pub fn datagram(socket: Datagram, limit: usize) -> Client {
        let peer = socket.peer_address().map_or_else(unnamed, ToString::to_string);
        let limit = limit.min(LARGEST_DATAGRAM);
        Client { socket: Socket::Datagram(socket), peer, limit, answer: Vec::new() }
    }

    /// Sends a line and returns its answer, line ending included. LF is appended to a line without
    /// an ending. The deadline bounds both steps.
    ///
    /// A datagram that does not end with the sent text answers an earlier request and is skipped. A
    /// stream is closed after an error; a datagram socket stays open for the next request.
    ///
    /// # Errors
    ///
    /// - [`ClientError::NotALine`]: a line feed stands before the end of the line.
    /// - [`ClientError::TooLong`]: the line, or the answer, is longer than the limit.
    /// - [`ClientError::Socket`]: sending or receiving failed, or the deadline passed
    ///   ([`Error::is_timeout`](netcore::Error::is_timeout)).
    /// - [`ClientError::NoAnswer`], [`ClientError::CutShort`]: the server closed the connection
    ///   before an answer, or within one.
    /// - [`ClientError::Closed`]: an earlier request over the same stream failed.
    ///
    /// Nothing was sent after `NotALine`, `Closed`, or `TooLong` for the line itself. These errors
    /// do not close the stream.
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
        match &mut self.socket {
            Socket::Stream(lines) => {
                if let Err(failure) = exchange_line(lines, &line, deadline, &mut self.answer) {
                    self.socket = Socket::Closed;
                    return Err(self.error(failure));
                }
                Ok(&self.answer)
            }
            Socket::Datagram(socket) => {
                self.answer.resize(self.limit + 2, 0);
                match exchange_datagram(socket, &line, deadline, &mut self.answer, self.limit) {
                    Ok(length) => Ok(&self.answer[..length]),
                    Err(failure) => Err(self.error(failure)),
                }
            }
            Socket::Closed => Err(ClientError::Closed { peer: self.peer.clone() }),
        }
    }

    fn error(&self, failure: Failure) -> ClientError {
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

/// A request failed.
#[derive(thiserror::Error)]
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
        /// The number of bytes of the answer that were received.
        received: usize,
    },
    /// The answer is longer than the limit, or the line is, and so its answer would be.
    #[error("the answer from {peer} is longer than {limit} bytes")]
    #[non_exhaustive]
    TooLong {
        /// The server.
        peer: String,
        /// The limit of an answer in bytes.
        limit: usize,
    },
    /// The line has a line feed before its end, and would get several answers.
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

debug_as_chain!(enum ClientError {
    Socket(error),
    NoAnswer { peer },
    CutShort { peer, received },
    TooLong { peer, limit },
    NotALine,
    Closed { peer },
});

/// The failure of an exchange, before the name of the server is added.
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

/// Sends a line and reads the line that answers it.
fn exchange_line(
    lines: &mut Lines,
    line: &[u8],
    deadline: Deadline,
    answer: &mut Vec<u8>,
) -> Result<(), Failure> {
    let lines = lines.until(deadline);
    lines.write_all(line)?;
    let line = lines.read_line().map_err(|error| match error.kind() {
        ErrorKind::LineTooLong => Failure::TooLong,
        _ => Failure::Socket(error),
    })?;
    let received = line.as_ref().map_or(0, |line| line.as_bytes().len());
    // Only the last line of a stream lacks its LF.
    let line = line.filter(|line| line.as_bytes().ends_with(b"\n"));
    let line = line.ok_or(Failure::End { received })?;
    answer.clear();
    answer.extend_from_slice(line.as_bytes());
    Ok(())
}

/// Sends a line as a datagram. Returns the length of the answer in `buffer`.
fn exchange_datagram(
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

/// Returns a line without its ending.
fn text(line: &[u8]) -> &[u8] {
    match line {
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
        text => text,
    }
}

fn unnamed() -> String {
    "the server".to_owned()
}
