//! Drives a generator on sockets: one thread with one poller.

mod connecting;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};
use netcore::{Endpoint, Error, ErrorKind, Operation};

use crate::bench::connection::State;
use crate::bench::cpu_wait::cpu_wait;
use crate::bench::error::BenchError;
use crate::bench::generator::{Generator, Overdue, Share};
use crate::bench::hdr_log::IntervalLog;
use crate::bench::load::Load;
use crate::bench::report::Report;
use crate::bench::socket::{Socket, Target};
use crate::bench::source::SHORT_READ_IS_LAST;

/// The most events of one poll.
const EVENTS: usize = 1024;
/// The size of the read buffer in bytes; no datagram is longer.
const READ_SIZE: usize = 256 * 1024;
/// The most reads from one connection before the others have their turn.
const READS_PER_TURN: usize = 16;
/// A millisecond in nanoseconds: the unit of poll(2) and its like. For anything that is due sooner
/// the thread polls without sleeping.
const MILLISECOND: u64 = 1_000_000;
/// The length of an interval of the log, in nanoseconds.
const LOG_INTERVAL: u64 = 1_000_000_000;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The state that the threads of a run share.
#[derive(Debug)]
pub(super) struct RunContext<'a> {
    pub(super) load: &'a Load,
    pub(super) endpoint: &'a Endpoint,
    pub(super) target: Target,
    /// The time at which the run started; times in nanoseconds count from it.
    pub(super) started: Instant,
    /// The barrier at which each thread waits for the connections of the others.
    pub(super) ready: Barrier,
    pub(super) stop: &'a AtomicBool,
    pub(super) log: Option<Mutex<IntervalLog<'a>>>,
}

/// A thread of the load: a generator, its sockets and their poller.
#[derive(Debug)]
pub(super) struct Driver<'a> {
    context: &'a RunContext<'a>,
    share: Share,
    generator: Generator,
    is_stream: bool,
    /// `true` over TLS, whose plaintext and ciphertext may wait inside of the stream.
    is_encrypted: bool,
    poll: Poll,
    sockets: Vec<Option<Socket>>,
    input: Box<[u8]>,
    /// A buffer for several requests.
    output: Vec<u8>,
    overdue: Vec<(usize, Overdue)>,
    /// The connections that used up their reads and may have more input, each with `true` if its
    /// peer has closed it.
    unread: Vec<(usize, bool)>,
    /// The time in the window in which this thread waited for events, in nanoseconds.
    idle: u64,
    /// The value of [`cpu_wait`] at the start of the window.
    cpu_wait_at_start: Option<u64>,
    /// The value of [`cpu_wait`] at the end of the window.
    cpu_wait_at_end: Option<u64>,
    /// The end of the current interval of the log, in nanoseconds.
    interval_end: u64,
}

