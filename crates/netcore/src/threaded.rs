//! A server with a thread for each connection, for handlers that just read and write.
//!
//! This is the plain way to serve a few hundred peers, like Python's `ThreadingTCPServer`. For
//! thousands, use the event loop of the feature `server`. The server handles the hard parts:
//!
//! - the number of threads has a limit; further connections wait in the listener's backlog, where
//!   they cost nothing, until another connection ends;
//! - each read and write of a [`Connection`] is bounded by an idle timeout, and all of them
//!   together by a total timeout, so a peer that sends one byte a second does not keep its thread
//!   forever;
//! - a handler that panics ends only its own connection;
//! - the last bytes that a handler wrote arrive, even if it left input unread;
//! - aborted connections, signals and a lack of descriptors, memory or threads do not end the
//!   server;
//! - a TLS handshake that is not done within 10 s is given up;
//! - a stop is bounded by a grace period.
//!
//! ```
//! use std::io::{self, Read, Write};
//! use std::time::Duration;
//! use netcore::threaded::{Config, Connection, Server};
//! use netcore::{Deadline, Listener, SocketOptions, Stream};
//!
//! /// Answers with what came, in capitals.
//! fn shout(mut connection: &Connection) -> io::Result<()> {
//!     let mut buffer = [0; 1024];
//!     loop {
//!         let read = connection.read(&mut buffer)?;
//!         if read == 0 {
//!             return Ok(());
//!         }
//!         connection.write_all(&buffer[..read].to_ascii_uppercase())?;
//!     }
//! }
//!
//! let options = SocketOptions::new();
//! let listener = Listener::bind("127.0.0.1:0")?;
//! let endpoint = listener.endpoint().clone();
//! let server = Server::new(vec![listener], Config::default())?;
//! let handle = server.handle();
//! let running = std::thread::spawn(move || server.run(shout));
//!
//! let deadline = Deadline::after(Duration::from_secs(5));
//! let client = Stream::connect(&endpoint, &options, deadline)?;
//! client.write_all_deadline(b"hello", deadline)?;
//! let mut answer = [0; 5];
//! client.read_exact_deadline(&mut answer, deadline)?;
//! assert_eq!(&answer, b"HELLO");
//! client.finish(deadline)?;
//!
//! handle.stop();
//! running.join().map_err(|_| "the server panicked")??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod connection;
mod shared;

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use crate::address::Address;
use crate::deadline::Deadline;
use crate::error::{Error, Operation};
use crate::listener::{AcceptFailure, Listener};
pub use crate::shutdown::Handle;
use crate::stream::Stream;
use crate::sys::{Interest, PollEntry};
use crate::throttle::Throttle;
use crate::wait;
pub use config::Config;
pub use connection::Connection;
use shared::Shared;

#[cfg(test)]
mod tests;

/// Pause of accepting when descriptors, memory or threads are short. It ends early if a connection
/// does.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest time of a TLS handshake. It precedes the handler and has its own limit.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A server that is bound and not yet running: peers can connect from now on, and are served once
/// it runs.
///
/// ```no_run
/// use std::io::{self, Write};
/// use netcore::Listener;
/// use netcore::threaded::{Config, Connection, Server};
///
/// fn greet(mut connection: &Connection) -> io::Result<()> {
///     connection.write_all(b"hello\n")
/// }
///
/// let listener = Listener::bind("127.0.0.1:7000")?;
/// Server::new(vec![listener], Config::default())?.run(greet)?;
/// # Ok::<(), netcore::Error>(())
/// ```
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    config: Config,
    shared: Arc<Shared>,
}

impl Server {
    /// Returns a server for `listeners`, TCP and Unix in any mixture.
    ///
    /// # Errors
    ///
    /// Fails with [`Operation::Open`], often with
    /// [`DescriptorsExhausted`](crate::ErrorKind::DescriptorsExhausted): the [`Handle`] needs two
    /// descriptors.
    pub fn new(listeners: Vec<Listener>, config: Config) -> Result<Server, Error> {
        let shared = Shared::new().map_err(|error| Error::from_io(Operation::Open, error))?;
        Ok(Server { listeners, config, shared: Arc::new(shared) })
    }

