//! The chat on netcore's event loop.

use std::time::SystemTime;

use bytes::Bytes;
use netcore::Address;
use netcore::server::{Closed, Output, Rejection, Service, Turn};

use crate::now::Now;
use crate::shard::Shard;
use crate::shard::member::Member;
use crate::shard::output::ClientOutput;

#[cfg(test)]
mod tests;

/// A [`Shard`] as a [`Service`], one for each worker of a
/// [`Server`](netcore::server::Server::run). A round is a turn of the loop.
#[derive(Debug)]
pub struct ChatService(pub(crate) Shard);

impl ClientOutput for Output {
    fn send(&mut self, bytes: &[u8]) {
        Output::send(self, bytes);
    }

    fn share(&mut self, bytes: Bytes) {
        Output::share(self, bytes);
    }

    fn unsent(&self) -> usize {
        Output::unsent(self)
    }

    fn call_when_flushed(&mut self) {
        Output::call_ready_when_flushed(self);
    }

    fn pause_reading(&mut self) {
        Output::pause_reading(self);
    }

    fn resume_reading(&mut self) {
        Output::resume_reading(self);
    }

    fn close(&mut self) {
        Output::close(self);
    }

    fn abort(&mut self) {
        Output::abort(self);
    }
}

impl Service for ChatService {
    type Connection = Member;

    fn open(&mut self, peer: &Address, output: &mut Output) -> Member {
        // All clients of a Unix socket have the same address, so the shard numbers them.
        let name = peer.inet().map(|address| address.to_string());
        self.0.connect(output.id().into(), name.as_deref(), now(output), output)
    }

    fn receive(&mut self, member: &mut Member, input: &[u8], output: &mut Output) {
        self.0.receive(member, input, now(output), output);
        if self.0.is_batch_full() {
            output.yield_turn();
        }
    }

    fn end(&mut self, member: &mut Member, output: &mut Output) {
        self.0.end(member, now(output), output);
    }

    fn ready(&mut self, member: &mut Member, output: &mut Output) {
        self.0.handle_writable(member, now(output), output);
    }

    fn idle(&mut self, member: &mut Member, output: &mut Output) {
        if member.has_deferred() {
            // The client has sent more than its limits allow so far, so it is not idle.
            return;
        }
        self.0.notify(member, "you have said nothing for too long", now(output), output);
        self.0.leave(member, now(output), output);
    }

    fn stop(&mut self, member: &mut Member, output: &mut Output) {
        self.0.leave(member, now(output), output);
    }

    fn closed(&mut self, member: Member, why: Closed) {
        log::debug!("{}: {why:?}", member.name());
        self.0.disconnect(member);
    }

    fn reject(&mut self, why: Rejection, words: &mut Vec<u8>) {
        let text = match why {
            Rejection::Full => "the chat is full; try again later",
            Rejection::AddressFull { limit } => {
                let text = format!("connection limit of your address reached ({limit})");
                return self.0.reject(&text, SystemTime::now(), words);
            }
            _ => "the server has no descriptor left for you; try again later",
        };
        self.0.reject(text, SystemTime::now(), words);
    }

    fn turn(&mut self, turn: &mut Turn<'_, Member>) {
        self.0.begin_round(Now { instant: turn.now(), time: turn.time() });
        while let Some(key) = self.0.poll_client() {
            turn.with(key.into(), |member, output| self.0.handle_client(member, output));
        }
        if let Some(at) = self.0.next_round() {
            turn.again_at(at);
        }
        match self.0.is_memory_short() {
            true => turn.pause_reading(),
            false => turn.resume_reading(),
        }
    }
}

fn now(output: &Output) -> Now {
    Now { instant: output.now(), time: output.time() }
}
