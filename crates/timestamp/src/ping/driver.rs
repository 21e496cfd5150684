//! Drives a ping over sockets.

use std::collections::VecDeque;
use std::io;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use netcore::line::LineFramer;
use netcore::{
    Address, Connector, Datagram, Deadline, Endpoint, Error, ErrorKind, Operation, Stream,
    Transport,
};

use crate::client::ClientError;
use crate::handshake::{self, Handshake};
use crate::parse::ParsedTime;
use crate::ping::event::Event;
use crate::ping::plan::Plan;
use crate::ping::state::{Ping, Step};
use crate::ping::wire;
use crate::query;
use crate::service::Service;
use crate::zone::Zone;

#[cfg(test)]
mod tests;

/// The pause after the first failed connection attempt. It doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between connection attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The size of the input buffer in bytes.
const READ_SIZE: usize = 8 * 1024;

/// An iterator of the events of a ping, which runs on the calling thread until its [`Plan`] is
/// done.
///
/// ```no_run
/// use std::time::Duration;
/// use timestamp::ping::{Plan, Prober, Statistics};
/// use timestamp::{Service, Zone};
///
/// let endpoint = "udp://localhost:21567".parse()?;
/// let plan = Plan::default().with_count(Some(10)).with_interval(Duration::from_millis(100));
/// // A random number that nobody else knows.
/// let nonce = 0x5d3a_91c2_07be_64f8;
/// let mut statistics = Statistics::default();
/// for event in Prober::new(endpoint, Service::Timestamp, Zone::Local, plan, nonce) {
///     statistics.add(&event);
/// }
/// println!("{} of {}", statistics.received(), statistics.sent());
/// if let Some(offset) = statistics.estimator().offset() {
///     println!("the server is {} ns ahead, ± {:?}", offset.nanos, offset.error);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Connections
///
/// For the timestamp and echo protocols, a prober keeps one connection or datagram socket. When the
/// connection ends, the probes under way are lost and the next probe connects again. Failed
/// attempts are repeated after growing pauses of up to 5 s, and the probes due in between are lost.
///
/// A service that [speaks first](Service::speaks_first) gets one connection per probe, one at a
/// time. The round trip then counts from the start of the connection to the answer, and for the
/// first probe includes the name lookup.
///
/// # Waits
///
/// [`next`](Iterator::next) waits for the next event: until the next probe is due, or for the
/// timeout of the plan if connecting takes that long. Probes are sent only during this call.
#[derive(Debug)]
pub struct Prober {
    connector: Connector,
    endpoint: Endpoint,
    service: Service,
    timeout: Duration,
    ping: Ping,
    connection: Option<Connection>,
    /// The address of the server, once it is known. Services that speak first are reached there
    /// again.
    peer: Option<Address>,
    /// The time of the next connection attempt.
    retry: Instant,
    pause: Duration,
    input: Box<[u8]>,
    answers: Answers,
}

/// The recognition of answers, and the events that [`Prober::next`] has not returned yet.
#[derive(Debug)]
struct Answers {
    nonce: u64,
    /// The zone of times without one.
    zone: Zone,
    events: VecDeque<Event>,
    /// `true` once [`Event::Foreign`] was reported.
    is_foreign: bool,
    /// `true` if the server answered since the last read.
    is_reachable: bool,
}

#[derive(Debug)]
enum Connection {
    Stream(Stream, LineFramer),
    Datagram(Datagram),
}

impl Prober {
    /// Creates a ping of `endpoint`. Times without a zone are in `zone`. The nonce identifies the
    /// answers to this ping; nobody can forge one without knowing it.
    pub fn new(endpoint: Endpoint, service: Service, zone: Zone, plan: Plan, nonce: u64) -> Prober {
        Prober {
            connector: Connector::new(),
            endpoint,
            service,
            timeout: plan.timeout,
            ping: Ping::new(plan),
            connection: None,
            peer: None,
            retry: Instant::now(),
            pause: FIRST_PAUSE,
            input: vec![0; READ_SIZE].into_boxed_slice(),
            answers: Answers {
                nonce,
                zone,
                events: VecDeque::new(),
                is_foreign: false,
                is_reachable: false,
            },
        }
    }

