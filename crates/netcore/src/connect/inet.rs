//! Connecting to IP addresses: the driver of the [`Race`], and datagram sockets.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use crate::address::Address;
use crate::connect::event::{ConnectEvent, Observer};
use crate::connect::happy_eyeballs::{Action, Race, interleaved};
use crate::connect::socket::{explained, failed, goes_on, open};
use crate::deadline::Deadline;
use crate::endpoint::{Endpoint, Host};
use crate::error::{Error, ErrorKind, Operation};
use crate::options::SocketOptions;
use crate::resolve::{Family, resolve};
use crate::sys::{Interest, PollEntry};
use crate::until::Until;
use crate::wait;

/// The addresses of an endpoint to try, and the sockets to try them with.
pub(super) struct InetTarget<'a> {
    pub(super) endpoint: &'a Endpoint,
    /// Family of the addresses to try.
    pub(super) family: Family,
    /// Address to bind each socket to.
    pub(super) local: Option<SocketAddr>,
    pub(super) options: &'a SocketOptions,
}

/// Connects a stream to the first address of the endpoint that answers.
pub(super) fn stream(
    target: &InetTarget<'_>,
    attempt_delay: Duration,
    until: Until<'_>,
    observer: Observer<'_>,
) -> Result<(Socket, Address), Error> {
    let begin = Instant::now();
    let addresses = interleaved(&target.addresses(until)?);
    observer(&ConnectEvent::Resolved { addresses: &addresses, elapsed: begin.elapsed() });
    let race = Race::new(addresses.len(), attempt_delay, until.deadline());
    let (attempts, failures) = (Vec::new(), Vec::new());
    AttemptDriver { addresses, target, until, observer, attempts, failures }.run(race)
}

/// Opens a datagram socket whose peer is the first address of the endpoint that the system accepts.
pub(super) fn datagram(
    target: &InetTarget<'_>,
    until: Until<'_>,
) -> Result<(Socket, Address), Error> {
    let port_is_chosen = target.local.is_some_and(|local| local.port() != 0);
    let mut failures = Vec::new();
    for address in target.addresses(until)? {
        let begin = Instant::now();
        let connected = apart(address, port_is_chosen, || target.bound(address, Type::DGRAM));
        match connected {
            Ok(socket) => return Ok((socket, Address::Inet(address))),
            Err(error) if error.operation() == Operation::Bind => return Err(error),
            Err(error) => failures.push(target.named(error).on(address).after(begin.elapsed())),
        }
    }
    Err(target.named(Error::from_attempts(Operation::Connect, failures)))
}

/// Connects a datagram socket of `open` to `address`, and never to itself. The system may give the
/// socket the very port that it connects to, if no socket has that port. The socket would then
/// receive its own datagrams as answers.
pub(super) fn apart(
    address: SocketAddr,
    port_is_chosen: bool,
    open: impl Fn() -> Result<Socket, Error>,
) -> Result<Socket, Error> {
    let connected = || -> Result<(Socket, bool), Error> {
        let socket = open()?;
        socket.connect(&SockAddr::from(address)).map_err(|error| failed(explained(error)))?;
        let is_itself = meets_itself(&socket, address).map_err(failed)?;
        Ok((socket, is_itself))
    };
    match connected()? {
        (socket, false) => Ok(socket),
        (_, true) if port_is_chosen => Err(itself()),
        // While the first socket is open, the system gives its port to no other.
        (_held, true) => match connected()? {
            (socket, false) => Ok(socket),
            (_, true) => Err(itself()),
        },
    }
}

