//! `sockit send`.
//!
//! Standard input and output are the process's own descriptors here, not those of `Streams`: the
//! kernel copies between them and the socket.

use std::fs::File;
use std::io::{self, BufRead, Read};
use std::net::Shutdown;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use netcore::{
    Connector, Deadline, Endpoint, Error, ErrorKind, Operation, SocketOptions, Stream, Transport,
};

use crate::args::net::Send;
use crate::datagrams::{Remote, only_for_udp};
use crate::exit::{self, Failure};
use crate::probe::is_for_datagrams;
use crate::stdio::Stdio;
use crate::threads;

/// No datagram of any kind of socket is larger.
const LARGEST_DATAGRAM: u64 = 1 << 20;
/// How long a peer that has taken everything may go on to speak, or not end: closing a connection
/// while it speaks would reset it, and might cost the peer what it has not read yet.
const QUIET: Duration = Duration::from_millis(250);

/// `sockit send`
pub(crate) fn send(args: Send, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let connector = Connector::new().with_family(args.families.wanted());
    let deadline = Deadline::after(args.timeout);
    let text = args.text.map(OsStringExt::into_vec);
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

/// What the two threads of a connection tell.
enum Event {
    /// All has been written, and the writing side has ended.
    Sent,
    /// The peer has all of it.
    Taken,
    /// The peer has ended.
    Ended,
    Failed(Failure),
}

/// Sends on one thread and receives on another, so that a peer that answers before it has read all
/// holds nothing up. The threads end with the program.
fn send_stream(
    stream: Stream,
    text: Option<Vec<u8>>,
    timeout: Duration,
    wait: Option<Duration>,
) -> Result<(), Failure> {
    // For good: the end of one transfer must not change the mode under the other.
    stream.set_nonblocking(true)?;
    // Whatever ends the program before all is taken, a signal too, is a reset: the peer must not take
    // for whole what is not.
    linger(&stream, Some(Duration::ZERO))?;
    let stream = Arc::new(stream);
    let (events, told) = mpsc::channel();
    let (receiving, received) = (stream.clone(), events.clone());
    let (prints, whole) = (wait.is_some(), stream.clone());
    threads::start("receive", move || {
        let event = receive(&receiving, prints).map_or_else(Event::Failed, |()| Event::Ended);
        tell(&received, event);
    })?;
    threads::start("send", move || {
        let result = write(&stream, text.as_deref(), timeout, &events);
        tell(&events, result.map_or_else(Event::Failed, |()| Event::Taken));
    })?;
    hear(&told, wait)?;
    linger(&whole, None)
}

fn linger(stream: &Stream, time: Option<Duration>) -> Result<(), Failure> {
    Ok(SocketOptions::new().with_linger(time).apply(stream)?)
}

/// Waits for the end that there should be.
fn hear(told: &Receiver<Event>, wait: Option<Duration>) -> Result<(), Failure> {
    let (mut taken, mut ended) = (false, false);
    let mut until = Deadline::never();
    while !(taken && ended) {
        let event = match until.remaining() {
            Some(left) => told.recv_timeout(left),
            None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match (event, wait) {
            (Ok(Event::Sent), Some(wait)) => until = Deadline::after(wait),
            (Ok(Event::Sent), None) => {}
            (Ok(Event::Taken), _) => {
                taken = true;
                if wait.is_none() {
                    until = Deadline::after(QUIET);
                }
            }
            (Ok(Event::Ended), _) => ended = true,
            (Ok(Event::Failed(failure)), _) => return Err(failure),
            (Err(_), _) => {
                ended = true;
                until = Deadline::never();
            }
        }
    }
    Ok(())
}

fn write(
    stream: &Stream,
    text: Option<&[u8]>,
    timeout: Duration,
    events: &Sender<Event>,
) -> Result<(), Failure> {
    match text {
        Some(text) => stream.write_all_deadline(text, Deadline::after(timeout))?,
        // It lasts as long as standard input does.
        None => {
            stream.send_from(&io::stdin(), Deadline::never()).map_err(input_failure)?;
        }
    }
    stream.shutdown(Shutdown::Write)?;
    tell(events, Event::Sent);
    match stream.drain(Deadline::after(timeout)) {
        // The system does not tell. It goes on sending when the program has ended.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        result => Ok(result?),
    }
}

/// Takes what comes until the peer ends, and prints it or throws it away.
fn receive(stream: &Stream, prints: bool) -> Result<(), Failure> {
    let never = Deadline::never();
    let received = if prints {
        stream.receive_into(&io::stdout(), u64::MAX, never)
    } else {
        let nowhere = File::options().write(true).open("/dev/null");
        let nowhere =
            nowhere.map_err(|e| Failure::new(exit::OTHER, format!("open /dev/null: {e}")))?;
        stream.receive_into(&nowhere, u64::MAX, never)
    };
    match received {
        Err(error) if error.operation() == Operation::Write => Err(Failure::output(&error.into())),
        result => Ok(result.map(|_| ())?),
    }
}

fn tell(events: &Sender<Event>, event: Event) {
    // Nobody hears it when the end has come already.
    let _ = events.send(event);
}

/// What failed is standard input, or else the connection.
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
        let message = "the message is too large for one datagram (UDP takes 65507 bytes at most)";
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

/// All of standard input, or one byte more than any datagram has.
fn read_input(input: &mut dyn BufRead) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = input.take(LARGEST_DATAGRAM + 1).read_to_end(&mut bytes);
    read.map_err(|e| Failure::new(exit::OTHER, format!("read standard input: {e}")))?;
    Ok(bytes)
}