    /// Returns the listeners, which tell their endpoints.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// Returns a handle that stops the server from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.shared.clone())
    }

    /// Serves until a [`Handle`] stops the server, and returns when every handler has returned.
    ///
    /// `handler` is called for each connection, on a thread of its own, and may borrow from the
    /// caller. When it returns, with or without an error, the peer gets the bytes that were
    /// written, and the connection is closed. The handler's error or panic goes to the log and
    /// concerns only its own connection, except in a program that aborts on panic.
    ///
    /// After a stop, each call of a [`Connection`] fails once the grace period is over. A handler
    /// that does something else for long should ask [`Connection::is_stopping`].
    ///
    /// # Errors
    ///
    /// Fails with [`Operation::Accept`] or [`Operation::Poll`] and the system's reason if accepting
    /// fails for good, which no peer can cause. The running handlers get the grace period first, as
    /// in a stop.
    pub fn run<F, E>(self, handler: F) -> Result<(), Error>
    where
        F: Fn(&Connection) -> Result<(), E> + Sync,
        E: fmt::Display,
    {
        let Server { listeners, config, shared } = self;
        thread::scope(|scope| {
            let accept = AcceptLoop { scope, config: &config, shared: &shared, handler: &handler };
            let result = accept.run(&listeners);
            // Removes the files of Unix sockets.
            drop(listeners);
            shared.close_all(config.grace);
            result
        })
    }
}

/// The loop that accepts connections and starts their threads.
struct AcceptLoop<'scope, 'env, F> {
    scope: &'scope Scope<'scope, 'env>,
    config: &'env Config,
    shared: &'env Arc<Shared>,
    handler: &'env F,
}

impl<'scope, F, E> AcceptLoop<'scope, '_, F>
where
    F: Fn(&Connection) -> Result<(), E> + Sync,
    E: fmt::Display,
{
    /// Accepts until the server stops, one connection from each listener in turn.
    fn run(&self, listeners: &[Listener]) -> Result<(), Error> {
        let mut throttle = Throttle::default();
        let wake_pipe = self.shared.wake_pipe();
        let entry = |listener| PollEntry::new(listener, Interest::Read);
        let mut entries: Vec<PollEntry<'_>> = listeners.iter().map(entry).collect();
        entries.push(PollEntry::new(wake_pipe, Interest::Read));
        while self.wait_for_permit() {
            wait::any_ready(&mut entries, Deadline::never())
                .map_err(|error| Error::from_io(Operation::Poll, error))?;
            for (listener, entry) in listeners.iter().zip(&entries) {
                if !entry.is_ready() {
                    continue;
                }
                if !self.wait_for_permit() {
                    break;
                }
                let accepted = listener.accept_now();
                if let Err(error) = accepted.and_then(|(stream, peer)| self.serve(stream, peer)) {
                    self.on_error(listener, error, &mut throttle)?;
                }
            }
        }
        Ok(())
    }

    fn wait_for_permit(&self) -> bool {
        self.shared.wait_for_permit(self.config.max_connections)
    }

    /// Handles a failed accept(2) or a failed start of a thread.
    fn on_error(
        &self,
        listener: &Listener,
        error: io::Error,
        throttle: &mut Throttle,
    ) -> Result<(), Error> {
        match AcceptFailure::of(&error) {
            AcceptFailure::Empty | AcceptFailure::Transient => {}
            AcceptFailure::Shortage => {
                if throttle.allows(Instant::now()) {
                    log::warn!("{}: accepting is delayed: {error}", listener.endpoint());
                }
                self.shared.rest(PAUSE);
            }
            AcceptFailure::Fatal => {
                let error = Error::from_io(Operation::Accept, error);
                return Err(error.at(listener.endpoint().to_string()));
            }
        }
        Ok(())
    }

    /// Starts a connection's thread.
    ///
    /// # Errors
    ///
    /// Fails if the system has no thread for the connection, which is closed then.
    fn serve(&self, stream: Stream, peer: Address) -> io::Result<()> {
        let stream = Arc::new(stream);
        let permit = self.shared.permit(stream.clone());
        let connection = Connection::new(stream, peer, self.config, self.shared.clone());
        let handler = self.handler;
        let serve = move || {
            // Dropped after the connection: by then its socket is closed.
            let _permit = permit;
            handle(connection, handler);
        };
        match thread::Builder::new().spawn_scoped(self.scope, serve) {
            Ok(_) => Ok(()),
            // pthread_create(3) fails with EAGAIN, which would mean an empty backlog here.
            Err(_) => Err(io::ErrorKind::OutOfMemory.into()),
        }
    }
}

/// Runs the handler, and closes the connection.
fn handle<F, E>(connection: Connection, handler: &F)
where
    F: Fn(&Connection) -> Result<(), E>,
    E: fmt::Display,
{
    let handshake = connection.stream().handshake(Deadline::after(HANDSHAKE));
    if let Err(error) = handshake {
        log::debug!("{}: {error:#}", connection.peer());
        return;
    }
    // State that the handler shares with other threads may be half changed after a panic, as with
    // any thread that panics. A poisoned lock shows that.
    match panic::catch_unwind(AssertUnwindSafe(|| handler(&connection))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::debug!("{}: {error}", connection.peer()),
        Err(panic) => {
            log::error!("{}: the handler panicked: {}", connection.peer(), message(&*panic));
            return;
        }
    }
    connection.finish();
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or(panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
