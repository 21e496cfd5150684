//! Threads for the system's resolver, whose calls can't be interrupted, and the time limit.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use dns_lookup::LookupError;

use crate::cancel::CancelToken;
use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};
use crate::lock::lock;
use crate::until::Until;

#[cfg(test)]
mod tests;

/// The most look-ups of this process at a time: addresses, names and services together.
/// getaddrinfo(3) and getnameinfo(3) can't be interrupted, so a look-up whose deadline passed keeps
/// its thread until the resolver returns.
pub const MAX_LOOKUPS: usize = 64;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// A permit, one of [`MAX_LOOKUPS`]. Its thread returns it at the end, even after a panic.
struct Permit<'a>(&'a AtomicUsize);

impl Permit<'_> {
    fn take(count: &AtomicUsize) -> Option<Permit<'_>> {
        let take = |taken| (taken < MAX_LOOKUPS).then_some(taken + 1);
        count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).ok().map(|_| Permit(count))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the answer of `look_up`, unless the wait ends first. The look-up then continues
/// unobserved.
pub(crate) fn on_lookup_thread<T: Send + 'static>(
    until: Until<'_>,
    look_up: impl FnOnce() -> Result<T, LookupError> + Send + 'static,
) -> Result<T, Error> {
    let answer = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&answer);
    let work = move || {
        let answer = look_up();
        *lock(&theirs) = Some(answer);
    };
    run(until, Box::new(work), spawn)?;
    match lock(&answer).take() {
        Some(answer) => answer.map_err(Error::from_lookup),
        None => Err(Error::new(Operation::Resolve, ErrorKind::Other)
            .because_text("the look-up ended without an answer")),
    }
}

type Work = Box<dyn FnOnce() + Send>;

fn spawn(work: Work) -> io::Result<()> {
    thread::Builder::new().name(String::from("resolve")).spawn(work).map(drop)
}

/// Runs `work` on its own thread and waits for its end.
///
/// If the system has no thread left (`ulimit -u`, a container's limit), the calling thread runs the
/// work. The work may then last beyond the deadline, as long as the resolver's own timeouts allow.
fn run(
    until: Until<'_>,
    work: Work,
    spawn: impl FnOnce(Work) -> io::Result<()>,
) -> Result<(), Error> {
    if until.is_over() {
        return Err(until.error(Operation::Resolve));
    }
    let Some(permit) = Permit::take(&RUNNING) else {
        let text = format!("{MAX_LOOKUPS} look-ups are running already");
        return Err(Error::new(Operation::Resolve, ErrorKind::TryAgain).because_text(text));
    };
    let end = End::below(until.token());
    let ending = Ending(end.clone());
    let work = Arc::new(Mutex::new(Some(work)));
    let theirs = Arc::clone(&work);
    let on_thread = move || {
        // Even if the work panics, the permit is returned before the end is signalled.
        let _ending = ending;
        let _place = permit;
        let work = lock(&theirs).take();
        work.into_iter().for_each(|work| work());
    };
    if let Err(error) = spawn(Box::new(on_thread)) {
        log::debug!("no thread for a look-up: {error}");
        let work = lock(&work).take();
        work.into_iter().for_each(|work| work());
        return Ok(());
    }
    match end.wait(until.deadline()) {
        true => Ok(()),
        false => Err(until.error(Operation::Resolve)),
    }
}

/// The signal that a thread has ended.
#[derive(Clone)]
struct End {
    reached: Arc<AtomicBool>,
    /// The token that wakes the waiting thread: cancelled at the end, and with the caller's token.
    signal: CancelToken,
}

impl End {
    fn below(token: Option<&CancelToken>) -> End {
        let signal = token.map_or_else(CancelToken::new, CancelToken::child);
        End { reached: Arc::default(), signal }
    }

    /// Waits for the end. Returns `false` if the wait ended first.
    fn wait(&self, deadline: Deadline) -> bool {
        self.signal.wait(deadline) && self.reached.load(Ordering::Acquire)
    }
}

/// Signals the end when it is dropped.
struct Ending(End);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.reached.store(true, Ordering::Release);
        self.0.signal.cancel();
    }
}
