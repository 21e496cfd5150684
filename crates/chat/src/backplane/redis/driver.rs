//! The threads of a connection to Redis.
//!
//! One writes commands, one reads their replies, and one follows streams.
//!
//! ```text
//!   send() ─► commands ─► writer ═══► Redis ═══► replies ─┐
//!   send() ─► reads ────► follower ══► Redis ══► ─────────┴─► arrived ─► wait()
//! ```
//!
//! A read waits in the engine, so it has a connection of its own. The first failure of any thread
//! closes both connections, and with them all threads end.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use netcore::{Connector, Deadline};
use redis::{Value, cmd};

use crate::backplane::engine::{Engine, Reply, Request, Waker};
use crate::backplane::entry::EntryId;
use crate::backplane::redis::codec::{self, BLOCK, Expected, SCRIPT};
use crate::backplane::redis::connection::{Connection, OPENING, Replies, SILENCE};
use crate::backplane::redis::url::RedisUrl;

/// Milliseconds that a read waits if one of its streams cannot be read.
const SHORT_BLOCK: u64 = 500;

/// Bytes of commands that are written under one deadline.
const CHUNK: usize = 256 * 1024;

/// Redis or Valkey as the engine of a backplane.
#[derive(Debug)]
pub struct Redis {
    url: Arc<RedisUrl>,
    shared: Arc<Shared>,
}

/// The part that the threads share with the engine's user.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Number of the last `Open`. Threads of an earlier one have nothing to say any more.
    generation: u64,
    link: Option<Link>,
    replies: Vec<Reply>,
    is_woken: bool,
}

/// An open connection. Its end drops the senders, on which the threads wait.
#[derive(Debug)]
struct Link {
    commands: Sender<Request>,
    reads: Sender<Request>,
    connections: [Connection; 2],
    expected: Arc<Pending>,
}

/// The commands in flight.
#[derive(Debug, Default)]
struct Pending {
    queue: Mutex<InFlight>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct InFlight {
    commands: VecDeque<(Expected, Instant)>,
    is_closed: bool,
}

impl Redis {
    /// Makes the engine at `url`. It connects when it is asked to.
    #[must_use]
    pub fn new(url: RedisUrl) -> Redis {
        Redis { url: Arc::new(url), shared: Arc::default() }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.shared.begin();
    }
}

impl Engine for Redis {
    fn send(&mut self, request: Request) {
        match request {
            Request::Open => {
                let generation = self.shared.begin();
                let (url, shared) = (self.url.clone(), self.shared.clone());
                let run = move || shared.run(generation, &url);
                if let Err(error) = thread::Builder::new().name("backplane".to_owned()).spawn(run) {
                    self.shared.close(generation, format!("no thread for the engine: {error}"));
                }
            }
            request => {
                let state = self.shared.lock();
                let Some(link) = &state.link else { return };
                let queue = match request {
                    Request::Read { .. } => &link.reads,
                    _ => &link.commands,
                };
                // A thread that has ended has closed the link, or is about to.
                let _ = queue.send(request);
            }
        }
    }

