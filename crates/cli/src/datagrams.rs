//! Relay between datagram sockets and standard input and output.
//!
//! A peer cannot end a datagram socket, so the end of standard input, a time limit or a signal ends
//! the relay.

mod remote;

use std::io::{self, BufRead};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use netcore::datagram::Received;
use netcore::{Address, Datagram, Deadline};

use crate::exit::{self, Failure};
use crate::signals::Signals;
use crate::stdio::{Printer, Stdio};
use crate::stdio_relay;
use crate::threads;
pub(crate) use remote::{Remote, bind, only_for_udp};

/// Bytes of standard input per datagram. Networks deliver this size without fragmentation.
const PAYLOAD: usize = 1200;
/// Bytes of the largest UDP datagram.
const MAX_DATAGRAM: usize = 65536;
/// The longest wait to send one datagram.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// The silence of the peer after which `connect` ends, once standard input has ended.
const QUIET: Duration = Duration::from_secs(1);

/// An event from the threads, which end with the program.
enum RelayEvent {
    /// A datagram was printed or sent.
    Moved,
    /// Standard input ended.
    InputEnded,
    Failed(Failure),
    Stop,
}

/// Prints datagrams from any peer, and sends standard input to the peer that sent last. Ends at a
/// signal, or after `idle_timeout` without a datagram in either direction since the first.
pub(crate) fn listen(
    sockets: Vec<Datagram>,
    idle_timeout: Option<Duration>,
    announce: impl FnOnce(&mut Stdio),
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let (events, incoming) = mpsc::channel();
    let stop = events.clone();
    let signals = Signals::watch(move |_| notify(&stop, RelayEvent::Stop))?;
    announce(stdio);
    signals.set_printing(false);
    let last = Arc::new(Last::default());
    for socket in sockets.into_iter().map(Arc::new) {
        let (last, printer, events) = (last.clone(), stdio.printer.clone(), events.clone());
        threads::start("receive", move || {
            notify(&events, RelayEvent::Failed(print_from_all(&socket, &last, &printer, &events)));
        })?;
    }
    let input = stdio.input();
    threads::start("input", move || {
        let answered = each_piece(input, |piece| {
            let (socket, received) = last.wait();
            answer(&socket, &received, piece);
            notify(&events, RelayEvent::Moved);
            Ok(())
        });
        // The end of standard input does not end the server.
        if let Err(failure) = answered {
            notify(&events, RelayEvent::Failed(failure));
        }
    })?;
    let result = listen_until(&incoming, idle_timeout);
    signals.end();
    result
}

fn listen_until(
    incoming: &Receiver<RelayEvent>,
    idle_timeout: Option<Duration>,
) -> Result<(), Failure> {
    let mut until = Deadline::never();
    loop {
        match next(incoming, until) {
            Some(RelayEvent::Moved) => until = idle_timeout.map_or(until, Deadline::after),
            Some(RelayEvent::InputEnded) => {}
            Some(RelayEvent::Failed(failure)) => return Err(failure),
            Some(RelayEvent::Stop) => return Ok(()),
            None => return idle_timeout.map_or(Ok(()), |time| Err(stdio_relay::idle(time))),
        }
    }
}

/// Waits for an event. Returns `None` if none comes before the deadline.
fn next(incoming: &Receiver<RelayEvent>, until: Deadline) -> Option<RelayEvent> {
    match until.remaining() {
        Some(left) => incoming.recv_timeout(left).ok(),
        None => incoming.recv().ok(),
    }
}

/// Prints datagrams from any peer until a failure. No peer can cause one.
fn print_from_all(
    socket: &Arc<Datagram>,
    last: &Last,
    printer: &Printer,
    events: &Sender<RelayEvent>,
) -> Failure {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let received = match socket.recv_from(&mut buffer, Deadline::never()) {
            Ok(received) => received,
            Err(error) => return error.into(),
        };
        let length = received.len;
        if can_be_answered(&received.from) {
            last.set(socket, received);
        }
        if let Err(failure) = printer.print(&buffer[..length]) {
            return failure;
        }
        notify(events, RelayEvent::Moved);
    }
}

