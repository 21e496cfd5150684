//! The health of a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use netcore::server::Handle;

/// The health of a server, as `/healthz` reports it. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    server: Handle,
    is_engine_away: Arc<AtomicBool>,
}

impl Health {
    /// Returns the health of a server: good until the server is asked to stop.
    pub fn of(server: Handle) -> Health {
        Health { server, is_engine_away: Arc::default() }
    }

    /// Records that the engine of a chat with several servers is away, or is there again.
    pub fn set_engine_away(&self, is_away: bool) {
        self.is_engine_away.store(is_away, Ordering::Relaxed);
    }

    /// Returns the reason why the server is not healthy, or `None` if it is.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        if self.server.is_stopping() {
            return Some("the server is stopping");
        }
        self.is_engine_away.load(Ordering::Relaxed).then_some("the engine is away")
    }
}
