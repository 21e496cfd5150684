//! A server for handlers that just read and write: a thread for each connection.
//!
//! The plain way to serve a few hundred peers, in the shape of Python's `ThreadingTCPServer`. For
//! thousands there is the event loop, in the feature `server`. What is easily got wrong is done
//! here:
//!
//! - no more threads than the limit; a connection beyond it waits in the listener's backlog, where
//!   it costs nothing, until another has ended;
//! - each read and write of a [`Connection`] is bounded by an idle timeout, and all of them
//!   together by a total one: a peer that drips one byte a second does not keep its thread;
//! - a handler that panics takes just its connection with it;
//! - the last bytes that a handler wrote arrive, even if it left input unread;
//! - aborted connections, signals and a lack of descriptors, memory or threads do not end it;
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
mod handle;

#[cfg(test)]
mod tests;

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
use crate::listener::AcceptFailure;
use crate::listener::Listener;
use crate::stream::Stream;
use crate::sys::{self, Interest, PollEntry};
pub use config::Config;
pub use connection::Connection;
pub use handle::Handle;
use handle::Shared;

/// How long accepting rests where descriptors, memory or threads are short, unless a connection
/// ends before.
const PAUSE: Duration = Duration::from_millis(100);
/// One line in the log for as long as the same shortage lasts.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// A server that is bound and not yet running: peers can connect from now on and are served once it
/// runs.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<Listener>,
    config: Config,
    shared: Arc<Shared>,
}

impl Server {
    /// A server for `listeners`, TCP and Unix in any mixture, as [`Listener::bind_all`] makes them.
    ///
    /// # Errors
    ///
    /// [`Operation::Open`], often with
    /// [`DescriptorsExhausted`](crate::ErrorKind::DescriptorsExhausted): it takes two descriptors
    /// for the [`Handle`].
    pub fn new(listeners: Vec<Listener>, config: Config) -> Result<Server, Error> {
        let shared = Shared::new().map_err(|error| Error::from_io(Operation::Open, error))?;
        Ok(Server { listeners, config, shared: Arc::new(shared) })
    }

    /// The listeners, to ask where they are bound.
    #[must_use]
    pub fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// To stop it, from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.shared.clone())
    }

    /// Serves until a [`Handle`] stops it. `handler` is called for each connection, on a thread of
    /// its own, and may borrow from the caller. When it returns, be it with an error, the peer gets
    /// what was written, and the connection is closed.
    ///
    /// An error of the handler's is its connection's alone and goes to the log, as does its panic
    /// (in a program that does not abort on panic).
    ///
    /// Returns when every handler has returned. In a stop each call of a [`Connection`] fails once
    /// the grace period is over; a handler that does something else for long should ask
    /// [`Connection::is_stopping`].
    ///
    /// # Errors
    ///
    /// [`Operation::Accept`] or [`Operation::Poll`] with the system's reason, for what will not
    /// pass and no peer can cause. What runs has the grace period first, as in a stop.
    pub fn run<F, E>(self, handler: F) -> Result<(), Error>
    where
        F: Fn(&Connection) -> Result<(), E> + Sync,
        E: fmt::Display,
    {
        let Server { listeners, config, shared } = self;
        thread::scope(|scope| {
            let door = Door { scope, config: &config, shared: &shared, handler: &handler };
            let result = door.keep(&listeners);
            // Removes the files of Unix sockets.
            drop(listeners);
            shared.see_off(config.grace);
            result
        })
    }
}

/// Where connections come in.
struct Door<'scope, 'env, F> {
    scope: &'scope Scope<'scope, 'env>,
    config: &'env Config,
    shared: &'env Arc<Shared>,
    handler: &'env F,
}

impl<'scope, F, E> Door<'scope, '_, F>
where
    F: Fn(&Connection) -> Result<(), E> + Sync,
    E: fmt::Display,
{
    /// Accepts from all listeners until the server stops, one of each in turn.
    fn keep(&self, listeners: &[Listener]) -> Result<(), Error> {
        let mut said = None;
        let wake_pipe = self.shared.wake_pipe();
        let entry = |listener| PollEntry::new(listener, Interest::Read);
        let mut entries: Vec<PollEntry<'_>> = listeners.iter().map(entry).collect();
        entries.push(PollEntry::new(wake_pipe, Interest::Read));
        while self.shared.wait_for_place(self.config.max_connections) {
            sys::wait_any(&mut entries, Deadline::never())
                .map_err(|error| Error::from_io(Operation::Poll, error))?;
            for (listener, entry) in listeners.iter().zip(&entries) {
                if !entry.is_ready() {
                    continue;
                }
                if !self.shared.wait_for_place(self.config.max_connections) {
                    break;
                }
                let accepted = listener.accept_now();
                let Err(error) = accepted.and_then(|(stream, peer)| self.let_in(stream, peer))
                else {
                    continue;
                };
                match AcceptFailure::of(&error) {
                    AcceptFailure::Empty | AcceptFailure::Transient => {}
                    AcceptFailure::Shortage => {
                        say(&mut said, listener, &error);
                        self.shared.rest(PAUSE);
                    }
                    AcceptFailure::Fatal => {
                        let error = Error::from_io(Operation::Accept, error);
                        return Err(error.at(listener.endpoint().to_string()));
                    }
                }
            }
        }
        Ok(())
    }

    /// # Errors
    ///
    /// The system has no thread for it, so it is closed.
    fn let_in(&self, stream: Stream, peer: Address) -> io::Result<()> {
        let stream = Arc::new(stream);
        let place = self.shared.enter(stream.clone());
        let connection = Connection::new(stream, peer, self.config, self.shared.clone());
        let handler = self.handler;
        let serve = move || {
            // Dropped after the connection: by then its socket is closed.
            let _place = place;
            serve(connection, handler);
        };
        match thread::Builder::new().spawn_scoped(self.scope, serve) {
            Ok(_) => Ok(()),
            // pthread_create(3) says EAGAIN.
            Err(_) => Err(io::ErrorKind::OutOfMemory.into()),
        }
    }
}

fn serve<F, E>(connection: Connection, handler: &F)
where
    F: Fn(&Connection) -> Result<(), E>,
    E: fmt::Display,
{
    // What the handler shares with others may be half done, as with any thread that panics: a lock
    // says so, and nothing else can.
    match panic::catch_unwind(AssertUnwindSafe(|| handler(&connection))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => log::debug!("{}: {error}", connection.peer()),
        Err(panic) => {
            log::error!("{}: the handler panicked: {}", connection.peer(), words(&*panic));
            return;
        }
    }
    connection.finish();
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or(panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

fn say(said: &mut Option<Instant>, listener: &Listener, error: &io::Error) {
    let now = Instant::now();
    if said.is_none_or(|at| now - at >= SAY_EVERY) {
        *said = Some(now);
        log::warn!("{}: accepting is held up: {error}", listener.endpoint());
    }
}
