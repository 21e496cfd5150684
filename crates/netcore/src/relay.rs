//! Two streams joined to each other.

mod end;
mod error;
mod flow;

use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::sys::{self, NoSigpipe, PollEntry};
use crate::transfer::{Step, not_opened};
pub use end::End;
pub use error::{RelayError, Relayed, Side};
use flow::{Failed, Flow, Trouble};

#[cfg(test)]
mod tests;

/// Carries bytes between two ends, both ways at once, until both have ended. On Unix.
///
/// The ways do not hold each other up: one end may write as much as it likes before it reads. When
/// an end has no more to say, the other end, if it is a stream, reads an end too
/// ([`Shutdown::Write`](std::net::Shutdown::Write)), and the other way goes on. An output that is
/// not a stream stays open: closing it is its owner's. A stream that is closed both ways, be it by
/// the far end, where the system tells, or by [`Stream::shutdown`] on another thread, takes no more
/// and is waited for no longer.
///
/// One thread does all of it. Each way has up to 256 KiB on its way, or 1 MiB to a file, which the
/// kernel moves by itself where it can (splice(2) on Linux).
///
/// # Waiting
///
/// It ends when nothing has moved either way for as long as `idle`, or when `deadline` has passed.
/// An end that has said all may have less patience ([`End::with_half_closed`]); as much as `idle` is
/// enough for an end without an error. While it runs streams are in non-blocking mode, and another
/// thread may use them with deadlines only. Other descriptors are read and written when poll(2) says that they are ready, a pipe or
/// terminal without splice(2) by `PIPE_BUF` bytes at most, which it takes at once (pipe(7)). So
/// three things alone can hold it up: a disk, a terminal that is stopped in the midst of a piece,
/// and another process that reads or writes the same pipe or terminal at the same moment.
///
/// # Errors
///
/// [`RelayError`], with the way, the side, and how many bytes went each way until then:
///
/// - [`Operation::Read`]: an end broke, often with [`ConnectionReset`](ErrorKind::ConnectionReset).
///   The relay is over at once;
/// - [`Operation::Write`]: an end takes no more, often with [`BrokenPipe`](ErrorKind::BrokenPipe)
///   or [`StorageFull`](ErrorKind::StorageFull). If it is a stream, what it still has to say
///   arrives first;
/// - [`Operation::Poll`] with [`TimedOut`](ErrorKind::TimedOut): `idle` or `deadline`. No side is
///   to blame;
/// - [`Operation::Shutdown`], usually with [`NotConnected`](ErrorKind::NotConnected): the end of
///   one side could not be passed on, since the other has reset the connection;
/// - [`Operation::Open`], often with [`DescriptorsExhausted`](ErrorKind::DescriptorsExhausted): a
///   relay needs up to four descriptors more.
///
/// After an error no end is passed on, so that nobody takes for whole what is not. Dropping the
/// streams does pass one on; `SO_LINGER` of zero
/// ([`with_linger`](crate::SocketOptions::with_linger)) makes it a reset.
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
    let unopened = |error| RelayError::new(None, error, Relayed::default());
    let _modes = (left.nonblocking().map_err(unopened)?, right.nonblocking().map_err(unopened)?);
    let flows = Flow::new(Side::Left, left, right)
        .and_then(|there| Ok([there, Flow::new(Side::Right, right, left)?]))
        .map_err(|error| unopened(not_opened(error)))?;
    let mut relay = Relay { flows, failed: None, left_open: None };
    let result = relay.run(idle, deadline);
    let relayed = relay.relayed();
    match (result, relay.failed) {
        (Err((side, error)), _) | (Ok(()), Some((side, error))) => {
            Err(RelayError::new(side, error, relayed))
        }
        (Ok(()), None) => Ok(relayed),
    }
}

struct Relay<'a> {
    flows: [Flow<'a>; 2],
    /// An end takes no more. The other way goes on.
    failed: Option<Failed>,
    /// The end whose bytes are waited for no longer.
    left_open: Option<Side>,
}

impl Relay<'_> {
    fn run(&mut self, idle: Option<Duration>, deadline: Deadline) -> Result<(), Failed> {
        let _quiet = NoSigpipe::new();
        let mut moved_at = Instant::now();
        while self.flows.iter().any(Flow::is_open) {
            if deadline.is_expired() {
                return Err((None, Error::timed_out(Operation::Poll)));
            }
            if self.step()? {
                moved_at = Instant::now();
                continue;
            }
            let half_closed = self.flows.iter().find_map(Flow::patience);
            let leaves =
                half_closed.is_some_and(|patience| idle.is_none_or(|idle| patience <= idle));
            let quiet = if leaves { half_closed } else { idle };
            let quiet =
                quiet.map_or(Deadline::never(), |quiet| Deadline::after_at(moved_at, quiet));
            if !self.wait(deadline.earlier(quiet))? && !deadline.is_expired() {
                // What is on its way to an end that does not take it is not dropped in silence.
                if leaves && !self.flows.iter().any(Flow::holds) {
                    self.left_open = self.flows.iter().find_map(Flow::open_side);
                    return Ok(());
                }
                let cause = std::io::Error::other("nothing moved within the idle limit");
                let error = Error::new(Operation::Poll, ErrorKind::TimedOut).because(cause);
                return Err((None, error));
            }
        }
        Ok(())
    }

    /// Moves what can be moved at once, each way. `false`: nothing could be, and no way is over.
    fn step(&mut self) -> Result<bool, Failed> {
        let mut moved = false;
        for at in 0..self.flows.len() {
            let flow = &mut self.flows[at];
            if !flow.is_open() {
                continue;
            }
            match flow.step() {
                Ok(Step::Wait(_)) => {}
                Ok(Step::Moved) => moved = true,
                Ok(Step::Done) => {
                    moved = true;
                    flow.end(self.failed.is_none()).map_err(|error| flow.blame(error))?;
                }
                Err(error) => {
                    moved = true;
                    self.fail(at, error)?;
                }
            }
        }
        Ok(moved)
    }

    /// One way has failed. Whether the other goes on.
    fn fail(&mut self, at: usize, error: Error) -> Result<(), Failed> {
        let flow = &mut self.flows[at];
        let failed = flow.blame(error);
        if failed.1.operation() != Operation::Write || !flow.sink_may_speak() {
            return Err(failed);
        }
        flow.give_up();
        self.failed.get_or_insert(failed);
        Ok(())
    }

    /// Waits until something may be moved, or an end takes no more. `false`: the deadline passed.
    fn wait(&mut self, deadline: Deadline) -> Result<bool, Failed> {
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
        let polled = |error| (None, Error::from_io(Operation::Poll, error));
        if !sys::wait_any(&mut entries, deadline).map_err(polled)? {
            return Ok(false);
        }
        let ready: Vec<bool> = entries.iter().map(PollEntry::is_ready).collect();
        drop(entries);
        for (lookout, ready) in lookouts.into_iter().zip(ready) {
            if let (Some(at), true) = (lookout, ready) {
                match self.flows[at].trouble() {
                    Trouble::Failed(error) => self.fail(at, error)?,
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
