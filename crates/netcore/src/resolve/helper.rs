//! The system's resolver on helper threads, for it can't be interrupted.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use dns_lookup::LookupError;

use crate::{Deadline, Error, ErrorKind, Operation};

/// How many look-ups this process has under way at most: addresses, names and services together.
/// getaddrinfo(3) and getnameinfo(3) can't be interrupted, so a look-up whose deadline passed keeps
/// its thread until the resolver gives up.
pub const MAX_LOOKUPS: usize = 64;

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// One of the [`MAX_LOOKUPS`], given back when its thread ends, however it ends.
struct Place<'a>(&'a AtomicUsize);

impl Place<'_> {
    fn take(count: &AtomicUsize) -> Option<Place<'_>> {
        let take = |taken| (taken < MAX_LOOKUPS).then_some(taken + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok().map(|_| Place(count))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What `look_up` answers, unless the deadline passes first: then it is left to itself.
pub(crate) fn on_helper<T: Send + 'static>(
    deadline: Deadline,
    look_up: impl FnOnce() -> Result<T, LookupError> + Send + 'static,
) -> Result<T, Error> {
    if deadline.is_expired() {
        return Err(Error::timed_out(Operation::Resolve));
    }
    let Some(place) = Place::take(&UNDER_WAY) else {
        let text = format!("{MAX_LOOKUPS} look-ups are under way");
        return Err(
            Error::new(Operation::Resolve, ErrorKind::TryAgain).because(io::Error::other(text))
        );
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    let work = move || {
        let answer = look_up();
        drop(place);
        // Nobody waits any more where the deadline has passed.
        let _ = sender.send(answer);
    };
    thread::Builder::new()
        .name(String::from("resolve"))
        .spawn(work)
        .map_err(|error| Error::from_io(Operation::Resolve, error))?;
    let answer = match deadline.remaining() {
        Some(left) => receiver.recv_timeout(left),
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match answer {
        Ok(answer) => answer.map_err(Error::from_lookup),
        Err(RecvTimeoutError::Timeout) => Err(Error::timed_out(Operation::Resolve)),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Error::new(Operation::Resolve, ErrorKind::Other)
                .because(io::Error::other("the look-up ended without an answer")))
        }
    }
}
