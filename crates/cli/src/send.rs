//! `sockit send`: sends text or standard input, and prints the reply if asked to.
//!
//! It uses the process's own standard input and output, not those of `Streams`: the kernel copies
//! between them and the socket.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::net::Shutdown;
use std::slice;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use netcore::{
    Connector, Deadline, Endpoint, Error, ErrorKind, Operation, SocketOptions, Stream, Transport,
};

use crate::args::net::Send;
use crate::datagrams::{Remote, only_for_udp};
use crate::exit::{self, Failure};
use crate::parse;
use crate::probe::is_for_datagrams;
use crate::stdio::{self, Stdio};
use crate::threads;
use crate::tls::with_tls;

/// The device that drops everything.
const NOWHERE: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };
/// Bytes above the largest datagram of any kind of socket.
const LARGEST_DATAGRAM: u64 = 1 << 20;
/// The wait for the peer's end after it has acknowledged everything. Closing a connection while the
/// peer sends would reset it, and the peer could lose data that it has not read yet.
const QUIET: Duration = Duration::from_millis(250);

/// Runs `sockit send`.
pub(crate) fn send(args: Send, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let connector = Connector::new().with_family(args.families.wanted());
    let connector = with_tls(connector, &args.tls, slice::from_ref(&endpoint))?;
    let deadline = Deadline::after(args.timeout);
    let text = args.text.map(parse::bytes_of);
    if endpoint.transport() != Transport::Udp {
        only_for_udp(args.broadcast)?;
        match connector.connect(&endpoint, deadline) {
            Ok(stream) => return send_stream(stream, text, args.timeout, args.wait),
            Err(error) if is_for_datagrams(&endpoint, &error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let remote = Remote::find(connector, &endpoint, args.broadcast, None, deadline)?;
    send_datagram(&remote, &endpoint, text, args.timeout, args.wait, stdio)
}

/// An event from the two threads of a connection.
enum SendEvent {
    /// All bytes were written, and the writing side was shut down.
    Sent,
    /// The peer acknowledged all bytes.
    Acknowledged,
    /// The peer closed its side.
    Ended,
    Failed(Failure),
}

/// Sends on one thread and receives on another, so that a peer may reply before it has read
/// everything. The threads end with the program.
fn send_stream(
    stream: Stream,
    text: Option<Vec<u8>>,
    timeout: Duration,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    // Both directions share the mode, so it stays non-blocking for the rest of the program.
    stream.set_nonblocking(true)?;
    // If the program ends early, by a signal too, the connection is reset: the peer must not take
    // partial data for complete.
    linger(&stream, Some(Duration::ZERO))?;
    let stream = Arc::new(stream);
    let (events, incoming) = mpsc::channel();
    let (receiving, received) = (stream.clone(), events.clone());
    let (prints, whole) = (wait.is_some(), stream.clone());
    threads::start("receive", move || {
        let event =
            receive(&receiving, prints).map_or_else(SendEvent::Failed, |()| SendEvent::Ended);
        notify(&received, event);
    })?;
    threads::start("send", move || {
        let result = write(&stream, text.as_deref(), timeout, &events);
        notify(&events, result.map_or_else(SendEvent::Failed, |()| SendEvent::Acknowledged));
    })?;
    wait_for_end(&incoming, wait)?;
    linger(&whole, None)
}

fn linger(stream: &Stream, time: Option<Duration>) -> Result<(), Failure> {
    Ok(SocketOptions::new().with_linger(time).apply(stream)?)
}

/// Waits until the peer has acknowledged everything and closed its side, or the wait is over.
fn wait_for_end(incoming: &Receiver<SendEvent>, wait: Option<Duration>) -> Result<(), Failure> {
    let (mut acknowledged, mut ended) = (false, false);
    let mut until = Deadline::never();
    while !(acknowledged && ended) {
        let event = match until.remaining() {
            Some(left) => incoming.recv_timeout(left),
            None => incoming.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match (event, wait) {
            (Ok(SendEvent::Sent), Some(wait)) => until = Deadline::after(wait),
            (Ok(SendEvent::Sent), None) => {}
            (Ok(SendEvent::Acknowledged), _) => {
                acknowledged = true;
                if wait.is_none() {
                    until = Deadline::after(QUIET);
                }
            }
            (Ok(SendEvent::Ended), _) => ended = true,
            (Ok(SendEvent::Failed(failure)), _) => return Err(explained(failure, incoming)),
            (Err(_), _) => {
                ended = true;
                until = Deadline::never();
            }
        }
    }
    Ok(())
}

/// Returns the reason of `failure`. A write to a TLS server that has refused this side fails with a
/// broken pipe, and the other thread reads the alert that says why.
fn explained(failure: Failure, incoming: &Receiver<SendEvent>) -> Failure {
    if failure.code() != exit::RECEIVE_ERROR {
        return failure;
    }
    match incoming.recv_timeout(QUIET) {
        Ok(SendEvent::Failed(other)) if other.code() == exit::TLS_HANDSHAKE => other,
        _ => failure,
    }
}

fn write(
    stream: &Stream,
    text: Option<&[u8]>,
    timeout: Duration,
    events: &Sender<SendEvent>,
) -> Result<(), Failure> {
    match text {
        Some(text) => stream.write_all_deadline(text, Deadline::after(timeout))?,
        // Standard input may take any length of time.
        None => {
            stream.send_from(&stdio::input()?, Deadline::never()).map_err(input_failure)?;
        }
    }
    stream.shutdown(Shutdown::Write)?;
    notify(events, SendEvent::Sent);
    match stream.drain(Deadline::after(timeout)) {
        // This system cannot report acknowledgements. It sends the rest after the program has
        // ended.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        result => Ok(result?),
    }
}

/// Reads until the peer closes its side, and prints or discards the data.
fn receive(stream: &Stream, prints: bool) -> Result<(), Failure> {
    let never = Deadline::never();
    let received = if prints {
        stream.receive_into(&io::stdout(), u64::MAX, never)
    } else {
        let nowhere = File::options().write(true).open(NOWHERE);
        let nowhere = nowhere
            .map_err(|error| Failure::new(exit::OTHER, format!("open {NOWHERE}: {error}")))?;
        stream.receive_into(&nowhere, u64::MAX, never)
    };
    match received {
        Err(error) if error.operation() == Operation::Write => Err(Failure::output(&error.into())),
        result => Ok(result.map(|_| ())?),
    }
}

fn notify(events: &Sender<SendEvent>, event: SendEvent) {
    // The receiver is gone once the command has ended.
    let _ = events.send(event);
}

/// Converts an error of sending standard input, whose reading or whose connection may have failed.
fn input_failure(error: Error) -> Failure {
    match error.operation() {
        Operation::Read => Failure::new(exit::OTHER, format!("standard input: {error}")),
        _ => error.into(),
    }
}

fn send_datagram(
    remote: &Remote,
    endpoint: &Endpoint,
    text: Option<Vec<u8>>,
    timeout: Duration,
    wait: Option<Duration>,
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let bytes = match text {
        Some(text) => text,
        None => read_input(&mut stdio.input())?,
    };
    let too_large = || {
        let message = "the message is too large for one datagram (at most 65507 bytes over UDP)";
        Failure::new(exit::TOO_LARGE, format!("send to {endpoint}: {message}"))
    };
    if bytes.len() as u64 > LARGEST_DATAGRAM {
        return Err(too_large());
    }
    remote.send(&bytes, Deadline::after(timeout)).map_err(|error| match error.kind() {
        ErrorKind::MessageTooLong => too_large(),
        _ => error.into(),
    })?;
    let Some(wait) = wait else { return Ok(()) };
    let until = Deadline::after(wait);
    let mut buffer = vec![0; 65536];
    loop {
        match remote.recv(&mut buffer, until) {
            Ok(received) => stdio.printer.print(&buffer[..received.len])?,
            Err(error) if error.is_timeout() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads standard input to its end, or until it is larger than any datagram.
fn read_input(input: &mut dyn BufRead) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = input.take(LARGEST_DATAGRAM + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(exit::OTHER, format!("read standard input: {error}")))?;
    Ok(bytes)
}
