//! Waits for sockets: poll(2) under a deadline, and under a token that may be cancelled.

use std::io;
use std::time::Duration;

use crate::cancel::CancelToken;
use crate::deadline::Deadline;
use crate::sys::{self, AsHandle, Interest, PollEntry};
use crate::until::Until;

#[cfg(test)]
mod tests;

/// The interval between looks at a token without a pipe.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until `socket` is ready for `interest`, or has an error or an end to report. Returns
/// `false` if the wait ended first. A signal does not end it.
pub(crate) fn ready<'a>(
    socket: &impl AsHandle,
    interest: Interest,
    until: impl Into<Until<'a>>,
) -> io::Result<bool> {
    any_ready(&mut [PollEntry::new(socket, interest)], until)
}

/// Waits until at least one of `entries` is ready, as in [`ready`]; each entry then knows whether
/// it is. Returns `false` if the wait ended first.
pub(crate) fn any_ready<'a>(
    entries: &mut [PollEntry<'_>],
    until: impl Into<Until<'a>>,
) -> io::Result<bool> {
    let until = until.into();
    let Some(token) = until.token() else { return poll(entries, until.deadline()) };
    if token.is_cancelled() {
        return Ok(false);
    }
    let Ok(pipe) = token.pipe() else { return poll_in_slices(entries, until.deadline(), token) };
    let mut all = entries.to_vec();
    all.push(PollEntry::new(pipe.socket(), Interest::Read));
    let ready = poll(&mut all, until.deadline())?;
    entries.iter_mut().zip(&all).for_each(|(entry, polled)| entry.take_result(polled));
    Ok(ready && !token.is_cancelled())
}

fn poll_in_slices(
    entries: &mut [PollEntry<'_>],
    deadline: Deadline,
    token: &CancelToken,
) -> io::Result<bool> {
    loop {
        let ready = poll(entries, deadline.earlier(Deadline::after(LOOK)))?;
        if token.is_cancelled() || ready || deadline.is_expired() {
            return Ok(ready && !token.is_cancelled());
        }
    }
}

fn poll(entries: &mut [PollEntry<'_>], deadline: Deadline) -> io::Result<bool> {
    loop {
        let remaining = deadline.remaining();
        match sys::poll(entries, poll_timeout(remaining)) {
            Ok(true) => return Ok(true),
            // The timeout is cut to poll(2)'s range, so it may end before the deadline.
            Ok(false) if remaining.is_some_and(|left| left.is_zero()) => return Ok(false),
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Repeats `call`, which must not block, until it returns anything other than "would block" or
/// "interrupted". Returns `None` if the wait ended first.
pub(crate) fn until<'a, T>(
    socket: &impl AsHandle,
    interest: Interest,
    until: impl Into<Until<'a>>,
    mut call: impl FnMut() -> io::Result<T>,
) -> io::Result<Option<T>> {
    let until = until.into();
    let mut refusals = u32::from(sys::DONT_WAIT == 0);
    loop {
        if until.is_over() || refusals > 0 && !ready(socket, interest, until)? {
            return Ok(None);
        }
        match call() {
            Ok(value) => return Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => refusals += 1,
            Err(error) => return Err(error),
        }
        // poll(2) considers only the sender's side. For a Unix datagram to a receiver with a full
        // queue it therefore reports readiness each time.
        if refusals > 1 {
            pause(refusals - 2, Duration::from_millis(20), until);
        }
    }
}

/// Sleeps for 1 ms, doubled `doublings` times up to `longest`, but not beyond the end of the wait.
pub(crate) fn pause<'a>(doublings: u32, longest: Duration, until: impl Into<Until<'a>>) {
    until.into().sleep(Duration::from_millis(1 << doublings.min(10)).min(longest));
}

/// Returns the timeout for poll(2) in milliseconds, rounded up: rounding down would make a busy
/// loop.
fn poll_timeout(remaining: Option<Duration>) -> i32 {
    match remaining {
        None => -1,
        Some(left) => i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX),
    }
}
