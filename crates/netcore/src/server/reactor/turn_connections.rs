//! The connections of a worker, as the service reaches them in its turn.

use crate::server::byte_stream::ByteStream;
use crate::server::connections::{Connections, Ending};
use crate::server::output::{ConnectionId, Output};
use crate::server::turn::ConnectionAccess;

/// The connections, as the service reaches them in its turn.
pub(super) struct TurnConnections<'a, C, T> {
    pub(super) connections: &'a mut Connections<C, T>,
    pub(super) output: &'a mut Output,
    pub(super) ended: &'a mut Vec<(u32, Ending)>,
}

impl<C, T: ByteStream> TurnConnections<'_, C, T> {
    fn call(&mut self, index: u32, f: &mut dyn FnMut(&mut C, &mut Output)) -> bool {
        let Some(ending) = self.connections.call(index, self.output, f) else { return false };
        self.ended.extend(ending.map(|ending| (index, ending)));
        true
    }
}

impl<C, T: ByteStream> ConnectionAccess<C> for TurnConnections<'_, C, T> {
    fn each(&mut self, f: &mut dyn FnMut(&mut C, &mut Output)) {
        for index in self.connections.indices() {
            if self.connections.get(index).is_some_and(|connection| connection.is_serving()) {
                self.call(index, f);
            }
        }
    }

    fn with(&mut self, id: ConnectionId, f: &mut dyn FnMut(&mut C, &mut Output)) -> bool {
        self.connections.find(id).is_some_and(|index| self.call(index, f))
    }

    fn pause_reading(&mut self) {
        self.connections.pause_reading();
    }

    fn resume_reading(&mut self) {
        self.connections.resume_reading();
    }
}