impl<'a> Driver<'a> {
    pub(super) fn new(context: &'a RunContext<'a>, share: Share) -> Result<Driver<'a>, BenchError> {
        let is_stream = !matches!(context.target, Target::Udp(_));
        let generator = Generator::new(context.load, share, is_stream, context.log.is_some());
        Ok(Driver {
            context,
            share,
            poll: Poll::new().map_err(poll_error)?,
            sockets: (0..generator.connections()).map(|_| None).collect(),
            generator,
            is_stream,
            is_encrypted: context.target.encryption().is_some(),
            input: vec![0; READ_SIZE].into(),
            output: Vec::new(),
            overdue: Vec::new(),
            unread: Vec::new(),
            idle: 0,
            cpu_wait_at_start: None,
            cpu_wait_at_end: None,
            interval_end: u64::MAX,
        })
    }

    /// Connects, waits for the other threads, and makes this thread's share of the load.
    pub(super) fn run(mut self, first: Option<Socket>) -> Result<Report, BenchError> {
        let mut events = Events::with_capacity(EVENTS);
        let connected = self.connect_all(first, &mut events);
        self.context.ready.wait();
        connected?;
        let mut now = self.now();
        self.generator.start(self.context.load, self.share, now);
        self.interval_end = self.generator.window().0.saturating_add(LOG_INTERVAL);
        while !self.generator.is_over(now) {
            self.send_due(now);
            self.wait(&mut events, self.generator.wait(now))?;
            let woken = self.now();
            let (from, until) = self.generator.window();
            self.idle += woken.min(until).saturating_sub(now.max(from));
            self.handle_events(&events);
            self.handle_timeouts(woken);
            if self.is_stopped() {
                self.generator.stop(woken);
            }
            now = self.now();
            self.measure_window(now)?;
        }
        self.report()
    }

    fn is_stopped(&self) -> bool {
        self.context.stop.load(Ordering::Relaxed)
    }

    /// Waits for events for at most `nanoseconds`, rounded down to milliseconds.
    fn wait(&mut self, events: &mut Events, nanoseconds: u64) -> Result<(), BenchError> {
        let nanoseconds = if self.unread.is_empty() { nanoseconds } else { 0 };
        let timeout = Duration::from_millis(nanoseconds / MILLISECOND);
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                events.clear();
                Ok(())
            }
            result => result.map_err(poll_error),
        }
    }

    fn handle_events(&mut self, events: &Events) {
        for event in events {
            self.handle_event(event);
        }
        for (id, ends) in std::mem::take(&mut self.unread) {
            self.read(id, ends);
        }
    }

    fn handle_event(&mut self, event: &Event) {
        let Token(id) = event.token();
        match self.generator.state(id) {
            State::Down { .. } => {}
            State::Connecting { .. } => self.finish_connecting(id),
            State::Open => {
                if event.is_writable() {
                    self.flush(id);
                }
                if event.is_readable() || event.is_error() {
                    self.read(id, event.is_read_closed());
                }
            }
        }
    }

    /// Reads the available input of a connection, up to [`READS_PER_TURN`] reads. `ends` is `true`
    /// if the peer has closed the connection.
    fn read(&mut self, id: usize, ends: bool) {
        for _ in 0..READS_PER_TURN {
            if !self.read_once(id, ends) {
                return;
            }
        }
        self.unread.push((id, ends));
    }

    /// Reads once. Returns `true` if there may be more input. A short read of a stream is the last
    /// one, unless it is encrypted or an end of the stream follows; datagrams are read until no
    /// answer is missing.
    fn read_once(&mut self, id: usize, ends: bool) -> bool {
        let Some(socket) = &self.sockets[id] else { return false };
        let received = socket.receive(&mut self.input);
        let now = self.now();
        let more = match received {
            Ok(0) if self.is_stream => {
                let end = Error::new(Operation::Read, ErrorKind::UnexpectedEnd);
                self.disconnect(id, end, now);
                false
            }
            Ok(length) if self.is_stream => {
                if self.generator.receive(id, &self.input[..length], now).is_err() {
                    self.sockets[id] = None;
                }
                let is_full = length == self.input.len();
                ends || is_full || self.is_encrypted || !SHORT_READ_IS_LAST
            }
            Ok(length) => {
                let more = self.generator.receive_datagram(id, &self.input[..length], now);
                more || !SHORT_READ_IS_LAST
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) if self.is_stream => {
                self.disconnect(id, Error::from_io(Operation::Read, error), now);
                false
            }
            // The error concerns an earlier datagram, usually an ICMP "port unreachable".
            Err(error) => {
                self.note_failure(Error::from_io(Operation::Receive, error));
                true
            }
        };
        // All available datagrams are read before the next requests are sent.
        if self.is_stream || !more {
            self.send_due(now);
        }
        more
    }

    /// Sends the requests that are due. Consecutive requests of one connection share a write.
    fn send_due(&mut self, now: u64) {
        let mut last = None;
        while let Some(id) = self.generator.dispatch(now) {
            if let Some(other) = last.filter(|last| *last != id) {
                self.flush(other);
            }
            last = Some(id);
        }
        if let Some(id) = last {
            self.flush(id);
        }
    }

    /// Writes the pending output of a connection, as far as its socket accepts it. Only a socket
    /// that was full is watched for room, because datagram and Unix sockets report room after every
    /// message that the peer has read.
    fn flush(&mut self, id: usize) {
        while let Some(bytes) = self.generator.output(id, &mut self.output) {
            let Some(socket) = &self.sockets[id] else { return };
            let length = bytes.len();
            match socket.send(bytes) {
                Ok(sent) => self.generator.sent(id, sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.watch_for_room(id);
                }
                Err(error) if self.is_stream => {
                    let now = self.now();
                    return self.disconnect(id, Error::from_io(Operation::Write, error), now);
                }
                // The datagram is lost, as any datagram may be.
                Err(error) => {
                    self.note_failure(Error::from_io(Operation::Send, error));
                    self.generator.sent(id, length);
                }
            }
        }
        if self.is_encrypted {
            self.flush_ciphertext(id);
        }
    }

    fn flush_ciphertext(&mut self, id: usize) {
        let Some(socket) = &self.sockets[id] else { return };
        match socket.flush() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.watch_for_room(id),
            Err(error) => {
                let now = self.now();
                self.disconnect(id, Error::from_io(Operation::Write, error), now);
            }
        }
    }

    fn watch_for_room(&mut self, id: usize) {
        let Some(socket) = &mut self.sockets[id] else { return };
        // The poller also reports room that exists already. If this fails, the timeout of the
        // answer ends the connection.
        let _ = socket.reregister(self.poll.registry(), Token(id), BOTH);
    }

    /// Closes the socket of a connection that has ended.
    fn disconnect(&mut self, id: usize, error: Error, now: u64) {
        self.sockets[id] = None;
        self.note_failure(error);
        self.generator.disconnected(id, now);
    }

    fn note_failure(&mut self, error: Error) {
        let endpoint = self.context.endpoint;
        self.generator.note_failure(|| error.at(endpoint.to_string()));
    }

    /// Reconnects connections whose pause is over, and closes those that exceeded a timeout.
    fn handle_timeouts(&mut self, now: u64) {
        let mut overdue = std::mem::take(&mut self.overdue);
        self.generator.check_timeouts(now, &mut overdue);
        for (id, action) in overdue.drain(..) {
            match action {
                Overdue::Connect => self.connect(id),
                Overdue::Connecting => {
                    self.connect_failed(id, Error::new(Operation::Connect, ErrorKind::TimedOut));
                }
                Overdue::Answer => self.sockets[id] = None,
            }
        }
        self.overdue = overdue;
    }

    /// Reads [`cpu_wait`] at both ends of the window, and writes the log at the end of each
    /// interval.
    fn measure_window(&mut self, now: u64) -> Result<(), BenchError> {
        let (from, until) = self.generator.window();
        if self.cpu_wait_at_start.is_none() && now >= from {
            self.cpu_wait_at_start = cpu_wait();
        }
        if self.cpu_wait_at_end.is_none() && now >= until {
            self.cpu_wait_at_end = cpu_wait();
        }
        if now >= self.interval_end && self.interval_end < until {
            self.log_until(self.interval_end)?;
            self.interval_end += LOG_INTERVAL;
        }
        Ok(())
    }

    /// Writes the latencies of the current interval, which ends at `end`, to the log.
    fn log_until(&mut self, end: u64) -> Result<(), BenchError> {
        let begin = self.interval_end - LOG_INTERVAL;
        if let (Some(log), Some(interval)) = (&self.context.log, self.generator.interval()) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            let length = Duration::from_nanos(end.saturating_sub(begin));
            log.write(Duration::from_nanos(begin), length, interval)?;
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
            .cpu_wait_at_start
            .zip(self.cpu_wait_at_end)
            .map(|(start, end)| (end.saturating_sub(start) as f64 / window).min(1.0));
        Ok(report)
    }

    /// Returns the time since the start of the run, in nanoseconds.
    fn now(&self) -> u64 {
        self.context.started.elapsed().as_nanos() as u64
    }
}

fn poll_error(error: io::Error) -> BenchError {
    BenchError::Socket(Error::from_io(Operation::Poll, error))
}
