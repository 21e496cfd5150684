//! Standard input and output joined to datagram sockets. Datagrams have no end: it is standard
//! input that has one, or a signal that comes.

mod remote;

use std::io::{self, BufRead};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use netcore::datagram::Received;
use netcore::{Address, Datagram, Deadline};

use crate::exit::{self, Failure};
use crate::serve::Signals;
use crate::stdio::{Printer, Stdio};
use crate::stdio_relay;
use crate::threads;
pub(crate) use remote::{Remote, bind, only_for_udp};

/// The most of standard input that is one datagram: it passes every network whole.
const PIECE: usize = 1200;
/// No datagram of UDP is longer.
const LARGEST: usize = 65536;
/// How long one datagram may wait for room.
const PATIENCE: Duration = Duration::from_secs(10);
/// After the end of standard input, how long nothing may come before there is nothing more to come.
const QUIET: Duration = Duration::from_secs(1);

/// What the threads tell. They end with the program.
enum Event {
    /// Something came, and has been printed; or something went.
    Moved,
    /// Standard input has ended.
    InputEnded,
    Failed(Failure),
    Stop,
}

/// Prints what comes from any peer, and sends standard input to the last one. Ends at a signal, or
/// when nothing has come or gone for `idle_timeout` since the first datagram.
pub(crate) fn listen(
    sockets: Vec<Datagram>,
    idle_timeout: Option<Duration>,
    announce: impl FnOnce(&mut Stdio),
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let (events, told) = mpsc::channel();
    let stop = events.clone();
    let signals = Signals::watch(move |_| tell(&stop, Event::Stop))?;
    signals.set_printing(true);
    announce(stdio);
    signals.set_printing(false);
    let last = Arc::new(Last::default());
    for socket in sockets.into_iter().map(Arc::new) {
        let (last, printer, events) = (last.clone(), stdio.printer.clone(), events.clone());
        threads::start("receive", move || {
            tell(&events, Event::Failed(print_from_all(&socket, &last, &printer, &events)));
        })?;
    }
    let input = stdio.input();
    threads::start("input", move || {
        let answered = each_piece(input, |piece| {
            let (socket, received) = last.wait();
            answer(&socket, &received, piece);
            tell(&events, Event::Moved);
            Ok(())
        });
        // The end of standard input ends nothing here.
        if let Err(failure) = answered {
            tell(&events, Event::Failed(failure));
        }
    })?;
    let result = listen_until(&told, idle_timeout);
    signals.end();
    result
}

fn listen_until(told: &Receiver<Event>, idle_timeout: Option<Duration>) -> Result<(), Failure> {
    let mut until = Deadline::never();
    loop {
        match next(told, until) {
            Some(Event::Moved) => until = idle_timeout.map_or(until, Deadline::after),
            Some(Event::InputEnded) => {}
            Some(Event::Failed(failure)) => return Err(failure),
            Some(Event::Stop) => return Ok(()),
            None => return idle_timeout.map_or(Ok(()), |time| Err(stdio_relay::idle(time))),
        }
    }
}

/// Waits for an event. Returns `None` if none comes before the deadline.
fn next(told: &Receiver<Event>, until: Deadline) -> Option<Event> {
    match until.remaining() {
        Some(left) => told.recv_timeout(left).ok(),
        None => told.recv().ok(),
    }
}

/// Prints what comes from any peer. Ends with a failure only, and no peer can cause one.
fn print_from_all(
    socket: &Arc<Datagram>,
    last: &Last,
    printer: &Printer,
    events: &Sender<Event>,
) -> Failure {
    let mut buffer = vec![0; LARGEST];
    loop {
        let received = match socket.recv_from(&mut buffer, Deadline::never()) {
            Ok(received) => received,
            Err(error) => return error.into(),
        };
        let length = received.len;
        if can_be_answered(&received.from) {
            last.is(socket, received);
        }
        if let Err(failure) = printer.print(&buffer[..length]) {
            return failure;
        }
        tell(events, Event::Moved);
    }
}

/// Returns `false` for port 0, which says that no answer is expected (RFC 768, "Source Port"). Such
/// a sender must not take the place of the peer that standard input goes to.
fn can_be_answered(peer: &Address) -> bool {
    peer.inet().is_none_or(|peer| peer.port() != 0)
}

/// Sends `piece` to the sender of `received`. A failure is one line in the log and no end: any
/// sender can have an address that the system refuses to send to, or has no route to.
fn answer(socket: &Datagram, received: &Received, piece: &[u8]) {
    if let Err(error) = socket.reply(piece, received, Deadline::after(PATIENCE)) {
        log::warn!("{}; {} bytes are lost", exit::chain(&error), piece.len());
    }
}

/// Sends standard input and prints what comes, until standard input has ended and nothing has come
/// for a while: `idle_timeout`, or else a second. Before the end of standard input an idle timeout is
/// a failure.
pub(crate) fn connect(
    remote: Remote,
    idle_timeout: Option<Duration>,
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let (events, told) = mpsc::channel();
    let remote = Arc::new(remote);
    let (receiving, printer, came) = (remote.clone(), stdio.printer.clone(), events.clone());
    threads::start("receive", move || {
        tell(&came, Event::Failed(print_all(&receiving, &printer, &came)));
    })?;
    let input = stdio.input();
    threads::start("input", move || {
        let sent = each_piece(input, |piece| {
            remote.send(piece, Deadline::after(PATIENCE))?;
            tell(&events, Event::Moved);
            Ok(())
        });
        tell(&events, sent.map_or_else(Event::Failed, |()| Event::InputEnded));
    })?;
    let mut patience = idle_timeout;
    let mut has_ended = false;
    loop {
        match next(&told, patience.map_or(Deadline::never(), Deadline::after)) {
            Some(Event::Failed(failure)) => return Err(failure),
            Some(Event::Moved) => {}
            Some(Event::InputEnded) => {
                has_ended = true;
                patience.get_or_insert(QUIET);
            }
            Some(Event::Stop) => return Ok(()),
            None if has_ended => return Ok(()),
            None => return idle_timeout.map_or(Ok(()), |time| Err(stdio_relay::idle(time))),
        }
    }
}

/// Ends with a failure only.
fn print_all(remote: &Remote, printer: &Printer, events: &Sender<Event>) -> Failure {
    let mut buffer = vec![0; LARGEST];
    loop {
        let received = match remote.recv(&mut buffer, Deadline::never()) {
            Ok(received) => received,
            Err(error) => return error.into(),
        };
        if let Err(failure) = printer.print(&buffer[..received.len]) {
            return failure;
        }
        tell(events, Event::Moved);
    }
}

/// Gives what is read, as it comes, in pieces that are one datagram each.
fn each_piece(
    mut input: Box<dyn BufRead + Send>,
    mut give: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let piece = match input.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(read) => &read[..read.len().min(PIECE)],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Failure::new(exit::OTHER, format!("read standard input: {e}"))),
        };
        give(piece)?;
        let given = piece.len();
        input.consume(given);
    }
}

fn tell(events: &Sender<Event>, event: Event) {
    // Nobody hears it when the end has come already.
    let _ = events.send(event);
}

/// The last datagram, and the socket that received it.
#[derive(Default)]
struct Last {
    peer: Mutex<Option<(Arc<Datagram>, Received)>>,
    first: Condvar,
}

impl Last {
    fn is(&self, socket: &Arc<Datagram>, received: Received) {
        let last = Some((socket.clone(), received));
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = last;
        self.first.notify_all();
    }

    /// Waits until there is one.
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
