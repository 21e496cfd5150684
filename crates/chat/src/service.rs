//! The chat on netcore's event loop.

use std::borrow::Cow;
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

/// Text for a client that is closed after the idle timeout.
pub(crate) const IDLE: &str = "you have said nothing for too long";

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
        self.0.connect(output.id().into(), peer_name(peer).as_deref(), now(output), output)
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
        self.0.notify(member, IDLE, now(output), output);
        self.0.leave(member, now(output), output);
    }

    fn stop(&mut self, member: &mut Member, output: &mut Output) {
        self.0.leave(member, now(output), output);
    }

    fn closed(&mut self, member: Member, why: Closed) {
        let name = member.name();
        match why {
            Closed::Stalled => log::info!("{name}: aborted: it has read nothing for too long"),
            Closed::Broken(error) => log::debug!("{name}: broken: {error}"),
            Closed::Stopped => log::debug!("{name}: aborted: the server stops"),
            _ => {}
        }
        self.0.disconnect(member);
    }

    fn reject(&mut self, why: Rejection, words: &mut Vec<u8>) {
        self.0.reject(&rejection(why), SystemTime::now(), words);
    }

    fn turn(&mut self, turn: &mut Turn<'_, Member>) {
        run_round(&mut self.0, turn, |shard, member, output| shard.handle_client(member, output));
    }
}

/// Runs a round of the shard in a turn. `visit` visits one client.
pub(crate) fn run_round<C>(
    shard: &mut Shard,
    turn: &mut Turn<'_, C>,
    mut visit: impl FnMut(&mut Shard, &mut C, &mut Output),
) {
    shard.begin_round(Now { instant: turn.now(), time: turn.time() });
    while let Some(key) = shard.poll_client() {
        turn.with(key.into(), |connection, output| visit(shard, connection, output));
    }
    if let Some(at) = shard.next_round() {
        turn.again_at(at);
    }
    match shard.is_memory_short() {
        true => turn.pause_reading(),
        false => turn.resume_reading(),
    }
}

/// Returns the name of a client until it chooses one. All clients of a Unix socket have the same
/// address, so the shard numbers them.
pub(crate) fn peer_name(peer: &Address) -> Option<String> {
    peer.inet().map(|address| address.to_string())
}

/// Returns the text for a client that is rejected.
pub(crate) fn rejection(why: Rejection) -> Cow<'static, str> {
    match why {
        Rejection::Full => "the chat is full; try again later".into(),
        Rejection::AddressFull { limit } => {
            format!("connection limit of your address reached ({limit})").into()
        }
        _ => "the server has no descriptor left for you; try again later".into(),
    }
}

pub(crate) fn now(output: &Output) -> Now {
    Now { instant: output.now(), time: output.time() }
}
