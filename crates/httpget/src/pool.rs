//! The pool of idle connections of a client. A connection that died meanwhile is not handed out.

mod idle;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::route::Route;
use idle::IdleConnections;

/// The idle connections of a client, by route. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Arc<Mutex<IdleConnections<Route, Connection>>>);

impl Pool {
    /// Returns an empty pool for at most `count` connections, each idle for at most `time`.
    pub(crate) fn new(count: usize, time: Duration) -> Pool {
        Pool(Arc::new(Mutex::new(IdleConnections::new(count, time))))
    }

    /// Returns the newest idle connection of `route` that is still alive.
    pub(crate) fn take_at(&self, now: Instant, route: &Route) -> Option<Connection> {
        loop {
            let idle = self.lock().take_at(now, route)?;
            let alive = idle.into_reused();
            if alive.is_some() {
                return alive;
            }
        }
    }

    /// Keeps `connection` for the next request of `route`. Returns `false` if the pool keeps no
    /// connections.
    pub(crate) fn put_at(&self, now: Instant, route: Route, connection: Connection) -> bool {
        self.lock().put_at(now, route, connection)
    }

    fn lock(&self) -> MutexGuard<'_, IdleConnections<Route, Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
