//! Queries of servers that speak first: daytime and time.

use netcore::{Address, Connector, Deadline, Endpoint, Transport};

use crate::client::ClientError;

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
    Ok(daytime(&Connector::new(), endpoint, deadline)?.0)
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
    Ok(time(&Connector::new(), endpoint, deadline)?.0)
}

pub(crate) fn daytime(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<(Vec<u8>, Address), ClientError> {
    ask(connector, endpoint, LONGEST_LINE, |answer| answer.ends_with(b"\n"), deadline)
}

pub(crate) fn time(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<(u32, Address), ClientError> {
    let (answer, from) = ask(connector, endpoint, TIME, |answer| answer.len() == TIME, deadline)?;
    match <[u8; TIME]>::try_from(&answer[..]) {
        Ok(bytes) => Ok((u32::from_be_bytes(bytes), from)),
        Err(_) => {
            let (peer, received) = (endpoint.to_string(), answer.len());
            Err(ClientError::CutShort { peer, received })
        }
    }
}

/// Returns the answer of a server, up to its end or until `is_complete`, and the server's address.
/// Over UDP the request is an empty datagram.
fn ask(
    connector: &Connector,
    endpoint: &Endpoint,
    limit: usize,
    is_complete: impl Fn(&[u8]) -> bool,
    deadline: Deadline,
) -> Result<(Vec<u8>, Address), ClientError> {
    // One byte more than the limit shows that an answer is too long.
    let mut answer = vec![0; limit + 1];
    let (length, from) = if endpoint.transport() == Transport::Udp {
        let socket = connector.connect_datagram(endpoint, deadline)?;
        socket.send(&[], deadline)?;
        let received = socket.recv(&mut answer, deadline)?;
        (received.len, received.from)
    } else {
        let stream = connector.connect(endpoint, deadline)?;
        let mut length = 0;
        while length <= limit && !is_complete(&answer[..length]) {
            match stream.read_deadline(&mut answer[length..], deadline)? {
                0 => break,
                read => length += read,
            }
        }
        (length, stream.peer_address()?)
    };
    let peer = || endpoint.to_string();
    match length {
        0 => Err(ClientError::NoAnswer { peer: peer() }),
        _ if length > limit => Err(ClientError::TooLong { peer: peer(), limit }),
        _ => {
            answer.truncate(length);
            Ok((answer, from))
        }
    }
}
