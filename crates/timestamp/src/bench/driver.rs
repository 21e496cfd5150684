//! The generator on sockets: one thread, one poller.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use netcore::{
    Address, Datagram, Deadline, Endpoint, Error, ErrorKind, Operation, SocketOptions, Stream,
    Transport,
};

use super::connection::State;
use super::generator::{Generator, Overdue, Share};
use super::hdr_log::Log;
use super::{BenchError, Load, Report};

/// Events of one wait.
const EVENTS: usize = 1024;
/// One read; no datagram is longer.
const READ: usize = 256 * 1024;
/// So many reads, and the others have their turn.
const SHARE: usize = 16;
/// poll(2) and its like count milliseconds. What is due sooner is waited for without sleeping.
const MILLISECOND: u64 = 1_000_000;
/// How long the queue of a Unix listener that is full may hold a thread up.
const FULL_QUEUE: Duration = Duration::from_millis(1);
/// What one line of the log covers, in nanoseconds.
const INTERVAL: u64 = 1_000_000_000;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The connections' other end, as the first connection found it.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Tcp(SocketAddr),
    Udp(Endpoint),
    Unix(Endpoint),
}

#[derive(Debug)]
pub(super) enum Socket {
    Stream(Stream),
    Datagram(UdpSocket),
}

/// What the threads of a run share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) load: &'a Load,
    pub(super) endpoint: &'a Endpoint,
    pub(super) target: Target,
    pub(super) begun: Instant,
    pub(super) ready: Barrier,
    pub(super) stop: &'a AtomicBool,
    pub(super) log: Option<Mutex<Log<'a>>>,
}

#[derive(Debug)]
pub(super) struct Driver<'a> {
    shared: &'a Shared<'a>,
    share: Share,
    generator: Generator,
    stream: bool,
    poll: Poll,
    sockets: Vec<Option<Socket>>,
    input: Box<[u8]>,
    /// Room for several requests.
    output: Vec<u8>,
    overdue: Vec<(usize, Overdue)>,
    /// Those that had their share and may have more to read, and whether the peer has ended.
    again: Vec<(usize, bool)>,
    /// The part of the window in which it waited for something to do.
    idle: u64,
    /// How long it had waited for a processor when the window began.
    waited: Option<u64>,
    /// The same when the window ended.
    waited_at_end: Option<u64>,
    next_interval: u64,
}

/// The first connection: it resolves the name, and says why if there is nobody.
pub(super) fn connect(endpoint: &Endpoint, deadline: Deadline) -> Result<(Socket, Target), Error> {
    let options = SocketOptions::new().with_nonblocking(true);
    if endpoint.transport() == Transport::Udp {
        let socket = Datagram::connect(endpoint, &options, deadline)?;
        let target = match socket.peer_address().and_then(Address::inet) {
            Some(peer) => Endpoint::udp(peer),
            None => endpoint.clone(),
        };
        return Ok((Socket::Datagram(socket.try_into()?), Target::Udp(target)));
    }
    let stream = Stream::connect(endpoint, &options, deadline)?;
    let target = match stream.peer_address()?.inet() {
        Some(peer) => Target::Tcp(peer),
        None => Target::Unix(endpoint.clone()),
    };
    Ok((Socket::Stream(stream), target))
}

