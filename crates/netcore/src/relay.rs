//! Relaying between two streams or pairs of descriptors.

mod end;
mod error;
mod flow;

use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::{NoSigpipe, PollEntry};
use crate::transfer::not_opened;
use crate::wait;
pub use end::End;
use error::Failed;
pub use error::{RelayError, Relayed, Side};
use flow::{Flow, Trouble};

#[cfg(test)]
mod tests;

/// Relays bytes between two ends, in both directions at once, until both have ended.
///
/// The directions are independent: one end may write as much as it likes before it reads. If an end
/// ends, the relay ends the writing side of the other one, if that is a stream
/// ([`Shutdown::Write`](std::net::Shutdown::Write)). The other direction continues. An output that
/// is not a stream stays open; its owner closes it.
///
/// A stream may be closed in both directions, by the far end if the system reports it, or by
/// [`Stream::shutdown`](crate::Stream::shutdown) on another thread. It then accepts no more bytes,
/// and the relay no longer waits for it.
///
/// Over TLS an end is `close_notify`, in both senses: the relay passes an end on as one, and an end
/// of the connection without it is an error. The handshake of an accepted stream may be part of the
/// relay.
///
/// One thread does all of it. Each direction holds up to 256 KiB, or 1 MiB to a file, which the
/// kernel moves by itself where it can (splice(2) on Linux). Over TLS it holds up to 96 KiB, and
/// 64 KiB of ciphertext.
///
/// # Waiting
///
/// The relay ends when no bytes have moved in either direction for `idle`, or when `deadline` has
/// passed. After one end has ended, a shorter limit may apply to the other
/// ([`End::with_half_closed`]). If that limit is at most `idle`, the relay then ends without an
/// error.
///
/// During the relay its streams are in non-blocking mode, and other threads may use them with
/// deadlines only. Other descriptors are read and written when poll(2) reports them ready. Without
/// splice(2) a pipe or terminal receives at most `PIPE_BUF` bytes at a time, which it takes at once
/// (pipe(7)).
///
/// Only three things can therefore block the relay: a disk, a terminal that is stopped during a
/// write, and another process that uses the same pipe or terminal at that moment. On Windows every
/// pipe and console that is an output can, and none can be an input
/// ([`pollable`](crate::transfer::pollable)).
///
/// # Errors
///
/// [`RelayError`], with the direction, the side, and the bytes relayed until then:
///
/// - [`Operation::Read`]: an end failed, often with
///   [`ConnectionReset`](ErrorKind::ConnectionReset), or over TLS with
///   [`UnexpectedEnd`](ErrorKind::UnexpectedEnd): it ended without `close_notify`. The relay ends
///   at once;
/// - [`Operation::Handshake`]: the TLS handshake with an end failed;
/// - [`Operation::Write`]: an end accepts no more bytes, often with
///   [`BrokenPipe`](ErrorKind::BrokenPipe) or [`StorageFull`](ErrorKind::StorageFull). If it is a
///   stream, its remaining bytes are relayed first;
/// - [`Operation::Poll`] with [`TimedOut`](ErrorKind::TimedOut): `idle` or `deadline`. The error
///   names no side;
/// - [`Operation::Shutdown`], usually with [`NotConnected`](ErrorKind::NotConnected): the relay
///   could not pass the end of one side on, since the other side has reset the connection;
/// - [`Operation::Open`], often with [`DescriptorsExhausted`](ErrorKind::DescriptorsExhausted): a
///   relay needs up to four descriptors more. [`InvalidInput`](ErrorKind::InvalidInput): an
///   encrypted stream was passed as a descriptor ([`End::new`]), which has only its ciphertext.
///
/// After an error the relay passes no end on, so that no peer takes incomplete data for complete.
/// Dropping a stream does end it; `SO_LINGER` of zero
/// ([`with_linger`](crate::SocketOptions::with_linger)) makes that a reset.
///
/// ```
/// use std::time::Duration;
/// use netcore::{Deadline, Endpoint, Listener, SocketOptions, Stream};
/// use netcore::relay::{End, RelayError, relay};
///
/// /// Passes one connection on to another server, as long as it is used once a minute.
/// fn forward(listener: &Listener, to: &Endpoint) -> Result<(), Box<dyn std::error::Error>> {
///     let (client, _) = listener.accept(Deadline::never())?;
///     let patience = Deadline::after(Duration::from_secs(10));
///     let server = Stream::connect(to, &SocketOptions::new(), patience)?;
///     let minute = Some(Duration::from_secs(60));
///     let day = Deadline::after(Duration::from_secs(86_400));
///     let relayed = relay(End::from(&client), End::from(&server), minute, day)?;
///     println!("{} bytes there, {} back", relayed.from_left, relayed.from_right);
///     Ok(())
/// }
/// ```
pub fn relay(
    left: End<'_>,
    right: End<'_>,
    idle: Option<Duration>,
    deadline: Deadline,
) -> Result<Relayed, RelayError> {
    let unopened = |error| RelayError::new(whole(error), Relayed::default());
    let _modes = (left.nonblocking().map_err(unopened)?, right.nonblocking().map_err(unopened)?);
    let flows = Flow::new(Side::Left, left, right)
        .and_then(|there| Ok([there, Flow::new(Side::Right, right, left)?]))
        .map_err(|error| unopened(not_opened(error)))?;
    let mut relay = Relay { flows, failed: None, left_open: None };
    let result = relay.run(idle, deadline);
    let relayed = relay.relayed();
    match (result, relay.failed) {
        (Err(failed), _) | (Ok(()), Some(failed)) => Err(RelayError::new(failed, relayed)),
        (Ok(()), None) => Ok(relayed),
    }
}

