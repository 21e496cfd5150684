//! A ping over sockets.

#[cfg(test)]
mod tests;

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
use crate::parse::ParsedTime;
use crate::ping::event::Event;
use crate::ping::plan::Plan;
use crate::ping::state::{Ping, Step};
use crate::ping::wire;
use crate::query;
use crate::service::Service;
use crate::zone::Zone;

/// How long it waits after a first connection that failed before it tries again; then twice as long
/// after each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What one read takes.
const PIECE: usize = 8 * 1024;

/// Pings a server from the calling thread: an iterator of what happens, until the [`Plan`] is done.
///
/// With a server of the timestamp or echo protocol it keeps one connection, or one socket for
/// datagrams. When that breaks, what is under way is lost, and the next probe connects anew; while
/// that fails, with growing pauses up to 5 s, the probes that are due are lost too. A server that
/// [speaks first](Service::speaks_first) gets a connection for each probe, one at a time; its
/// round trip is from the beginning of the connection to the answer, the first one with the look-up
/// of the name.
///
/// [`next`](Iterator::next) waits until something happens: until the next probe is due, or for the
/// timeout of the plan where a connection takes that long. Nothing is sent unless it is called.
///
/// ```no_run
/// use std::time::Duration;
/// use timestamp::ping::{Plan, Prober, Statistics};
/// use timestamp::{Service, Zone};
///
/// let endpoint = "udp://localhost:21567".parse()?;
/// let plan = Plan::default().with_count(Some(10)).with_interval(Duration::from_millis(100));
/// // A number that nobody else can know.
/// let nonce = 0x5d3a_91c2_07be_64f8;
/// let mut statistics = Statistics::default();
/// for event in Prober::new(endpoint, Service::Timestamp, Zone::Local, plan, nonce) {
///     statistics.add(&event);
/// }
/// println!("{} of {}", statistics.received(), statistics.sent());
/// if let Some(offset) = statistics.estimator().offset() {
///     println!("their clock is {} ns ahead, ± {:?}", offset.nanos, offset.error);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Prober {
    connector: Connector,
    endpoint: Endpoint,
    service: Service,
    zone: Zone,
    timeout: Duration,
    nonce: u64,
    ping: Ping,
    link: Option<Link>,
    /// The server, once it is known; where a protocol that speaks first is found again.
    peer: Option<Address>,
    /// No connection is tried before.
    retry: Instant,
    pause: Duration,
    piece: Box<[u8]>,
    events: VecDeque<Event>,
    /// It has been told that the server is of another kind.
    is_foreign: bool,
}

#[derive(Debug)]
enum Link {
    Stream(Stream, LineFramer),
    Datagram(Datagram),
}

impl Prober {
    /// A ping of `endpoint`. Times without a zone are read in `zone`. The nonce tells the answers
    /// to this ping from others; whoever does not know it can forge none.
    pub fn new(endpoint: Endpoint, service: Service, zone: Zone, plan: Plan, nonce: u64) -> Prober {
        Prober {
            connector: Connector::new(),
            endpoint,
            service,
            zone,
            timeout: plan.timeout,
            nonce,
            ping: Ping::new(plan),
            link: None,
            peer: None,
            retry: Instant::now(),
            pause: FIRST_PAUSE,
            piece: vec![0; PIECE].into_boxed_slice(),
            events: VecDeque::new(),
            is_foreign: false,
        }
    }

    /// Connects as this says: by IPv4 alone, for instance, or from a certain address.
    #[must_use]
    pub fn with_connector(self, connector: Connector) -> Prober {
        Prober { connector, ..self }
    }

    fn probe(&mut self, seq: u64) {
        self.events.push_back(Event::Sent { seq });
        let tried = if self.service.speaks_first() {
            self.exchange(seq)
        } else if self.link.is_some() || Instant::now() >= self.retry {
            self.send(seq)
        } else {
            Ok(())
        };
        if let Err(error) = tried {
            self.fail(error);
        }
    }

    /// The end of what a probe may wait for.
    fn deadline(&self) -> Deadline {
        Deadline::after(self.timeout).earlier(self.ping.deadline())
    }

    /// Over a connection of its own.
    fn exchange(&mut self, seq: u64) -> Result<(), Error> {
        let endpoint = match (&self.peer, self.endpoint.transport()) {
            (Some(Address::Inet(peer)), Transport::Tcp) => Endpoint::tcp(*peer),
            (Some(Address::Inet(peer)), Transport::Udp) => Endpoint::udp(*peer),
            _ => self.endpoint.clone(),
        };
        let (at, clock) = now();
        let deadline = self.deadline();
        let asked = match self.service {
            Service::Time => {
                query::time(&self.connector, &endpoint, deadline).map(|(seconds, from)| {
                    (4, ParsedTime::from_seconds_since_1900(seconds, clock), from)
                })
            }
            _ => query::daytime(&self.connector, &endpoint, deadline).map(|(line, from)| {
                let text = String::from_utf8_lossy(&line);
                (line.len(), ParsedTime::parse(&text, self.zone, clock), from)
            }),
        };
        match asked {
            Ok((bytes, reading, from)) => {
                let received = Instant::now();
                self.meet(from);
                self.ping.sent(seq, at, clock);
                let answer = self.ping.answered(seq, received, bytes, reading);
                self.events.extend(answer.map(Event::Answer));
                Ok(())
            }
            // Its probe is lost for that.
            Err(ClientError::Socket(error)) if error.is_timeout() && self.peer.is_some() => Ok(()),
            Err(ClientError::Socket(error)) => Err(error),
            Err(error) => {
                let broken = Error::new(Operation::Read, ErrorKind::UnexpectedEnd);
                Err(broken.at(self.endpoint.to_string()).because(io::Error::other(error)))
            }
        }
    }