/// Returns `false` for port 0, which means that the sender expects no reply (RFC 768, "Source
/// Port"). Standard input continues to go to the peer before it.
fn can_be_answered(peer: &Address) -> bool {
    peer.inet().is_none_or(|peer| peer.port() != 0)
}

/// Sends `piece` to the sender of `received`. A failure is only logged: any peer can send from an
/// address that the system has no route to or refuses to send to.
fn answer(socket: &Datagram, received: &Received, piece: &[u8]) {
    if let Err(error) = socket.reply(piece, received, Deadline::after(SEND_TIMEOUT)) {
        log::warn!("{}; {} bytes of standard input are lost", exit::chain(&error), piece.len());
    }
}

/// Sends standard input and prints the replies. Ends once standard input has ended and no reply has
/// arrived for `idle_timeout`, by default a second. An idle timeout before the end of standard
/// input is a failure.
pub(crate) fn connect(
    remote: Remote,
    idle_timeout: Option<Duration>,
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let (events, incoming) = mpsc::channel();
    let remote = Arc::new(remote);
    let (receiving, printer, came) = (remote.clone(), stdio.printer.clone(), events.clone());
    threads::start("receive", move || {
        notify(&came, RelayEvent::Failed(print_all(&receiving, &printer, &came)));
    })?;
    let input = stdio.input();
    threads::start("input", move || {
        let sent = each_piece(input, |piece| {
            remote.send(piece, Deadline::after(SEND_TIMEOUT))?;
            notify(&events, RelayEvent::Moved);
            Ok(())
        });
        notify(&events, sent.map_or_else(RelayEvent::Failed, |()| RelayEvent::InputEnded));
    })?;
    let mut limit = idle_timeout;
    let mut has_ended = false;
    loop {
        match next(&incoming, limit.map_or(Deadline::never(), Deadline::after)) {
            Some(RelayEvent::Failed(failure)) => return Err(failure),
            Some(RelayEvent::Moved) => {}
            Some(RelayEvent::InputEnded) => {
                has_ended = true;
                limit.get_or_insert(QUIET);
            }
            Some(RelayEvent::Stop) => return Ok(()),
            None if has_ended => return Ok(()),
            None => return idle_timeout.map_or(Ok(()), |time| Err(stdio_relay::idle(time))),
        }
    }
}

/// Prints the replies until a failure.
fn print_all(remote: &Remote, printer: &Printer, events: &Sender<RelayEvent>) -> Failure {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let received = match remote.recv(&mut buffer, Deadline::never()) {
            Ok(received) => received,
            Err(error) => return error.into(),
        };
        if let Err(failure) = printer.print(&buffer[..received.len]) {
            return failure;
        }
        notify(events, RelayEvent::Moved);
    }
}

/// Reads standard input and passes each piece, which fits one datagram, to `give`.
fn each_piece(
    mut input: Box<dyn BufRead + Send>,
    mut give: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let piece = match input.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(read) => &read[..read.len().min(PAYLOAD)],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Failure::new(exit::OTHER, format!("read standard input: {error}")));
            }
        };
        give(piece)?;
        let given = piece.len();
        input.consume(given);
    }
}

fn notify(events: &Sender<RelayEvent>, event: RelayEvent) {
    // The receiver is gone once the relay has ended.
    let _ = events.send(event);
}

/// The last datagram, and the socket that received it.
#[derive(Default)]
struct Last {
    peer: Mutex<Option<(Arc<Datagram>, Received)>>,
    first: Condvar,
}

impl Last {
    fn set(&self, socket: &Arc<Datagram>, received: Received) {
        let last = Some((socket.clone(), received));
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = last;
        self.first.notify_all();
    }

    /// Waits for the first datagram, and returns the last one.
    fn wait(&self) -> (Arc<Datagram>, Received) {
        let mut peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(last) = &*peer {
                return last.clone();
            }
            peer = self.first.wait(peer).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