impl InetTarget<'_> {
    /// Resolves the endpoint.
    fn addresses(&self, until: Until<'_>) -> Result<Vec<SocketAddr>, Error> {
        let mut addresses = resolve(self.endpoint, self.family, until)?;
        if self.endpoint.host() == Some(&Host::Any) {
            for address in &mut addresses {
                address.set_ip(loopback(address.ip()));
            }
        }
        Ok(addresses)
    }

    /// Opens a socket for `address`, bound to the local address if there is one.
    fn bound(&self, address: SocketAddr, kind: Type) -> Result<Socket, Error> {
        let socket = open(Domain::for_address(address), kind, self.options)?;
        if let Some(local) = self.local {
            let bind = |error| Error::from_io(Operation::Bind, error).at(local.to_string());
            socket.bind(&SockAddr::from(local)).map_err(bind)?;
        }
        Ok(socket)
    }

    /// Opens a socket that is connecting to `address`.
    fn begun(&self, address: SocketAddr) -> Result<Socket, Error> {
        let socket = self.bound(address, Type::STREAM)?;
        socket.set_nonblocking(true).map_err(failed)?;
        match socket.connect(&SockAddr::from(address)) {
            Ok(()) => Ok(socket),
            Err(error) if goes_on(&error) => Ok(socket),
            Err(error) => Err(failed(explained(error))),
        }
    }

    /// Names the endpoint in an error.
    fn named(&self, error: Error) -> Error {
        error.at(self.endpoint.as_given())
    }
}

/// Replaces the unspecified address of `:PORT` by the loopback address. Only some systems connect
/// to the unspecified address.
fn loopback(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    }
}

/// A race over real sockets.
struct AttemptDriver<'a> {
    addresses: Vec<SocketAddr>,
    target: &'a InetTarget<'a>,
    until: Until<'a>,
    observer: Observer<'a>,
    /// The attempts in flight, in the order of their start.
    attempts: Vec<Attempt>,
    /// The failures with the numbers of their attempts, in the order of the attempts.
    failures: Vec<(usize, Error)>,
}

/// An attempt in flight: a non-blocking socket.
struct Attempt {
    number: usize,
    socket: Socket,
    begin: Instant,
}

