//! Threads for the system's resolver, whose calls can't be interrupted, and the time limit.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use dns_lookup::LookupError;

use crate::deadline::Deadline;
use crate::error::{Error, ErrorKind, Operation};

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

/// Returns the answer of `look_up`, unless the deadline passes first. The look-up then continues
/// unobserved.
pub(crate) fn on_lookup_thread<T: Send + 'static>(
    deadline: Deadline,
    look_up: impl FnOnce() -> Result<T, LookupError> + Send + 'static,
) -> Result<T, Error> {
    let answer = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&answer);
    let work = move || {
        let answer = look_up();
        *lock(&theirs) = Some(answer);
    };
    run(deadline, Box::new(work), spawn)?;
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
    deadline: Deadline,
    work: Work,
    spawn: impl FnOnce(Work) -> io::Result<()>,
) -> Result<(), Error> {
    if deadline.is_expired() {
        return Err(Error::timed_out(Operation::Resolve));
    }
    let Some(permit) = Permit::take(&RUNNING) else {
        let text = format!("{MAX_LOOKUPS} look-ups are running already");
        return Err(Error::new(Operation::Resolve, ErrorKind::TryAgain).because_text(text));
    };
    let end = Arc::new(End::default());
    let ending = Ending(Arc::clone(&end));
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
    match end.wait(deadline) {
        true => Ok(()),
        false => Err(Error::timed_out(Operation::Resolve)),
    }
}

/// The signal that a thread has ended.
#[derive(Default)]
struct End {
    reached: Mutex<bool>,
    changed: Condvar,
}

impl End {
    /// Waits for the end. Returns `false` if the deadline passed first.
    fn wait(&self, deadline: Deadline) -> bool {
        let mut reached = lock(&self.reached);
        while !*reached {
            reached = match deadline.remaining() {
                None => self.changed.wait(reached).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return false,
                Some(left) => {
                    let waited = self.changed.wait_timeout(reached, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }
}

/// Signals the end when it is dropped.
struct Ending(Arc<End>);

impl Drop for Ending {
    fn drop(&mut self) {
        *lock(&self.0.reached) = true;
        self.0.changed.notify_one();
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
