//! The pool of idle connections of a client. A connection that died meanwhile is not handed out.

mod idle;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::url::Origin;
use idle::IdleConnections;

/// The idle connections of a client, by origin. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Arc<Mutex<IdleConnections<Origin, Connection>>>);

impl Pool {
    /// Returns an empty pool for at most `count` connections, each idle for at most `time`.
    pub(crate) fn new(count: usize, time: Duration) -> Pool {
        Pool(Arc::new(Mutex::new(IdleConnections::new(count, time))))
    }

    /// Returns the newest idle connection to `origin` that is still alive.
    pub(crate) fn take_at(&self, now: Instant, origin: &Origin) -> Option<Connection> {
        loop {
            let idle = self.lock().take_at(now, origin)?;
            let alive = idle.into_reused();
            if alive.is_some() {
                return alive;
            }
        }
    }

    /// Keeps `connection` for the next request to `origin`. Returns `false` if the pool keeps no
    /// connections.
    pub(crate) fn put_at(&self, now: Instant, origin: Origin, connection: Connection) -> bool {
        self.lock().put_at(now, origin, connection)
    }

    fn lock(&self) -> MutexGuard<'_, IdleConnections<Origin, Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
