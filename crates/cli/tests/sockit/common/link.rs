//! An emulated link in front of a server. It delays and loses data at random from a seed, and
//! records the fate of each piece. The example `link` runs it by hand.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use netcore::testing::Random;

/// The most clients and the largest datagram of a link.
const MOST_CLIENTS: usize = 1024;
const LARGEST: usize = 65_536;
/// The time after which TCP sends a lost segment again (RFC 6298 has 1 s, Linux 200 ms).
const RETRANSMISSION: Duration = Duration::from_millis(200);

/// The properties of a link on the way to the server. The way back neither delays nor loses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    pub(crate) delay: Duration,
    /// The largest deviation from the delay. Deviations are spread evenly between both signs.
    pub(crate) jitter: Duration,
    /// The share of lost pieces, 0 to 1. TCP loses nothing: a lost piece, and all data behind it,
    /// comes later.
    pub(crate) loss: f64,
    pub(crate) seed: u64,
}

/// The fate of one datagram or piece of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) bytes: Vec<u8>,
    /// The time from its arrival until it was sent on. `None`: it was lost.
    pub(crate) delayed: Option<Duration>,
}

/// A link that runs until the process ends.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    passages: Arc<Mutex<Vec<Passage>>>,
}

impl Running {
    /// Returns everything that has passed or was lost, in that order.
    pub(crate) fn passages(&self) -> Vec<Passage> {
        self.passages.lock().expect("no thread of the link panics").clone()
    }
}

impl Link {
    /// Starts a link that sends datagrams on to `server`. Datagrams can overtake one another.
    pub(crate) fn udp(self, listen: SocketAddr, server: SocketAddr) -> io::Result<Running> {
        let socket = Arc::new(UdpSocket::bind(listen)?);
        let address = socket.local_addr()?;
        let passages = Arc::<Mutex<Vec<Passage>>>::default();
        let (noted, mut random) = (passages.clone(), Random::new(self.seed));
        thread::spawn(move || {
            let waiting = Waiting::start();
            let mut clients: BTreeMap<SocketAddr, Arc<UdpSocket>> = BTreeMap::new();
            let mut piece = vec![0; LARGEST];
            loop {
                let Ok((length, from)) = socket.recv_from(&mut piece) else { continue };
                let came = Instant::now();
                let bytes = piece[..length].to_vec();
                let (is_lost, delay) = self.fate(&mut random);
                if is_lost {
                    note(&noted, bytes, None);
                    continue;
                }
                if !clients.contains_key(&from) {
                    assert!(clients.len() < MOST_CLIENTS, "too many clients for a test");
                    let client = Arc::new(UdpSocket::bind((listen.ip(), 0)).expect("a socket"));
                    client.connect(server).expect("a server's address");
                    answer(client.clone(), socket.clone(), from);
                    clients.insert(from, client);
                }
                let (client, noted) = (clients[&from].clone(), noted.clone());
                waiting.at(came + delay, move || {
                    let delayed = came.elapsed();
                    // If nobody listens, this reports the failure of an earlier datagram.
                    let sent = client.send(&bytes).or_else(|_| client.send(&bytes));
                    note(&noted, bytes, sent.ok().map(|_| delayed));
                });
            }
        });
        Ok(Running { address, passages })
    }

    /// Starts a link that connects each client to `server`.
    pub(crate) fn tcp(self, listen: SocketAddr, server: SocketAddr) -> io::Result<Running> {
        let listener = TcpListener::bind(listen)?;
        let address = listener.local_addr()?;
        let passages = Arc::<Mutex<Vec<Passage>>>::default();
        let noted = passages.clone();
        thread::spawn(move || {
            for (client, number) in listener.incoming().flatten().zip(0..) {
                let Ok(to) = TcpStream::connect(server) else { continue };
                let (mut from, noted) =
                    (client.try_clone().expect("a second handle"), noted.clone());
                let (mut back, mut out) = (to.try_clone().expect("a second handle"), client);
                thread::spawn(move || {
                    out.set_nodelay(true).expect("a socket");
                    let _ = io::copy(&mut back, &mut out);
                    let _ = out.shutdown(Shutdown::Both);
                });
                let mut random = Random::new(self.seed ^ number);
                thread::spawn(move || {
                    let _ = self.forward(&mut from, to, &mut random, &noted);
                });
            }
        });
        Ok(Running { address, passages })
    }

