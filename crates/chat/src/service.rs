//! The chat on netcore's event loop.

use std::time::SystemTime;

use bytes::Bytes;
use netcore::Address;
use netcore::server::{Closed, Output, Refusal, Service, Turn};

use crate::now::Now;
use crate::shard::Seat;
use crate::shard::member::Member;
use crate::shard::output::Outbox;

#[cfg(test)]
mod tests;

/// A [`Seat`] as a [`Service`], one for each worker of a
/// [`Server`](netcore::server::Server::run): a round is a turn of the loop.
#[derive(Debug)]
pub struct ChatService(pub(crate) Seat);

impl Outbox for Output {
    fn send(&mut self, bytes: &[u8]) {
        Output::send(self, bytes);
    }

    fn share(&mut self, bytes: Bytes) {
        Output::share(self, bytes);
    }

    fn waiting(&self) -> usize {
        Output::waiting(self)
    }

    fn more(&mut self) {
        Output::more(self);
    }

    fn hold(&mut self, hold: bool) {
        Output::hold(self, hold);
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
        // A Unix socket's client has no address that would tell it from another.
        let name = peer.inet().map(|address| address.to_string());
        self.0.enter(output.id().into(), name.as_deref(), now(output), output)
    }

    fn receive(&mut self, member: &mut Member, input: &[u8], output: &mut Output) {
        self.0.receive(member, input, now(output), output);
        if self.0.is_full() {
            output.enough();
        }
    }

    fn end(&mut self, member: &mut Member, output: &mut Output) {
        self.0.end(member, now(output), output);
    }

    fn ready(&mut self, member: &mut Member, output: &mut Output) {
        self.0.feed(member, now(output), output);
    }

    fn idle(&mut self, member: &mut Member, output: &mut Output) {
        if member.has_unheard() {
            // It is heard slowly, which is not its silence.
            return;
        }
        self.0.tell(member, "you have said nothing for too long", now(output), output);
        self.0.leave(member, now(output), output);
    }

    fn stop(&mut self, member: &mut Member, output: &mut Output) {
        self.0.leave(member, now(output), output);
    }

    fn closed(&mut self, member: Member, why: Closed) {
        log::debug!("{}: {why:?}", member.name());
        self.0.exit(member);
    }

    fn refuse(&mut self, why: Refusal, words: &mut Vec<u8>) {
        let text = match why {
            Refusal::Full => "the chat is full; try again later",
            _ => "the server has no descriptor left for you; try again later",
        };
        self.0.refuse(text, SystemTime::now(), words);
    }

    fn turn(&mut self, turn: &mut Turn<'_, Member>) {
        self.0.begin(Now { instant: turn.now(), time: turn.time() });
        while let Some(key) = self.0.poll() {
            turn.with(key.into(), |member, output| self.0.visit(member, output));
        }
        if let Some(at) = self.0.next_round() {
            turn.again_at(at);
        }
        turn.hold(self.0.is_held());
    }
}

fn now(output: &Output) -> Now {
    Now { instant: output.now(), time: output.time() }
}