    fn send(&mut self, seq: u64) -> Result<(), Error> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.connect()?,
        };
        let deadline = self.deadline();
        let link = self.link.insert(link);
        let line = wire::line(seq, self.nonce);
        let mut times = now();
        match link {
            Link::Stream(stream, _) => {
                stream.write_all_deadline(line.as_bytes(), deadline)?;
            }
            Link::Datagram(socket) => {
                let sent = socket.send(line.as_bytes(), deadline);
                // That is what became of an earlier one. This one has not been sent yet.
                let sent = match sent {
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                        self.events.push_back(Event::Error(error));
                        times = now();
                        socket.send(line.as_bytes(), deadline)
                    }
                    sent => sent,
                };
                // An interface that is down may come up again: there is no connection to break.
                if let Err(error) = sent {
                    self.events.push_back(Event::Error(error));
                    return Ok(());
                }
            }
        }
        self.ping.sent(seq, times.0, times.1);
        Ok(())
    }

    fn connect(&mut self) -> Result<Link, Error> {
        let deadline = self.deadline();
        let (link, peer) = if self.endpoint.transport() == Transport::Udp {
            let socket = self.connector.connect_datagram(&self.endpoint, deadline)?;
            let peer = socket.peer_address().cloned();
            (Link::Datagram(socket), peer)
        } else {
            let stream = self.connector.connect(&self.endpoint, deadline)?;
            let peer = stream.peer_address().ok();
            (Link::Stream(stream, LineFramer::new(wire::ANSWER_LIMIT)), peer)
        };
        if let Some(peer) = peer {
            self.meet(peer);
        }
        Ok(link)
    }

    fn meet(&mut self, peer: Address) {
        if self.peer.as_ref() != Some(&peer) {
            self.events.push_back(Event::Connected(peer.clone()));
            self.peer = Some(peer);
        }
    }

    /// What was connected is no more.
    fn fail(&mut self, error: Error) {
        self.link = None;
        self.ping.broken();
        self.retry = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        if self.service.speaks_first() {
            self.peer = None;
        }
        self.events.push_back(Event::Error(error));
    }

    /// Waits for answers, once.
    fn receive(&mut self, until: Instant) {
        let deadline = Deadline::at(until);
        let Prober { link, piece, nonce, zone, ping, events, pause, is_foreign, .. } = self;
        let mut take = |line: &[u8], at: Instant| {
            let Some((seq, text)) = wire::read(line, *nonce) else {
                if wire::is_foreign(line, *nonce) && !std::mem::replace(is_foreign, true) {
                    let begin = &line[..line.len().min(Event::FOREIGN_LIMIT)];
                    events.push_back(Event::Foreign(begin.trim_ascii_end().to_vec()));
                }
                return;
            };
            let reading = text.and_then(|t| ParsedTime::parse(t, *zone, SystemTime::now()));
            *pause = FIRST_PAUSE;
            events.extend(ping.answered(seq, at, line.len(), reading).map(Event::Answer));
        };
        let received = match link {
            None => {
                thread::sleep(until.saturating_duration_since(Instant::now()));
                return;
            }
            Some(Link::Stream(stream, framer)) => {
                stream.read_deadline(piece, deadline).and_then(|length| {
                    let at = Instant::now();
                    let mut input = &piece[..length];
                    while let Some(line) = framer.next(&mut input) {
                        // A line that is too long is no answer to anything here.
                        if let Ok(line) = line {
                            take(line.as_bytes(), at);
                        }
                    }
                    if length > 0 {
                        return Ok(());
                    }
                    let end = Error::new(Operation::Read, ErrorKind::UnexpectedEnd);
                    let words = io::Error::other("the server closed the connection");
                    Err(end.at(self.endpoint.to_string()).because(words))
                })
            }
            Some(Link::Datagram(socket)) => socket.recv(piece, deadline).map(|received| {
                take(&piece[..received.len], Instant::now());
            }),
        };
        match received {
            Err(error) if error.is_timeout() => {}
            Err(error) if matches!(self.link, Some(Link::Datagram(_))) => {
                self.events.push_back(Event::Error(error));
            }
            Err(error) => self.fail(error),
            Ok(()) => {}
        }
    }
}

impl Iterator for Prober {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
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

/// Both clocks, for what is sent next. The one that times the round trip is read first: what passes
/// between the two then makes the interval of the offset wider, and never wrong.
fn now() -> (Instant, SystemTime) {
    (Instant::now(), SystemTime::now())
}