impl AttemptDriver<'_> {
    fn run(mut self, mut race: Race) -> Result<(Socket, Address), Error> {
        loop {
            if self.until.is_cancelled() {
                return Err(self.cancelled());
            }
            match race.poll(Instant::now()) {
                Action::Start(attempt) => self.start(attempt, &mut race)?,
                Action::Wait(until) => {
                    if let Some(winner) = self.wait(until, &mut race)? {
                        return self.finish(winner);
                    }
                }
                Action::AllFailed => {
                    let error = Error::from_attempts(Operation::Connect, self.failures());
                    return Err(self.target.named(error));
                }
                Action::DeadlinePassed => {
                    for Attempt { number, begin, .. } in mem::take(&mut self.attempts) {
                        self.fail(number, begin, Error::timed_out(Operation::Connect));
                    }
                    let error = Error::timed_out_after(Operation::Connect, self.failures());
                    return Err(self.target.named(error));
                }
            }
        }
    }

    /// Gives up all attempts in flight.
    fn cancelled(&mut self) -> Error {
        let error = self.target.named(self.until.error(Operation::Connect));
        // One address says more than the name.
        let error = match &self.addresses[..] {
            [only] => error.on(*only),
            _ => error,
        };
        self.drop_attempts();
        error
    }

    /// Closes and reports the attempts in flight, which are needed no more.
    fn drop_attempts(&mut self) {
        for Attempt { number, socket, begin } in mem::take(&mut self.attempts) {
            drop(socket);
            let (address, elapsed) = (&Address::Inet(self.addresses[number]), begin.elapsed());
            (self.observer)(&ConnectEvent::Cancelled { address, elapsed });
        }
    }

    fn start(&mut self, attempt: usize, race: &mut Race) -> Result<(), Error> {
        let address = self.addresses[attempt];
        (self.observer)(&ConnectEvent::Started { address: &Address::Inet(address) });
        let begin = Instant::now();
        match self.target.begun(address) {
            Ok(socket) => self.attempts.push(Attempt { number: attempt, socket, begin }),
            // A fault of the local address applies to every attempt. Only for a later attempt the
            // reason may be an earlier one, which has the port.
            Err(error) if attempt == 0 && error.operation() == Operation::Bind => {
                return Err(error);
            }
            Err(error) => {
                self.fail(attempt, begin, error);
                race.failed(Instant::now());
            }
        }
        Ok(())
    }

    /// Waits for an event of the attempts in flight. Returns the first attempt that connected.
    fn wait(&mut self, deadline: Deadline, race: &mut Race) -> Result<Option<Attempt>, Error> {
        let sockets = self.attempts.iter().map(|attempt| &attempt.socket);
        let mut entries: Vec<_> =
            sockets.map(|socket| PollEntry::new(socket, Interest::Write)).collect();
        wait::any_ready(&mut entries, self.until.earlier(deadline))
            .map_err(|error| self.target.named(Error::from_io(Operation::Poll, error)))?;
        let ready: Vec<bool> = entries.iter().map(PollEntry::is_ready).collect();
        let mut winner = None;
        for (attempt, ready) in mem::take(&mut self.attempts).into_iter().zip(ready) {
            if !ready || winner.is_some() {
                self.attempts.push(attempt);
                continue;
            }
            match outcome(&attempt.socket, self.addresses[attempt.number]) {
                Ok(()) => winner = Some(attempt),
                Err(error) => {
                    self.fail(attempt.number, attempt.begin, error);
                    race.failed(Instant::now());
                }
            }
        }
        Ok(winner)
    }

    fn fail(&mut self, attempt: usize, begin: Instant, error: Error) {
        let (address, elapsed) = (Address::Inet(self.addresses[attempt]), begin.elapsed());
        let error = self.target.named(error).on(address.clone()).after(elapsed);
        (self.observer)(&ConnectEvent::Failed { address: &address, elapsed, error: &error });
        let at = self.failures.partition_point(|(earlier, _)| *earlier < attempt);
        self.failures.insert(at, (attempt, error));
    }

    fn failures(&mut self) -> Vec<Error> {
        mem::take(&mut self.failures).into_iter().map(|(_, error)| error).collect()
    }

    /// Returns the winner's socket and closes the others.
    fn finish(mut self, winner: Attempt) -> Result<(Socket, Address), Error> {
        let Attempt { number, socket, begin } = winner;
        let peer = Address::Inet(self.addresses[number]);
        let elapsed = begin.elapsed();
        (self.observer)(&ConnectEvent::Connected { address: &peer, elapsed });
        self.drop_attempts();
        match socket.set_nonblocking(false) {
            Ok(()) => Ok((socket, peer)),
            Err(error) => Err(self.target.named(failed(error).on(peer))),
        }
    }
}

/// Returns the result of an attempt that poll(2) reported.
fn outcome(socket: &Socket, address: SocketAddr) -> Result<(), Error> {
    if let Some(error) = socket.take_error().map_err(failed)? {
        return Err(failed(error));
    }
    match meets_itself(socket, address).map_err(failed)? {
        false => Ok(()),
        true => Err(itself()),
    }
}

/// Returns `true` if a socket that was connected to `address` is its own peer. The system may give
/// a socket the very port that it connects to, if no socket has that port. TCP then connects the
/// socket to itself (RFC 9293 section 3.5, simultaneous open), and so does UDP.
fn meets_itself(socket: &Socket, address: SocketAddr) -> io::Result<bool> {
    let Some(local) = socket.local_addr()?.as_socket() else { return Ok(false) };
    if local.port() != address.port() {
        return Ok(false);
    }
    // Some systems take the unspecified address for this machine, so `address` itself is not
    // decisive.
    Ok(local.ip() == address.ip() || socket.peer_addr()?.as_socket() == Some(local))
}

fn itself() -> Error {
    Error::new(Operation::Connect, ErrorKind::ConnectionRefused)
        .because_text("self-connect: nobody is listening on this port")
}