    /// Sets the connector, for instance to use only IPv4 or a certain local address.
    #[must_use]
    pub fn with_connector(self, connector: Connector) -> Prober {
        Prober { connector, ..self }
    }

    fn probe(&mut self, seq: u64) {
        self.answers.events.push_back(Event::Sent { seq });
        let sent = if self.service.speaks_first() {
            self.exchange(seq)
        } else if self.connection.is_some() || Instant::now() >= self.retry {
            self.send(seq)
        } else {
            Ok(())
        };
        if let Err(error) = sent {
            self.disconnect(error);
        }
    }

    /// Returns the deadline of a probe that starts now.
    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout).earlier(self.ping.deadline())
    }

    /// Queries a service that speaks first, over a separate connection.
    fn exchange(&mut self, seq: u64) -> Result<(), Error> {
        let endpoint = match (&self.peer, self.endpoint.transport()) {
            (Some(Address::Inet(peer)), Transport::Tcp) => Endpoint::tcp(*peer),
            (Some(Address::Inet(peer)), Transport::Udp) => Endpoint::udp(*peer),
            _ => self.endpoint.clone(),
        };
        let (at, clock) = now();
        let deadline = self.deadline();
        let asked = match self.service {
            Service::Time => query::time(&self.connector, &endpoint, deadline).map(|asked| {
                let reading = ParsedTime::from_seconds_since_1900(asked.answer, clock);
                (4, reading, asked.from, asked.handshake)
            }),
            _ => query::daytime(&self.connector, &endpoint, deadline).map(|asked| {
                let text = String::from_utf8_lossy(&asked.answer);
                let reading = ParsedTime::parse(&text, self.answers.zone, clock);
                (asked.answer.len(), reading, asked.from, asked.handshake)
            }),
        };
        match asked {
            Ok((bytes, reading, from, handshake)) => {
                let received = Instant::now();
                self.note_peer(from);
                self.note_handshake(handshake);
                self.ping.sent(seq, at, clock);
                let answer = self.ping.answered(seq, received, bytes, reading);
                self.answers.events.extend(answer.map(Event::Answer));
                Ok(())
            }
            // The probe counts as lost.
            Err(ClientError::Socket(error)) if error.is_timeout() && self.peer.is_some() => Ok(()),
            Err(ClientError::Socket(error)) => Err(error),
            Err(error) => {
                let broken = Error::new(Operation::Read, ErrorKind::UnexpectedEnd);
                Err(broken.at(self.endpoint.to_string()).because(io::Error::other(error)))
            }
        }
    }

    fn send(&mut self, seq: u64) -> Result<(), Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let deadline = self.deadline();
        let connection = self.connection.insert(connection);
        let line = wire::line(seq, self.answers.nonce);
        let mut times = now();
        match connection {
            Connection::Stream(stream, _) => {
                stream.write_all_deadline(line.as_bytes(), deadline)?;
            }
            Connection::Datagram(socket) => {
                let sent = socket.send(line.as_bytes(), deadline);
                // The error reports an earlier probe; this one has not been sent yet.
                let sent = match sent {
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                        self.answers.events.push_back(Event::Error(error));
                        times = now();
                        socket.send(line.as_bytes(), deadline)
                    }
                    sent => sent,
                };
                // A datagram socket has no connection to lose: an interface that is down may come
                // up again.
                if let Err(error) = sent {
                    self.answers.events.push_back(Event::Error(error));
                    return Ok(());
                }
            }
        }
        self.ping.sent(seq, times.0, times.1);
        Ok(())
    }

    fn connect(&mut self) -> Result<Connection, Error> {
        let deadline = self.deadline();
        let (connection, peer, handshake) = if self.endpoint.transport() == Transport::Udp {
            let socket = self.connector.connect_datagram(&self.endpoint, deadline)?;
            let peer = socket.peer_address().cloned();
            (Connection::Datagram(socket), peer, None)
        } else {
            let (stream, handshake) =
                handshake::connect(&self.connector, &self.endpoint, deadline)?;
            let peer = stream.peer_address().ok();
            (Connection::Stream(stream, LineFramer::new(wire::ANSWER_LIMIT)), peer, handshake)
        };
        if let Some(peer) = peer {
            self.note_peer(peer);
        }
        self.note_handshake(handshake);
        Ok(connection)
    }

    fn note_peer(&mut self, peer: Address) {
        if self.peer.as_ref() != Some(&peer) {
            self.answers.events.push_back(Event::Connected(peer.clone()));
            self.peer = Some(peer);
        }
    }

    fn note_handshake(&mut self, handshake: Option<Handshake>) {
        self.answers.events.extend(handshake.map(|it| Event::Encrypted {
            connect: it.connect,
            handshake: it.handshake,
            resumed: it.resumed,
        }));
    }

    /// Closes the connection after an error, and delays the next attempt.
    fn disconnect(&mut self, error: Error) {
        self.connection = None;
        self.ping.disconnected();
        self.retry = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.service.speaks_first() {
            self.peer = None;
        }
        self.answers.events.push_back(Event::Error(error));
    }

    /// Waits for input until `until`, reads once, and handles the answers in it.
    fn receive(&mut self, until: Instant) {
        let deadline = Deadline::at(until);
        let received = match &mut self.connection {
            None => {
                thread::sleep(until.saturating_duration_since(Instant::now()));
                return;
            }
            Some(Connection::Stream(stream, framer)) => {
                let (answers, input) = (&mut self.answers, &mut self.input);
                stream.read_deadline(input, deadline).and_then(|length| {
                    let at = Instant::now();
                    let mut input = &input[..length];
                    while let Some(line) = framer.next(&mut input) {
                        // A line that is too long answers no probe.
                        if let Ok(line) = line {
                            answers.handle(&mut self.ping, line.as_bytes(), at);
                        }
                    }
                    if length > 0 { Ok(()) } else { Err(closed(&self.endpoint)) }
                })
            }
            Some(Connection::Datagram(socket)) => {
                socket.recv(&mut self.input, deadline).map(|received| {
                    let answer = &self.input[..received.len];
                    self.answers.handle(&mut self.ping, answer, Instant::now());
                })
            }
        };
        if std::mem::take(&mut self.answers.is_reachable) {
            self.pause = FIRST_PAUSE;
        }
        match received {
            Err(error) if error.is_timeout() => {}
            Err(error) if matches!(self.connection, Some(Connection::Datagram(_))) => {
                self.answers.events.push_back(Event::Error(error));
            }
            Err(error) => self.disconnect(error),
            Ok(()) => {}
        }
    }
}

