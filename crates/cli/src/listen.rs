//! `sockit listen`: accepts connections and relays each to standard input and output.

use std::slice;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use netcore::options::Keepalive;
use netcore::threaded::{Config, Connection, Handle, Server};
#[cfg(feature = "tls")]
use netcore::tls::TlsAcceptor;
use netcore::{Datagram, Endpoint, Listener, SocketOptions, Transport};

use crate::activation::{self, Passed};
use crate::args::common::Common;
use crate::args::net::Listen;
use crate::descriptors::raise_descriptors;
use crate::escape::quote;
use crate::exit::Failure;
#[cfg(feature = "tls")]
use crate::signals;
use crate::signals::Signals;
use crate::stdio::{self, Printer, Stdio};
use crate::stdio_relay::{self, RelayEnd, RelayTimeouts, relay_stdio};
use crate::{datagrams, exit, foreground, logging, parse, threads, tls};

/// The silence of standard input after which a client that closed its side is let go. Such a client
/// may still expect a reply, or may have gone.
const HALF_CLOSED: Duration = Duration::from_secs(1);

/// Runs `sockit listen`.
pub(crate) fn listen(args: Listen, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let passed = Passed::take()?;
    #[cfg(feature = "tls")]
    let acceptor = tls::acceptor(&args.tls, slice::from_ref(&endpoint))?;
    #[cfg(not(feature = "tls"))]
    tls::refuse(slice::from_ref(&endpoint))?;
    logging::detach()?;
    foreground::ignore_stops();
    // TCP_USER_TIMEOUT stays off: a client may stop reading for any length of time.
    let keepalive = args.keepalive.0.map(Keepalive::within);
    let options = SocketOptions::new().with_keepalive(keepalive);
    let banner = args.banner.map(parse::bytes_of);
    if endpoint.transport() == Transport::Udp {
        if banner.is_some() {
            return Err(Failure::new(exit::USAGE, "--banner needs connections, and UDP has none"));
        }
        if args.broadcast && !passed.is_empty() {
            let message = "--broadcast: the socket of systemd has its options from its unit";
            return Err(Failure::new(exit::USAGE, message));
        }
        let options = options.with_broadcast(args.broadcast);
        let sockets = match passed.is_empty() {
            true => datagrams::bind(&endpoint, options).map_err(|e| Failure::listening(&e)),
            false => passed.datagrams(),
        }?;
        return listen_datagrams(sockets, args.idle_timeout, common, stdio);
    }
    datagrams::only_for_udp(args.broadcast)?;
    let listeners = match passed.is_empty() {
        true => Listener::bind_all(&endpoint, &options).map_err(|error| Failure::listening(&error)),
        false => passed.listeners(),
    }?;
    #[cfg(feature = "tls")]
    let listeners = encrypted(listeners, acceptor, stdio)?;
    let names: Vec<Endpoint> = listeners.iter().map(|l| l.endpoint().clone()).collect();
    let config = match banner {
        Some(_) => banner_limits(args.idle_timeout),
        // Further clients wait in the backlog. Sending the rest to a client has no time limit.
        None => Config::default().with_max_connections(1).with_grace(Duration::MAX),
    };
    let server = Server::new(listeners, config)?;
    let handle = server.handle();
    let (events, incoming) = mpsc::channel();
    let signals = watch_signals(handle.clone(), events.clone())?;
    announce(&names, common, stdio);
    signals.set_printing(false);
    activation::notify_ready(&names);
    let result = match banner {
        Some(banner) => {
            raise_descriptors();
            let greet = |connection: &Connection| greet(connection, &banner);
            server.run(greet).map_err(Failure::from)
        }
        None => {
            let mut timeouts = RelayTimeouts::new(args.idle_timeout, stdio);
            if args.keep_open {
                let half_closed =
                    timeouts.half_closed.map_or(HALF_CLOSED, |it| it.min(HALF_CLOSED));
                timeouts.half_closed = Some(half_closed);
            }
            let relay_server = StdioServer {
                handle,
                keep_open: args.keep_open,
                timeouts,
                is_typed: stdio.interactive,
                errors: (stdio.interactive && !common.quiet).then(|| stdio.errors.clone()),
                events,
                incoming: Mutex::new(incoming),
                result: Mutex::new(Ok(())),
            };
            relay_server.run(server)
        }
    };
    activation::notify_stopping();
    signals.end();
    result
}

/// Encrypts the connections of the listeners with this certificate, if there is one. SIGHUP reads
/// it again.
#[cfg(feature = "tls")]
fn encrypted(
    listeners: Vec<Listener>,
    acceptor: Option<TlsAcceptor>,
    stdio: &Stdio,
) -> Result<Vec<Listener>, Failure> {
    let Some(acceptor) = acceptor else { return Ok(listeners) };
    let renewed = acceptor.clone();
    signals::watch_hangup(stdio.interactive, move || tls::reload(&renewed))?;
    Ok(listeners.into_iter().map(|listener| listener.with_tls(acceptor.clone())).collect())
}