    fn wait(&mut self, until: Option<Instant>) -> Vec<Reply> {
        let mut state = self.shared.lock();
        while state.replies.is_empty() && !state.is_woken {
            let arrived = &self.shared.arrived;
            state = match until {
                None => arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.is_woken = false;
        std::mem::take(&mut state.replies)
    }

    fn waker(&self) -> Waker {
        let shared = self.shared.clone();
        Arc::new(move || {
            shared.lock().is_woken = true;
            shared.arrived.notify_all();
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection, if there is one, and returns the number of the next.
    fn begin(&self) -> u64 {
        let mut state = self.lock();
        state.generation += 1;
        state.replies.clear();
        state.link = None;
        state.generation
    }

    /// Hands a reply over, unless its connection is over. Returns `false` if it is.
    fn reply(&self, generation: u64, reply: Reply) -> bool {
        let mut state = self.lock();
        let is_current = state.generation == generation && state.link.is_some();
        if is_current {
            state.replies.push(reply);
            self.arrived.notify_all();
        }
        is_current
    }

    /// Ends a connection with a reason, which counts once.
    fn close(&self, generation: u64, reason: String) {
        let mut state = self.lock();
        if state.generation == generation {
            // Later failures, and replies, belong to no connection.
            state.generation += 1;
            state.link = None;
            state.replies.push(Reply::Closed(reason));
            self.arrived.notify_all();
        }
    }

    /// Opens both connections, and then writes commands until the end.
    fn run(self: &Arc<Shared>, generation: u64, url: &RedisUrl) {
        if let Err(reason) = self.serve(generation, url) {
            self.close(generation, reason);
        }
    }

    fn serve(self: &Arc<Shared>, generation: u64, url: &RedisUrl) -> Result<(), String> {
        let connector = Connector::new();
        let deadline = Deadline::after(OPENING);
        let (connection, mut replies) = Connection::open(&connector, url, deadline)?;
        let script = load_script(&connection, &mut replies, url, deadline)?;
        let (following, followed) = Connection::open(&connector, url, deadline)?;

        let (commands, to_write) = mpsc::channel();
        let (reads, to_read) = mpsc::channel();
        let expected: Arc<Pending> = Arc::default();
        {
            let mut state = self.lock();
            if state.generation != generation {
                return Ok(());
            }
            let connections = [connection.clone(), following.clone()];
            state.link = Some(Link { commands, reads, connections, expected: expected.clone() });
            state.replies.push(Reply::Opened);
            self.arrived.notify_all();
        }
        let (shared, pending) = (self.clone(), expected.clone());
        start(move || {
            if let Err(reason) = shared.read_replies(generation, &mut replies, &pending) {
                shared.close(generation, reason);
            }
        })?;
        let shared = self.clone();
        start(move || {
            if let Err(reason) = shared.follow(generation, &following, followed, &to_read) {
                shared.close(generation, reason);
            }
        })?;
        write_commands(&connection, &script, &to_write, &expected)
    }

    /// Hands over the replies to commands, until the connection is over.
    fn read_replies(
        &self,
        generation: u64,
        replies: &mut Replies,
        pending: &Pending,
    ) -> Result<(), String> {
        let mut heard = None;
        while let Some((expected, sent)) = pending.front() {
            // An engine that works through a long queue is alive.
            let since = heard.map_or(sent, |heard: Instant| heard.max(sent));
            let value = replies.next(Deadline::after_at(since, SILENCE))?;
            heard = Some(Instant::now());
            pending.pop();
            let reply = match value {
                Ok(value) => codec::reply(&value, expected)?,
                // The next connection loads it again.
                Err(text) if text.starts_with("NOSCRIPT") => {
                    return Err("the engine has forgotten the script".to_owned());
                }
                Err(text) => Reply::Error(text),
            };
            if !self.reply(generation, reply) {
                break;
            }
        }
        Ok(())
    }

    /// Sends reads and hands over their replies, until the connection is over.
    fn follow(
        &self,
        generation: u64,
        connection: &Connection,
        mut replies: Replies,
        requests: &Receiver<Request>,
    ) -> Result<(), String> {
        for request in requests {
            let Request::Read { streams, count } = request else { continue };
            let mut reply = read(connection, &mut replies, &streams, count, BLOCK)?;
            if matches!(&reply, Reply::ReadError(text) if text.starts_with("WRONGTYPE")) {
                // A stranger has put something else in place of a stream: the others go on.
                let streams = readable(connection, &mut replies, streams)?;
                reply = match streams.is_empty() {
                    false => read(connection, &mut replies, &streams, count, SHORT_BLOCK)?,
                    true => reply,
                };
            }
            if !self.reply(generation, reply) {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.expected.close();
        self.connections.iter().for_each(Connection::shut);
    }
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, InFlight> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, expected: Expected) {
        self.lock().commands.push_back((expected, Instant::now()));
        self.changed.notify_all();
    }

    /// Waits for a command in flight and returns the oldest one, or `None` at the end.
    fn front(&self) -> Option<(Expected, Instant)> {
        let mut queue = self.lock();
        while queue.commands.is_empty() && !queue.is_closed {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.commands.front().copied().filter(|_| !queue.is_closed)
    }

    fn pop(&self) {
        self.lock().commands.pop_front();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }
}

/// Loads the script. Returns its identity.
///
/// # Errors
///
/// The reason for which it is not loaded.
pub(crate) fn load_script(
    connection: &Connection,
    replies: &mut Replies,
    url: &RedisUrl,
    deadline: Deadline,
) -> Result<String, String> {
    connection.write(&[cmd("SCRIPT").arg("LOAD").arg(SCRIPT).take()], deadline)?;
    match replies.next(deadline)?.map_err(|text| format!("{url}: {text}"))? {
        Value::BulkString(name) => Ok(String::from_utf8_lossy(&name).into_owned()),
        _ => Err(format!("{url}: SCRIPT LOAD has an unknown reply")),
    }
}

/// Writes commands until the connection is over. What has gathered meanwhile goes out together.
fn write_commands(
    connection: &Connection,
    script: &str,
    requests: &Receiver<Request>,
    pending: &Pending,
) -> Result<(), String> {
    while let Ok(first) = requests.recv() {
        let mut bytes = Vec::new();
        for request in std::iter::once(first).chain(requests.try_iter()) {
            let Some((command, expected)) = codec::command(&request, script) else { continue };
            pending.push(expected);
            command.write_packed_command(&mut bytes);
            if bytes.len() >= CHUNK {
                connection.write_bytes(&bytes, Deadline::after(SILENCE))?;
                bytes.clear();
            }
        }
        connection.write_bytes(&bytes, Deadline::after(SILENCE))?;
    }
    Ok(())
}

/// Sends one read and returns its reply.
fn read(
    connection: &Connection,
    replies: &mut Replies,
    streams: &[(Arc<str>, EntryId)],
    count: usize,
    block: u64,
) -> Result<Reply, String> {
    let deadline = Deadline::after(SILENCE + Duration::from_millis(block));
    connection.write(&[codec::read(streams, count, block)], deadline)?;
    match replies.next(deadline)? {
        Ok(value) => codec::entries(&value, streams),
        // The engine has become a replica; the next write gets READONLY, which says so.
        Err(text) if text.starts_with("UNBLOCKED") => Ok(Reply::Entries(Vec::new())),
        Err(text) => Ok(Reply::ReadError(text)),
    }
}

/// Returns the streams that are streams, or do not exist.
pub(crate) fn readable(
    connection: &Connection,
    replies: &mut Replies,
    streams: Vec<(Arc<str>, EntryId)>,
) -> Result<Vec<(Arc<str>, EntryId)>, String> {
    let deadline = Deadline::after(SILENCE);
    let commands: Vec<_> =
        streams.iter().map(|(stream, _)| cmd("TYPE").arg(&**stream).take()).collect();
    connection.write(&commands, deadline)?;
    let mut kept = Vec::new();
    for stream in streams {
        let kind = replies.next(deadline)?;
        if matches!(kind, Ok(Value::SimpleString(kind)) if kind == "stream" || kind == "none") {
            kept.push(stream);
        }
    }
    Ok(kept)
}

fn start(run: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let thread = thread::Builder::new().name("backplane".to_owned()).spawn(run);
    thread.map(drop).map_err(|error| format!("no thread for the engine: {error}"))
}