impl<'a> Driver<'a> {
    pub(super) fn new(shared: &'a Shared<'a>, share: Share) -> Result<Driver<'a>, BenchError> {
        let stream = !matches!(shared.target, Target::Udp(_));
        let generator = Generator::new(shared.load, share, stream, shared.log.is_some());
        Ok(Driver {
            shared,
            share,
            poll: Poll::new().map_err(polling)?,
            sockets: (0..generator.lanes()).map(|_| None).collect(),
            generator,
            stream,
            input: vec![0; READ].into(),
            output: Vec::new(),
            overdue: Vec::new(),
            again: Vec::new(),
            idle: 0,
            waited: None,
            waited_at_end: None,
            next_interval: u64::MAX,
        })
    }

    /// Connects, waits for the other threads, and makes its share of the load.
    pub(super) fn run(mut self, first: Option<Socket>) -> Result<Report, BenchError> {
        let mut events = Events::with_capacity(EVENTS);
        let connected = self.connect_all(first, &mut events);
        self.shared.ready.wait();
        connected?;
        let mut now = self.now();
        self.generator.start(self.shared.load, self.share, now);
        self.next_interval = self.generator.window().0.saturating_add(INTERVAL);
        while !self.generator.is_over(now) {
            self.send_due(now);
            self.wait(&mut events, self.generator.wait(now))?;
            let woken = self.now();
            let (from, until) = self.generator.window();
            self.idle += woken.min(until).saturating_sub(now.max(from));
            self.take(&events);
            self.look(woken);
            if self.is_stopped() {
                self.generator.stop(woken);
            }
            now = self.now();
            self.note_window(now)?;
        }
        self.report()
    }

    /// Makes the connections, as many as come to be while there is patience. Those that fail are
    /// tried again during the run.
    fn connect_all(
        &mut self,
        first: Option<Socket>,
        events: &mut Events,
    ) -> Result<(), BenchError> {
        let patience = Deadline::after(self.shared.load.timeout);
        if let Some(socket) = first {
            self.adopt(0, socket, true);
        }
        for lane in 0..self.generator.lanes() {
            if self.sockets[lane].is_none() {
                self.connect(lane);
            }
            // The queue of a listener has an end.
            if lane % 64 == 63 {
                self.wait(events, 0)?;
                self.take(events);
            }
            if self.is_stopped() {
                return Ok(());
            }
        }
        while self.generator.open_lanes() < self.generator.lanes()
            && !patience.is_expired()
            && !self.is_stopped()
        {
            self.wait(events, MILLISECOND)?;
            self.take(events);
            self.look(self.now());
        }
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    fn wait(&mut self, events: &mut Events, nanoseconds: u64) -> Result<(), BenchError> {
        let nanoseconds = if self.again.is_empty() { nanoseconds } else { 0 };
        let timeout = Duration::from_millis(nanoseconds / MILLISECOND);
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            result => result.map_err(polling),
        }
    }

    fn take(&mut self, events: &Events) {
        for event in events {
            self.event(event);
        }
        for (lane, ends) in std::mem::take(&mut self.again) {
            self.read(lane, ends);
        }
    }

    fn event(&mut self, event: &Event) {
        let Token(lane) = event.token();
        match self.generator.state(lane) {
            State::Down { .. } => {}
            State::Connecting { .. } => self.connected(lane),
            State::Open => {
                if event.is_writable() {
                    self.flush(lane);
                }
                if event.is_readable() || event.is_error() {
                    self.read(lane, event.is_read_closed());
                }
            }
        }
    }

    /// Reads what is there, up to a share. `ends` is whether the peer has ended.
    fn read(&mut self, lane: usize, ends: bool) {
        for _ in 0..SHARE {
            if !self.read_once(lane, ends) {
                return;
            }
        }
        self.again.push((lane, ends));
    }

    /// Whether there may be more. A read of a stream that is not full is the last, but for an end
    /// behind it; datagrams are read until no answer is outstanding.
    fn read_once(&mut self, lane: usize, ends: bool) -> bool {
        let Some(socket) = &self.sockets[lane] else { return false };
        let received = socket.receive(&mut self.input);
        let now = self.now();
        let more = match received {
            Ok(0) if self.stream => {
                let end = Error::new(Operation::Read, ErrorKind::UnexpectedEnd);
                self.end(lane, end, now);
                false
            }
            Ok(length) if self.stream => {
                if self.generator.receive(lane, &self.input[..length], now).is_err() {
                    self.sockets[lane] = None;
                }
                ends || length == self.input.len()
            }
            Ok(length) => self.generator.datagram(lane, &self.input[..length], now),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) if self.stream => {
                self.end(lane, Error::from_io(Operation::Read, error), now);
                false
            }
            // News of an earlier datagram, as a rule that it found nobody.
            Err(error) => {
                self.failed(Error::from_io(Operation::Receive, error));
                true
            }
        };
        // All of the datagrams that are there before the next ones go out.
        if self.stream || !more {
            self.send_due(now);
        }
        more
    }

    /// Sends what is due: what comes to one connection in a row, in one write.
    fn send_due(&mut self, now: u64) {
        let mut last = None;
        while let Some(lane) = self.generator.dispatch(now) {
            if let Some(other) = last.filter(|last| *last != lane) {
                self.flush(other);
            }
            last = Some(lane);
        }
        if let Some(lane) = last {
            self.flush(lane);
        }
    }

    /// Writes what is owed, as far as the socket takes it. When it takes more, an event says so; only
    /// for a socket that has been full, since datagram and Unix sockets tell of room after each
    /// message that the peer has taken.
    fn flush(&mut self, lane: usize) {
        while let Some(bytes) = self.generator.output(lane, &mut self.output) {
            let Some(socket) = &self.sockets[lane] else { return };
            let length = bytes.len();
            match socket.send(bytes) {
                Ok(wrote) => self.generator.wrote(lane, wrote),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.await_room(lane);
                }
                Err(error) if self.stream => {
                    let now = self.now();
                    return self.end(lane, Error::from_io(Operation::Write, error), now);
                }
                // It is lost, as any datagram may be.
                Err(error) => {
                    self.failed(Error::from_io(Operation::Send, error));
                    self.generator.wrote(lane, length);
                }
            }
        }
    }

    fn await_room(&mut self, lane: usize) {
        let Some(socket) = &self.sockets[lane] else { return };
        let fd = socket.as_raw_fd();
        // It reports as well what is so already. Where it fails, the timeout is the end.
        let _ = self.poll.registry().reregister(&mut SourceFd(&fd), Token(lane), BOTH);
    }

    /// A connection has ended.
    fn end(&mut self, lane: usize, error: Error, now: u64) {
        self.sockets[lane] = None;
        self.failed(error);
        self.generator.ended(lane, now);
    }

    fn failed(&mut self, error: Error) {
        let endpoint = self.shared.endpoint;
        self.generator.failed(|| error.at(endpoint.to_string()));
    }

    fn look(&mut self, now: u64) {
        let mut overdue = std::mem::take(&mut self.overdue);
        self.generator.look(now, &mut overdue);
        for (lane, what) in overdue.drain(..) {
            match what {
                Overdue::Connect => self.connect(lane),
                Overdue::Connecting => {
                    self.unconnected(lane, Error::new(Operation::Connect, ErrorKind::TimedOut));
                }
                Overdue::Answer => self.sockets[lane] = None,
            }
        }
        self.overdue = overdue;
    }

    /// Begins to connect.
    fn connect(&mut self, lane: usize) {
        let options = SocketOptions::new().with_nonblocking(true);
        let socket = match &self.shared.target {
            Target::Tcp(address) => begin_to_connect(*address).map(Socket::Stream),
            Target::Unix(endpoint) => {
                let deadline = Deadline::after(FULL_QUEUE);
                Stream::connect(endpoint, &options, deadline).map(Socket::Stream)
            }
            Target::Udp(endpoint) => {
                let deadline = Deadline::after(self.shared.load.timeout);
                Datagram::connect(endpoint, &options, deadline)
                    .and_then(UdpSocket::try_from)
                    .map(Socket::Datagram)
            }
        };
        match socket {
            Ok(socket) => self.adopt(lane, socket, !matches!(self.shared.target, Target::Tcp(_))),
            Err(error) => self.unconnected(lane, error),
        }
    }

    /// Takes a socket that is connected, or is being connected.
    fn adopt(&mut self, lane: usize, socket: Socket, connected: bool) {
        let interest = if connected { Interest::READABLE } else { BOTH };
        let fd = socket.as_raw_fd();
        let registered = self.poll.registry().register(&mut SourceFd(&fd), Token(lane), interest);
        if let Err(error) = registered {
            return self.unconnected(lane, Error::from_io(Operation::Poll, error));
        }
        self.sockets[lane] = Some(socket);
        let now = self.now();
        if connected {
            self.generator.open(lane, now);
        } else {
            self.generator.connecting(lane, now);
        }
    }

    /// Whether a connection has come to be.
    fn connected(&mut self, lane: usize) {
        let Some(Socket::Stream(stream)) = &self.sockets[lane] else { return };
        match (stream.peer_address(), stream.local_address()) {
            // A port that nobody has may be the one that the system gave this side.
            (Ok(peer), Ok(local)) if peer == local => {
                let refused = Error::new(Operation::Connect, ErrorKind::ConnectionRefused);
                self.unconnected(lane, refused);
            }
            (Ok(_), _) => {
                let now = self.now();
                self.generator.open(lane, now);
                self.read(lane, false);
            }
            _ => match (&mut &*stream).read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => self.unconnected(lane, Error::from_io(Operation::Connect, error)),
                Ok(_) => {
                    let end = Error::new(Operation::Connect, ErrorKind::UnexpectedEnd);
                    self.unconnected(lane, end);
                }
            },
        }
    }

    fn unconnected(&mut self, lane: usize, error: Error) {
        self.sockets[lane] = None;
        self.failed(error);
        let now = self.now();
        self.generator.unconnected(lane, now);
    }

    /// What is to be noted when the window begins, with each interval of the log, and at the end.
    fn note_window(&mut self, now: u64) -> Result<(), BenchError> {
        let (from, until) = self.generator.window();
        if self.waited.is_none() && now >= from {
            self.waited = waited_for_processor();
        }
        if self.waited_at_end.is_none() && now >= until {
            self.waited_at_end = waited_for_processor();
        }
        if now >= self.next_interval && self.next_interval < until {
            self.log_until(self.next_interval)?;
            self.next_interval += INTERVAL;
        }
        Ok(())
    }

    /// Writes what was recorded in the interval that ends then.
    fn log_until(&mut self, end: u64) -> Result<(), BenchError> {
        let begin = self.next_interval - INTERVAL;
        if let (Some(log), Some(interval)) = (&self.shared.log, self.generator.interval()) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let length = Duration::from_nanos(end.saturating_sub(begin));
            log.interval(Duration::from_nanos(begin), length, interval)?;
            interval.clear();
        }
        Ok(())
    }

    fn report(mut self) -> Result<Report, BenchError> {
        let (from, until) = self.generator.window();
        self.log_until(until)?;
        let window = until.saturating_sub(from).max(1) as f64;
        let mut report = self.generator.finish();
        report.busy = 1.0 - (self.idle as f64 / window).min(1.0);
        report.waited = self
            .waited
            .zip(self.waited_at_end)
            .map(|(before, after)| (after.saturating_sub(before) as f64 / window).min(1.0));
        Ok(report)
    }

    /// Nanoseconds since the run began.
    fn now(&self) -> u64 {
        self.shared.begun.elapsed().as_nanos() as u64
    }
}

impl Socket {
    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Stream(stream) => (&mut &*stream).read(buffer),
            Socket::Datagram(socket) => socket.recv(buffer),
        }
    }

    fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Stream(stream) => (&mut &*stream).write(bytes),
            Socket::Datagram(socket) => socket.send(bytes),
        }
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Socket::Stream(stream) => stream.as_raw_fd(),
            Socket::Datagram(socket) => socket.as_raw_fd(),
        }
    }
}

/// A stream that is being connected.
fn begin_to_connect(address: SocketAddr) -> Result<Stream, Error> {
    let stream = TcpStream::connect(address)
        .map_err(|error| Error::from_io(Operation::Connect, error).on(address))?;
    let stream = Stream::from(OwnedFd::from(stream));
    SocketOptions::new().with_nodelay(true).apply(&stream)?;
    Ok(stream)
}

fn polling(error: io::Error) -> BenchError {
    BenchError::Socket(Error::from_io(Operation::Poll, error))
}

/// How long this thread has been ready to run without a processor, in nanoseconds: the second
/// figure of proc(5)'s schedstat.
fn waited_for_processor() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().nth(1)?.parse().ok()
}
