//! Continuations: the lines of a client, counted over its connections.
//!
//! A client whose connection breaks cannot see which of its last lines were received. It names a
//! secret key on each connection. The server then knows it again, closes the connection before, and
//! says how many lines it has received, so that the client sends exactly the others.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use crate::hub::id::ClientId;
use crate::sync::lock;

#[cfg(test)]
mod tests;

/// The most disconnected clients to remember. Beyond the limit, the oldest one is forgotten.
pub(crate) const MAX_GONE: usize = 4096;

/// Bytes for one of these, with its places in both tables.
pub(crate) const GONE: usize = 256;

/// Lengths of a key in characters. A shorter one could be guessed.
const KEY: std::ops::RangeInclusive<usize> = 16..=64;

/// The continuations of a chat, by key.
#[derive(Debug, Default)]
pub(crate) struct Continuations(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    all: HashMap<Arc<str>, Arc<Continuation>>,
    /// Continuations whose client has left, in the order of leaving, each with that client. An
    /// entry is void once the continuation has another client.
    gone: VecDeque<(Arc<str>, ClientId)>,
}

/// The lines of one client.
#[derive(Debug)]
pub(crate) struct Continuation {
    key: Arc<str>,
    received: Mutex<Received>,
}

#[derive(Debug)]
struct Received {
    /// The client whose lines count. Lines of an earlier one are dropped.
    client: ClientId,
    /// `true` once the client has disconnected.
    is_gone: bool,
    /// Number of lines so far.
    lines: u64,
}

/// The state of a continuation when a client takes it.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) continuation: Arc<Continuation>,
    /// Number of lines that earlier connections have received, or `None` for a new key.
    pub(crate) lines: Option<u64>,
    /// The client before, if it is still connected.
    pub(crate) replaced: Option<ClientId>,
}

/// Returns `true` if `key` may be the key of a continuation.
pub(crate) fn is_key(key: &str) -> bool {
    KEY.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Continuations {
    /// Makes `client` the one whose lines count for `key`.
    pub(crate) fn take(&self, key: &str, client: ClientId) -> Taken {
        let mut table = lock(&self.0);
        if let Some(continuation) = table.all.get(key).cloned() {
            let mut received = lock(&continuation.received);
            let before = std::mem::replace(&mut received.client, client);
            let is_gone = std::mem::replace(&mut received.is_gone, false);
            let (lines, replaced) = (Some(received.lines), (!is_gone).then_some(before));
            drop(received);
            return Taken { continuation, lines, replaced };
        }
        let key: Arc<str> = key.into();
        let received = Mutex::new(Received { client, is_gone: false, lines: 0 });
        let continuation = Arc::new(Continuation { key: key.clone(), received });
        table.all.insert(key, continuation.clone());
        Taken { continuation, lines: None, replaced: None }
    }

    /// Records that `client` has disconnected.
    pub(crate) fn release(&self, continuation: &Continuation, client: ClientId) {
        let mut table = lock(&self.0);
        let mut received = lock(&continuation.received);
        if received.client != client {
            return;
        }
        received.is_gone = true;
        drop(received);
        table.gone.push_back((continuation.key.clone(), client));
        if table.gone.len() > MAX_GONE {
            table.forget_oldest();
        }
    }
}

impl Table {
    /// Removes the oldest entry of `gone`, and its continuation unless that has another client.
    fn forget_oldest(&mut self) {
        let Some((key, client)) = self.gone.pop_front() else { return };
        let is_void = self.all.get(&key).is_none_or(|it| lock(&it.received).client != client);
        if !is_void {
            self.all.remove(&key);
        }
    }
}

impl Continuation {
    /// Counts a line of `client`. Returns `false` if another client has taken its place: the line
    /// is to be dropped, because that client sends it again.
    pub(crate) fn count(&self, client: ClientId) -> bool {
        let mut received = lock(&self.received);
        let is_current = received.client == client;
        received.lines += u64::from(is_current);
        is_current
    }
}