    /// Forwards one direction of a stream. Bytes are read at once and keep their order.
    fn forward(
        self,
        from: &mut TcpStream,
        to: TcpStream,
        random: &mut Random,
        noted: &Arc<Mutex<Vec<Passage>>>,
    ) -> io::Result<()> {
        to.set_nodelay(true)?;
        let to = Arc::new(to);
        let waiting = Waiting::start();
        let mut last = Instant::now();
        let mut piece = vec![0; LARGEST];
        loop {
            let length = from.read(&mut piece)?;
            let came = Instant::now();
            let (is_lost, delay) = self.fate(random);
            let again = if is_lost { RETRANSMISSION } else { Duration::ZERO };
            last = last.max(came + delay + again);
            let (to, noted, bytes) = (to.clone(), noted.clone(), piece[..length].to_vec());
            waiting.at(last, move || {
                let delayed = came.elapsed();
                if bytes.is_empty() {
                    let _ = to.shutdown(Shutdown::Write);
                } else {
                    let sent = (&*to).write_all(&bytes);
                    note(&noted, bytes, sent.ok().map(|()| delayed));
                }
            });
            if length == 0 {
                return Ok(());
            }
        }
    }

    /// Returns whether a piece is lost, and its delay. Both are drawn for each piece, so that the
    /// fate of one does not depend on another.
    fn fate(&self, random: &mut Random) -> (bool, Duration) {
        let is_lost = random.fraction() < self.loss;
        let jitter = self.jitter.mul_f64(2.0 * random.fraction());
        (is_lost, (self.delay + jitter).saturating_sub(self.jitter))
    }
}

/// Starts a thread for the way back.
fn answer(from: Arc<UdpSocket>, to: Arc<UdpSocket>, client: SocketAddr) {
    thread::spawn(move || {
        let mut piece = vec![0; LARGEST];
        loop {
            if let Ok(length) = from.recv(&mut piece) {
                let _ = to.send_to(&piece[..length], client);
            }
        }
    });
}

fn note(passages: &Mutex<Vec<Passage>>, bytes: Vec<u8>, delayed: Option<Duration>) {
    passages.lock().expect("no thread of the link panics").push(Passage { bytes, delayed });
}

/// Jobs for later, run by a thread of their own.
#[derive(Clone)]
struct Waiting(Arc<(Mutex<Queue>, Condvar)>);

type Queue = BTreeMap<(Instant, u64), Box<dyn FnOnce() + Send>>;

impl Waiting {
    fn start() -> Waiting {
        let waiting = Waiting(Arc::default());
        let Waiting(shared) = waiting.clone();
        thread::spawn(move || {
            let (queue, changed) = &*shared;
            let mut jobs = queue.lock().expect("no job panics");
            loop {
                let Some((&(at, number), _)) = jobs.first_key_value() else {
                    jobs = changed.wait(jobs).expect("no job panics");
                    continue;
                };
                let left = at.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    jobs = changed.wait_timeout(jobs, left).expect("no job panics").0;
                } else if let Some(job) = jobs.remove(&(at, number)) {
                    drop(jobs);
                    job();
                    jobs = queue.lock().expect("no job panics");
                }
            }
        });
        waiting
    }

    /// Adds a job. Jobs of the same time run in the order in which they were added.
    fn at(&self, at: Instant, job: impl FnOnce() + Send + 'static) {
        let (queue, changed) = &*self.0;
        let mut jobs = queue.lock().expect("no job panics");
        let number =
            jobs.range((at, 0)..=(at, u64::MAX)).next_back().map_or(0, |(key, _)| key.1 + 1);
        jobs.insert((at, number), Box::new(job));
        changed.notify_one();
    }
}
