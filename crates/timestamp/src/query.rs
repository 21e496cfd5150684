//! Queries of servers that speak first: daytime and time.

use netcore::{Address, Connector, Deadline, Endpoint, Transport};

use crate::client::ClientError;
use crate::handshake::{Handshake, connect};

#[cfg(test)]
mod tests;

/// The longest line of a daytime server in bytes.
const LONGEST_LINE: usize = 1024;
/// The length of the answer of a time server in bytes (RFC 868).
const TIME: usize = 4;

/// Queries a daytime server (RFC 867). Returns its line, with its ending if it has one. The
/// deadline bounds the whole query.
///
/// ```no_run
/// use std::time::Duration;
/// use netcore::Deadline;
///
/// let endpoint = "udp://localhost:daytime".parse()?;
/// let line = timestamp::query_daytime(&endpoint, Deadline::after(Duration::from_secs(5)))?;
/// println!("{}", line.escape_ascii());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// - [`ClientError::Socket`]: connecting, sending or receiving failed, or the deadline passed.
/// - [`ClientError::NoAnswer`]: the server closed the connection without a byte.
/// - [`ClientError::TooLong`]: the line is longer than 1,024 bytes.
pub fn query_daytime(endpoint: &Endpoint, deadline: Deadline) -> Result<Vec<u8>, ClientError> {
    query_daytime_with(&Connector::new(), endpoint, deadline)
}

/// As [`query_daytime`], with the settings of `connector`.
///
/// # Errors
///
/// As [`query_daytime`].
pub fn query_daytime_with(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<Vec<u8>, ClientError> {
    Ok(daytime(connector, endpoint, deadline)?.answer)
}

/// Queries a time server (RFC 868). Returns the seconds since 1900, for
/// [`ParsedTime::from_seconds_since_1900`](crate::ParsedTime::from_seconds_since_1900). The
/// deadline bounds the whole query.
///
/// # Errors
///
/// - [`ClientError::Socket`]: connecting, sending or receiving failed, or the deadline passed.
/// - [`ClientError::NoAnswer`], [`ClientError::CutShort`]: the answer ended before its fourth byte.
///   An empty answer says that the server does not know the time.
/// - [`ClientError::TooLong`]: a datagram had more than four bytes.
pub fn query_time(endpoint: &Endpoint, deadline: Deadline) -> Result<u32, ClientError> {
    query_time_with(&Connector::new(), endpoint, deadline)
}

/// As [`query_time`], with the settings of `connector`.
///
/// # Errors
///
/// As [`query_time`].
pub fn query_time_with(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<u32, ClientError> {
    Ok(time(connector, endpoint, deadline)?.answer)
}

/// An answer, with its origin.
pub(crate) struct Answered<T> {
    pub(crate) answer: T,
    pub(crate) from: Address,
    /// The handshake that preceded the answer over `tls://`.
    pub(crate) handshake: Option<Handshake>,
}

pub(crate) fn daytime(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<Answered<Vec<u8>>, ClientError> {
    ask(connector, endpoint, LONGEST_LINE, |answer| answer.ends_with(b"\n"), deadline)
}

pub(crate) fn time(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<Answered<u32>, ClientError> {
    let asked = ask(connector, endpoint, TIME, |answer| answer.len() == TIME, deadline)?;
    match <[u8; TIME]>::try_from(&asked.answer[..]) {
        Ok(bytes) => {
            let Answered { from, handshake, .. } = asked;
            Ok(Answered { answer: u32::from_be_bytes(bytes), from, handshake })
        }
        Err(_) => {
            let (peer, received) = (endpoint.to_string(), asked.answer.len());
            Err(ClientError::CutShort { peer, received })
        }
    }
}

/// Returns the answer of a server, up to its end or until `is_complete`. Over UDP the request is an
/// empty datagram.
fn ask(
    connector: &Connector,
    endpoint: &Endpoint,
    limit: usize,
    is_complete: impl Fn(&[u8]) -> bool,
    deadline: Deadline,
) -> Result<Answered<Vec<u8>>, ClientError> {
    // One byte more than the limit shows that an answer is too long.
    let mut answer = vec![0; limit + 1];
    let (length, from, handshake) = if endpoint.transport() == Transport::Udp {
        let socket = connector.connect_datagram(endpoint, deadline)?;
        socket.send(&[], deadline)?;
        let received = socket.recv(&mut answer, deadline)?;
        (received.len, received.from, None)
    } else {
        let (stream, handshake) = connect(connector, endpoint, deadline)?;
        let mut length = 0;
        while length <= limit && !is_complete(&answer[..length]) {
            match stream.read_deadline(&mut answer[length..], deadline)? {
                0 => break,
                read => length += read,
            }
        }
        (length, stream.peer_address()?, handshake)
    };
    let peer = || endpoint.to_string();
    match length {
        0 => Err(ClientError::NoAnswer { peer: peer() }),
        _ if length > limit => Err(ClientError::TooLong { peer: peer(), limit }),
        _ => {
            answer.truncate(length);
            Ok(Answered { answer, from, handshake })
        }
    }
}