/// Stops the server at a signal, and ends the wait for its connection.
fn watch_signals(handle: Handle, events: Sender<RelayEvent>) -> Result<Signals, Failure> {
    Signals::watch(move |at_once| {
        if at_once {
            handle.stop_now();
        } else {
            handle.stop();
        }
        // Without a client, nothing receives the event.
        let _ = events.send(RelayEvent::Stop);
    })
}

/// Runs `sockit listen` for datagrams.
fn listen_datagrams(
    sockets: Vec<Datagram>,
    idle_timeout: Option<Duration>,
    common: &Common,
    stdio: &mut Stdio,
) -> Result<(), Failure> {
    let names: Vec<Endpoint> = sockets.iter().map(|socket| socket.endpoint().clone()).collect();
    let announce = |stdio: &mut Stdio| {
        announce(&names, common, stdio);
        activation::notify_ready(&names);
    };
    let result = datagrams::listen(sockets, idle_timeout, announce, stdio);
    activation::notify_stopping();
    result
}

/// Prints the endpoints on standard error, because standard output carries the connection's bytes.
fn announce(endpoints: &[Endpoint], common: &Common, stdio: &mut Stdio) {
    for endpoint in endpoints.iter().filter(|_| !common.quiet) {
        stdio.print_error_text(&if common.json {
            format!("{{\"listening\":{}}}\n", quote(&endpoint.to_string()))
        } else {
            format!("listening on {endpoint}\n")
        });
    }
}

/// Returns the limits of a server that sends banners. A client that does not read its banner is
/// closed after the idle timeout, by default a minute.
fn banner_limits(idle_timeout: Option<Duration>) -> Config {
    let config = Config::default();
    match idle_timeout {
        Some(idle) => config.with_idle_timeout(Some(idle)),
        None => config,
    }
}

fn greet(connection: &Connection, banner: &[u8]) -> Result<(), netcore::Error> {
    connection.stream().write_all_deadline(banner, connection.deadline())
}

/// The end of a connection, by itself or by a signal.
enum RelayEvent {
    Done(Result<RelayEnd, Failure>),
    Stop,
}

/// Relays one connection at a time to standard input and output.
struct StdioServer {
    handle: Handle,
    keep_open: bool,
    timeouts: RelayTimeouts,
    /// A person types standard input.
    is_typed: bool,
    /// Standard error, if a person at a terminal should see that a client has left.
    errors: Option<Printer>,
    events: Sender<RelayEvent>,
    incoming: Mutex<Receiver<RelayEvent>>,
    result: Mutex<Result<(), Failure>>,
}

impl StdioServer {
    /// Serves until the last connection ends, or a signal or failure stops the server.
    fn run(self, server: Server) -> Result<(), Failure> {
        let served = server.run(|connection| self.serve(connection));
        let result = self.result.into_inner().unwrap_or_else(PoisonError::into_inner);
        served.map_err(Failure::from).and(result)
    }

    /// Serves a connection on a thread of its own, which a signal cannot interrupt: the thread may
    /// wait for standard input. It then ends with the program.
    fn serve(&self, connection: &Connection) -> Result<(), netcore::Error> {
        if !self.keep_open {
            // Further clients are refused instead of left waiting in the backlog.
            self.handle.stop();
        }
        let stream = connection.stream().try_clone()?;
        let done = self.events.clone();
        let (timeouts, is_typed) = (self.timeouts, self.is_typed);
        let end = threads::start("relay", move || {
            // After a signal, nothing receives the event.
            let _ = done.send(RelayEvent::Done(match is_typed {
                true => {
                    stdio_relay::typed().and_then(|typed| relay_stdio(&stream, &typed, timeouts))
                }
                false => stdio::input().and_then(|input| relay_stdio(&stream, &input, timeouts)),
            }));
        });
        if let Err(failure) = end {
            connection.abort()?;
            self.fail(failure);
            return Ok(());
        }
        let incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        match incoming.recv() {
            Ok(RelayEvent::Done(Ok(end))) => self.report(end),
            Ok(RelayEvent::Done(Err(failure))) => {
                connection.abort()?;
                self.fail(failure);
            }
            Ok(RelayEvent::Stop) | Err(_) => {}
        }
        Ok(())
    }

    fn report(&self, end: RelayEnd) {
        let Some(errors) = self.errors.as_ref().filter(|_| end == RelayEnd::PeerEnded) else {
            return;
        };
        let next = if self.keep_open { "; waiting for the next one" } else { "" };
        // Standard error was the last place to report to.
        let _ =
            errors.print(format!("sockit: the client closed the connection{next}\n").as_bytes());
    }

    fn fail(&self, failure: Failure) {
        match (failure.message(), failure.code()) {
            // With --keep-open, the failure of one connection does not stop the server.
            (Some(message), exit::RECEIVE_ERROR | exit::TIMED_OUT) if self.keep_open => {
                log::warn!("{message}");
            }
            _ => {
                self.handle.stop();
                *self.result.lock().unwrap_or_else(PoisonError::into_inner) = Err(failure);
            }
        }
    }
}
