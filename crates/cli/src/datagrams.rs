//! Standard input and output joined to datagram sockets. Datagrams have no end: it is standard
//! input that has one, or a signal that comes.

use std::io::{self, BufRead};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use netcore::{Address, Datagram, Deadline};

use crate::exit::{self, Failure};
use crate::serve::Signals;
use crate::streams::{Console, Printer};

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
    /// Something came, and has been printed.
    Came,
    /// Standard input has ended.
    InputEnded,
    Failed(Failure),
    Stop,
}

/// Prints what comes from any peer; standard input goes to the last one. Until a signal.
pub(crate) fn listen(
    sockets: Vec<Datagram>,
    announce: impl FnOnce(&mut Console),
    console: &mut Console,
) -> Result<(), Failure> {
    let (events, told) = mpsc::channel();
    let stop = events.clone();
    let signals = Signals::watch(move |_| tell(&stop, Event::Stop))?;
    announce(console);
    let last = Arc::new(Last::default());
    for socket in sockets.into_iter().map(Arc::new) {
        let (last, printer, events) = (last.clone(), console.printer.clone(), events.clone());
        thread::spawn(move || {
            tell(&events, Event::Failed(print_from_all(&socket, &last, &printer)));
        });
    }
    let input = console.input();
    thread::spawn(move || {
        let answered = each_piece(input, |piece| {
            let (socket, peer) = last.wait();
            answer(&socket, &peer, piece);
            Ok(())
        });
        // The end of standard input ends nothing here.
        if let Err(failure) = answered {
            tell(&events, Event::Failed(failure));
        }
    });
    let result = told.iter().find_map(|event| match event {
        Event::Failed(failure) => Some(Err(failure)),
        Event::Stop => Some(Ok(())),
        Event::Came | Event::InputEnded => None,
    });
    signals.end();
    result.unwrap_or(Ok(()))
}

/// Prints what comes from any peer. Ends with a failure only, and no peer can cause one.
fn print_from_all(socket: &Arc<Datagram>, last: &Last, printer: &Printer) -> Failure {
    let mut buffer = vec![0; LARGEST];
    loop {
        let received = match socket.recv_from(&mut buffer, Deadline::never()) {
            Ok(received) => received,
            Err(error) => return error.into(),
        };
        if can_be_answered(&received.from) {
            last.is(socket, received.from);
        }
        if let Err(failure) = printer.print(&buffer[..received.len]) {
            return failure;
        }
    }
}

/// Returns `false` for port 0, which says that no answer is expected (RFC 768, "Source Port"). Such
/// a sender must not take the place of the peer that standard input goes to.
fn can_be_answered(peer: &Address) -> bool {
    peer.inet().is_none_or(|peer| peer.port() != 0)
}

/// Sends `piece` to `peer`. A failure is one line in the log and no end: any sender can have an
/// address that the system refuses to send to, or has no route to.
fn answer(socket: &Datagram, peer: &Address, piece: &[u8]) {
    if let Err(error) = socket.send_to(piece, peer, Deadline::after(PATIENCE)) {
        log::warn!("{}; {} bytes are lost", exit::chain(&error), piece.len());
    }
}

/// Sends standard input and prints what comes, until standard input has ended and nothing has come
/// for a while.
pub(crate) fn connect(socket: Datagram, console: &mut Console) -> Result<(), Failure> {
    let (events, told) = mpsc::channel();
    let socket = Arc::new(socket);
    let (receiving, printer, came) = (socket.clone(), console.printer.clone(), events.clone());
    thread::spawn(move || {
        tell(&came, Event::Failed(print_all(&receiving, &printer, &came)));
    });
    let input = console.input();
    thread::spawn(move || {
        let sent = each_piece(input, |piece| Ok(socket.send(piece, Deadline::after(PATIENCE))?));
        tell(&events, sent.map_or_else(Event::Failed, |()| Event::InputEnded));
    });
    let mut until = Deadline::never();
    loop {
        let event = match until.remaining() {
            Some(left) => told.recv_timeout(left),
            None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match event {
            Ok(Event::Failed(failure)) => return Err(failure),
            Ok(Event::Came) if until == Deadline::never() => {}
            Ok(Event::Came | Event::InputEnded) => {
                until = Deadline::after_at(Instant::now(), QUIET);
            }
            Ok(Event::Stop) | Err(_) => return Ok(()),
        }
    }
}

/// Ends with a failure only.
fn print_all(socket: &Datagram, printer: &Printer, events: &Sender<Event>) -> Failure {
    let mut buffer = vec![0; LARGEST];
    loop {
        let received = match socket.recv(&mut buffer, Deadline::never()) {
            Ok(received) => received,
            Err(error) => return error.into(),
        };
        if let Err(failure) = printer.print(&buffer[..received.len]) {
            return failure;
        }
        tell(events, Event::Came);
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

/// Who sent last, and through which socket.
#[derive(Default)]
struct Last {
    peer: Mutex<Option<(Arc<Datagram>, Address)>>,
    first: Condvar,
}

impl Last {
    fn is(&self, socket: &Arc<Datagram>, peer: Address) {
        *self.peer.lock().unwrap_or_else(PoisonError::into_inner) = Some((socket.clone(), peer));
        self.first.notify_all();
    }

    /// Waits until there is one.
    fn wait(&self) -> (Arc<Datagram>, Address) {
        let mut peer = self.peer.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(last) = &*peer {
                return last.clone();
            }
            peer = self.first.wait(peer).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