impl Answers {
    /// Handles a line or datagram that arrived at `at`.
    fn handle(&mut self, ping: &mut Ping, line: &[u8], at: Instant) {
        let Some((seq, text)) = wire::read(line, self.nonce) else {
            if wire::is_foreign(line, self.nonce) && !std::mem::replace(&mut self.is_foreign, true)
            {
                let begin = &line[..line.len().min(Event::FOREIGN_LIMIT)];
                self.events.push_back(Event::Foreign(begin.trim_ascii_end().to_vec()));
            }
            return;
        };
        let time = text.and_then(|text| ParsedTime::parse(text, self.zone, SystemTime::now()));
        self.is_reachable = true;
        self.events.extend(ping.answered(seq, at, line.len(), time).map(Event::Answer));
    }
}

impl Iterator for Prober {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.answers.events.pop_front() {
                return Some(event);
            }
            match self.ping.poll(Instant::now()) {
                Step::Send(seq) => self.probe(seq),
                Step::Lost(seq) => return Some(Event::Lost { seq }),
                Step::Wait(until) => self.receive(until),
                Step::End => return None,
            }
        }
    }
}

/// Reads both clocks before sending. The clock of the round trip is read first, so the time between
/// the two readings widens the interval of the offset and cannot make it wrong.
fn now() -> (Instant, SystemTime) {
    (Instant::now(), SystemTime::now())
}

/// Returns the error for a connection that the server closed.
fn closed(endpoint: &Endpoint) -> Error {
    Error::new(Operation::Read, ErrorKind::UnexpectedEnd)
        .at(endpoint.to_string())
        .because(io::Error::other("the server closed the connection"))
}
