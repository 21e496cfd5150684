//! The chat on netcore's event loop.

use std::time::SystemTime;

use bytes::Bytes;
use netcore::Address;
use netcore::server::{Closed, Output, Refusal, Service, Turn};

use crate::{Member, Outbox, Seat};

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
        self.0.enter(name.as_deref(), output.time(), output)
    }

    fn receive(&mut self, client: &mut Member, input: &[u8], output: &mut Output) {
        self.0.receive(client, input, output.time(), output);
        if self.0.is_full() {
            output.enough();
        }
    }

    fn end(&mut self, client: &mut Member, output: &mut Output) {
        self.0.end(client, output.time(), output);
    }

    fn ready(&mut self, client: &mut Member, output: &mut Output) {
        self.0.feed(client, output.time(), output);
    }

    fn idle(&mut self, client: &mut Member, output: &mut Output) {
        self.0.tell(client, "you have said nothing for too long", output.time(), output);
        output.close();
    }

    fn stop(&mut self, client: &mut Member, output: &mut Output) {
        self.0.leave(client, output.time(), output);
    }

    fn closed(&mut self, client: Member, why: Closed) {
        log::debug!("{}: {why:?}", client.name());
        self.0.exit(client);
    }

    fn refuse(&mut self, why: Refusal, words: &mut Vec<u8>) {
        let text = match why {
            Refusal::Full => "the chat is full; try again later",
            _ => "the server has no descriptor left for you; try again later",
        };
        self.0.refuse(text, SystemTime::now(), words);
    }

    fn turn(&mut self, turn: &mut Turn<'_, Member>) {
        if let Some(mut round) = self.0.round(turn.now(), turn.time()) {
            turn.each(|client, output| self.0.visit(&mut round, client, output));
            self.0.conclude(round);
        }
        if let Some(at) = self.0.next_round() {
            turn.again_at(at);
        }
        turn.hold(self.0.is_held());
    }
}