/// Returns the failure of the relay as a whole.
fn whole(error: Error) -> Failed {
    Failed { from: None, side: None, error }
}

struct Relay<'a> {
    flows: [Flow<'a>; 2],
    /// The failure of an end that accepts no more bytes. The other direction continues.
    failed: Option<Failed>,
    /// The end whose bytes the relay no longer waits for.
    left_open: Option<Side>,
}

impl Relay<'_> {
    fn run(&mut self, idle: Option<Duration>, deadline: Deadline) -> Result<(), Failed> {
        let _quiet = NoSigpipe::new();
        let mut moved_at = Instant::now();
        while self.flows.iter().any(Flow::is_open) {
            if deadline.is_expired() {
                return Err(whole(Error::timed_out(Operation::Poll)));
            }
            if self.step()? {
                moved_at = Instant::now();
                continue;
            }
            let half_closed = self.flows.iter().find_map(Flow::half_closed_limit);
            let leaves = half_closed.is_some_and(|limit| idle.is_none_or(|idle| limit <= idle));
            let quiet = if leaves { half_closed } else { idle };
            let quiet =
                quiet.map_or(Deadline::never(), |quiet| Deadline::after_at(moved_at, quiet));
            if !self.wait(deadline.earlier(quiet))? && !deadline.is_expired() {
                // Bytes that the other end has not accepted are never dropped silently.
                if leaves && !self.flows.iter().any(Flow::holds) {
                    self.left_open = self.flows.iter().find_map(Flow::open_side);
                    return Ok(());
                }
                let cause = std::io::Error::other("nothing moved within the idle limit");
                let error = Error::new(Operation::Poll, ErrorKind::TimedOut).because(cause);
                return Err(whole(error));
            }
        }
        Ok(())
    }

    /// Moves the available bytes in each direction. Returns `false` if none could move and no
    /// direction ended.
    fn step(&mut self) -> Result<bool, Failed> {
        let mut moved = false;
        for at in 0..self.flows.len() {
            let flow = &mut self.flows[at];
            if !flow.is_open() {
                continue;
            }
            match flow.step(self.failed.is_none()) {
                Ok(progress) => moved |= progress,
                Err(failed) => {
                    moved = true;
                    self.fail(at, failed)?;
                }
            }
        }
        Ok(moved)
    }

    /// Records the failure of one direction. Returns an error if the other one does not continue.
    fn fail(&mut self, at: usize, failed: Failed) -> Result<(), Failed> {
        let flow = &mut self.flows[at];
        if failed.error.operation() != Operation::Write || !flow.sink_may_speak() {
            return Err(failed);
        }
        flow.give_up();
        self.failed.get_or_insert(failed);
        Ok(())
    }

    /// Waits until bytes may move, or an end accepts no more. Returns `false` if the deadline
    /// passed.
    fn wait(&mut self, deadline: Deadline) -> Result<bool, Failed> {
        if self.flows.iter().any(Flow::is_ready) {
            return Ok(true);
        }
        let mut entries = Vec::with_capacity(4);
        let mut lookouts = Vec::with_capacity(4);
        for (at, flow) in self.flows.iter().enumerate().filter(|(_, flow)| flow.is_open()) {
            entries.push(flow.entry());
            lookouts.push(None);
            if let Some(lookout) = flow.lookout() {
                entries.push(lookout);
                lookouts.push(Some(at));
            }
        }
        let polled = |error| whole(Error::from_io(Operation::Poll, error));
        if !wait::any_ready(&mut entries, deadline).map_err(polled)? {
            return Ok(false);
        }
        let ready: Vec<bool> = entries.iter().map(PollEntry::is_ready).collect();
        drop(entries);
        for (lookout, ready) in lookouts.into_iter().zip(ready) {
            if let (Some(at), true) = (lookout, ready) {
                match self.flows[at].trouble() {
                    Trouble::Failed(failed) => self.fail(at, failed)?,
                    Trouble::Closed => {
                        self.left_open = self.flows[at].open_side();
                        self.flows[at].give_up();
                    }
                    Trouble::None => {}
                }
            }
        }
        Ok(true)
    }

    fn relayed(&self) -> Relayed {
        let [there, back] = &self.flows;
        Relayed { from_left: there.moved(), from_right: back.moved(), left_open: self.left_open }
    }
}
