//! `sockit listen`.

use std::io;
use std::os::unix::ffi::OsStringExt;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use netcore::options::Keepalive;
use netcore::threaded::{Config, Connection, Handle, Server};
use netcore::{Endpoint, Listener, SocketOptions, Transport};

use crate::args::common::Common;
use crate::args::net::Listen;
use crate::escape::quote;
use crate::exit::Failure;
use crate::serve::{Signals, raise_descriptors};
use crate::stdio::{Printer, Stdio};
use crate::stdio_relay::{Joined, Patience, join};
use crate::{datagrams, exit, foreground, logging, threads};

/// How long standard input may be silent once a client has ended, before the next one's turn: that
/// it has ended may mean that it waits for an answer, or that it has gone.
const HALF_CLOSED: Duration = Duration::from_secs(1);

/// `sockit listen`
pub(crate) fn listen(args: Listen, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    logging::detach()?;
    foreground::ignore_stops();
    // Without TCP_USER_TIMEOUT: a client may pause its reading for as long as it wants.
    let keepalive = args.keepalive.0.map(Keepalive::within);
    let options = SocketOptions::new().with_keepalive(keepalive);
    let banner = args.banner.map(OsStringExt::into_vec);
    if endpoint.transport() == Transport::Udp {
        if banner.is_some() {
            let message = "--banner needs connections; datagrams have none";
            return Err(Failure::new(exit::USAGE, message));
        }
        let options = options.with_broadcast(args.broadcast);
        let sockets = datagrams::bind(&endpoint, options).map_err(|e| Failure::listening(&e))?;
        let names: Vec<Endpoint> = sockets.iter().map(|s| s.endpoint().clone()).collect();
        let announce = |stdio: &mut Stdio| announce(&names, common, stdio);
        return datagrams::listen(sockets, args.idle_timeout, announce, stdio);
    }
    datagrams::only_for_udp(args.broadcast)?;
    let listeners = Listener::bind_all(&endpoint, &options).map_err(|e| Failure::listening(&e))?;
    let names: Vec<Endpoint> = listeners.iter().map(|l| l.endpoint().clone()).collect();
    let config = match banner {
        Some(_) => banner_limits(args.idle_timeout),
        // The others wait in the backlog. What is owed to one lasts as long as it wants.
        None => Config::default().with_max_connections(1).with_grace(Duration::MAX),
    };
    let server = Server::new(listeners, config)?;
    let handle = server.handle();
    let (events, told) = mpsc::channel();
    let stopping = (handle.clone(), events.clone());
    let signals = Signals::watch(move |at_once| {
        let (handle, events) = &stopping;
        if at_once {
            handle.stop_now();
        } else {
            handle.stop();
        }
        // Nobody hears it where nobody is joined.
        let _ = events.send(Event::Stop);
    })?;
    signals.set_printing(true);
    announce(&names, common, stdio);
    signals.set_printing(false);
    let result = match banner {
        Some(banner) => {
            raise_descriptors();
            let greet = |connection: &Connection| greet(connection, &banner);
            server.run(greet).map_err(Failure::from)
        }
        None => {
            let mut patience = Patience::new(args.idle_timeout, stdio);
            if args.keep_open {
                let longest = patience.half_closed.unwrap_or(HALF_CLOSED);
                patience.half_closed = Some(longest.min(HALF_CLOSED));
            }
            let door = Door {
                handle,
                keep_open: args.keep_open,
                patience,
                is_typed: stdio.interactive,
                errors: (stdio.interactive && !common.quiet).then(|| stdio.errors.clone()),
                events,
                told: Mutex::new(told),
                result: Mutex::new(Ok(())),
            };
            let served = server.run(|connection| door.serve(connection));
            let result = door.result.into_inner().unwrap_or_else(PoisonError::into_inner);
            served.map_err(Failure::from).and(result)
        }
    };
    signals.end();
    result
}

/// On standard error: standard output is what the connection brings, byte for byte.
fn announce(endpoints: &[Endpoint], common: &Common, stdio: &mut Stdio) {
    for endpoint in endpoints.iter().filter(|_| !common.quiet) {
        stdio.print_error_text(&if common.json {
            format!("{{\"listening\":{}}}\n", quote(&endpoint.to_string()))
        } else {
            format!("listening on {endpoint}\n")
        });
    }
}

/// A client that takes no banner is let go after the idle timeout, or a minute.
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

/// What ends a connection: it does by itself, or a signal does it.
enum Event {
    Done(Result<Joined, Failure>),
    Stop,
}

/// Joins one connection at a time to standard input and output.
struct Door {
    handle: Handle,
    keep_open: bool,
    patience: Patience,
    /// A person types standard input.
    is_typed: bool,
    /// Standard error, if a person is there to read that a client has ended.
    errors: Option<Printer>,
    events: Sender<Event>,
    told: Mutex<Receiver<Event>>,
    result: Mutex<Result<(), Failure>>,
}

impl Door {
    /// The thread that joins them ends with the program: where a signal comes first it waits for
    /// standard input, and nothing can interrupt that.
    fn serve(&self, connection: &Connection) -> Result<(), netcore::Error> {
        if !self.keep_open {
            // The next one is refused, and not left to wait for nobody.
            self.handle.stop();
        }
        let stream = connection.stream().try_clone()?;
        let done = self.events.clone();
        let (patience, is_typed) = (self.patience, self.is_typed);
        let joined = threads::start("join", move || {
            // Nobody hears it after a signal.
            let _ = done.send(Event::Done(match is_typed {
                true => foreground::typed().and_then(|typed| join(&stream, &typed, patience)),
                false => join(&stream, &io::stdin(), patience),
            }));
        });
        if let Err(failure) = joined {
            connection.abort()?;
            self.fail(failure);
            return Ok(());
        }
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match told.recv() {
            Ok(Event::Done(Ok(joined))) => self.say(joined),
            Ok(Event::Done(Err(failure))) => {
                connection.abort()?;
                self.fail(failure);
            }
            Ok(Event::Stop) | Err(_) => {}
        }
        Ok(())
    }

    fn say(&self, joined: Joined) {
        let Some(errors) = self.errors.as_ref().filter(|_| joined == Joined::PeerEnded) else {
            return;
        };
        let next = if self.keep_open { "; waiting for the next one" } else { "" };
        // If that fails too, nobody is left to tell.
        let _ = errors.print(format!("sockit: the client ended the connection{next}\n").as_bytes());
    }

    fn fail(&self, failure: Failure) {
        match (failure.message(), failure.code()) {
            // One client's fault is that client's end.
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
