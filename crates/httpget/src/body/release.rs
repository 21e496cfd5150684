//! The end of a body: its connection goes back to the pool or is closed.

use std::time::{Duration, Instant};

use netcore::Deadline;

use super::{Body, Context, Decoded};
use crate::event::{CloseReason, Event};

/// The longest wait for the rest of an unwanted body.
const DRAIN_TIME: Duration = Duration::from_millis(100);

impl Body {
    /// Releases the connection as soon as the last byte is read, without waiting for another read.
    pub(super) fn release_if_whole(&mut self) {
        let Some(connection) = &self.connection else { return };
        if self.is_read() && connection.unread().is_empty() {
            self.release();
        }
    }

    /// Puts the connection of a complete response back into the pool, if it can be used again.
    pub(super) fn release(&mut self) {
        if self.connection.is_some() && !self.context.check.finish(self.exchange.trailers()) {
            return self.close(CloseReason::Broken);
        }
        let Some(connection) = self.connection.take() else { return };
        let now = Instant::now();
        self.context.timings.finished = Some(now.duration_since(self.context.start));
        let Context { pool, route, last, .. } = &self.context;
        self.connection_event = Some(if *last {
            Event::Closed { reason: CloseReason::Request }
        } else if !self.exchange.is_reusable() {
            Event::Closed { reason: CloseReason::Response }
        } else if pool.put_at(now, route.clone(), connection.with_token(None)) {
            Event::Kept
        } else {
            Event::Closed { reason: CloseReason::NotKept }
        });
    }

    /// Receives and drops a short rest of the body, so that the connection can be used again.
    pub(crate) fn drain(&mut self) {
        if self.connection.is_none() {
            return;
        }
        let left = self.content_length().map(|all| all.saturating_sub(self.received()));
        if self.context.last {
            return self.close(CloseReason::Request);
        }
        if !self.exchange.allows_reuse() {
            return self.close(CloseReason::Response);
        }
        if left.is_some_and(|left| left > self.context.drain) {
            return self.close(CloseReason::Unread);
        }
        let soon = Deadline::after(DRAIN_TIME);
        let step = self.context.deadlines.total().earlier(soon);
        let mut room = self.context.drain;
        loop {
            match self.decode() {
                Err(_) | Ok(Decoded::End) => return,
                Ok(Decoded::Content) => self.content = 0..0,
                Ok(Decoded::NeedMore) if room == 0 => return self.close(CloseReason::Unread),
                Ok(Decoded::NeedMore) => match self.fill(step) {
                    Ok(count) => room = room.saturating_sub(count as u64),
                    Err(_) => return self.close(CloseReason::Unread),
                },
            }
        }
    }
}
