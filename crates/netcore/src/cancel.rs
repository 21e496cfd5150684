//! Cancellation: a token by which one thread ends the waits of others.

use std::fmt;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak};

use crate::deadline::Deadline;
use crate::lock::lock;
use crate::sys::WakePipe;

#[cfg(test)]
mod tests;

/// A token that cancels operations of other threads: a stop button.
///
/// ```
/// use std::thread;
/// use std::time::Duration;
/// use netcore::{CancelToken, Deadline, ErrorKind, Listener, SocketOptions, Stream};
///
/// let listener = Listener::bind("127.0.0.1:0")?;
/// let deadline = Deadline::after(Duration::from_secs(60));
/// let client = Stream::connect(listener.endpoint(), &SocketOptions::new(), deadline)?;
///
/// let token = CancelToken::new();
/// let button = token.clone();
/// let reading = thread::spawn(move || {
///     client.read_deadline(&mut [0; 1024], deadline.or_cancelled(&token))
/// });
/// button.cancel();
/// let error = reading.join().unwrap().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Cancelled);
/// # Ok::<(), netcore::Error>(())
/// ```
///
/// Functions that take an [`Until`](crate::Until) wait for the token besides their deadline:
/// [`Deadline::or_cancelled`] puts the two together. A wait ends as soon as the token is cancelled,
/// and so does each later one. Without a token nothing is different, and nothing costs more.
///
/// Clones are the same token, which may serve any number of operations and threads. Cancelling it
/// is final. The first wait for a socket opens a pair of sockets, which the token keeps. If the
/// process has no descriptor left for them, the wait checks the token every 50 ms instead.
///
/// [`cancel`](CancelToken::cancel) takes a lock, so a signal handler must not call it. A thread
/// that waits for the signal may.
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_cancelled: AtomicBool,
    /// The tokens that are cancelled with this one. The lock orders the cancellation, and the
    /// waits for it.
    children: Mutex<Vec<Weak<Shared>>>,
    cancelled: Condvar,
    /// The pipe that wakes threads in poll(2), made for the first of them.
    pipe: OnceLock<WakePipe>,
}

impl CancelToken {
    /// Returns a token that is not cancelled.
    #[must_use]
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// Returns a token that is cancelled with this one, and can be cancelled alone.
    ///
    /// ```
    /// use netcore::CancelToken;
    ///
    /// let all = CancelToken::new();
    /// let (first, second) = (all.child(), all.child());
    /// first.cancel();
    /// assert!(!all.is_cancelled() && !second.is_cancelled());
    /// all.cancel();
    /// assert!(second.is_cancelled());
    /// ```
    #[must_use]
    pub fn child(&self) -> CancelToken {
        let child = CancelToken::new();
        let mut children = lock(&self.0.children);
        if self.is_cancelled() {
            child.cancel();
            return child;
        }
        if children.len() == children.capacity() {
            children.retain(|child| child.strong_count() > 0);
        }
        children.push(Arc::downgrade(&child.0));
        child
    }

    /// Cancels all operations with this token, those of its children included. A second call does
    /// nothing.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Returns `true` if the token is cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Acquire)
    }

    /// Waits until the token is cancelled. Returns `false` if the deadline passed first.
    #[must_use]
    pub fn wait(&self, deadline: Deadline) -> bool {
        let mut children = lock(&self.0.children);
        loop {
            if self.is_cancelled() {
                return true;
            }
            children = match deadline.remaining() {
                None => self.0.cancelled.wait(children).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return false,
                Some(left) => {
                    let waited = self.0.cancelled.wait_timeout(children, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Returns `true` if a thread has begun to wait for a socket.
    #[cfg(test)]
    pub(crate) fn is_waited_for(&self) -> bool {
        self.0.pipe.get().is_some()
    }

    /// Returns the pipe that becomes readable when the token is cancelled.
    ///
    /// # Errors
    ///
    /// The system has no socket left.
    pub(crate) fn pipe(&self) -> io::Result<&WakePipe> {
        if let Some(pipe) = self.0.pipe.get() {
            return Ok(pipe);
        }
        // Under the lock, so that the cancellation either finds the pipe or is found here.
        let _children = lock(&self.0.children);
        if let Some(pipe) = self.0.pipe.get() {
            return Ok(pipe);
        }
        let pipe = WakePipe::new()?;
        if self.is_cancelled() {
            pipe.wake();
        }
        Ok(self.0.pipe.get_or_init(|| pipe))
    }
}

impl Shared {
    fn cancel(&self) {
        let mut children = lock(&self.children);
        if self.is_cancelled.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(pipe) = self.pipe.get() {
            pipe.wake();
        }
        self.cancelled.notify_all();
        let orphans = mem::take(&mut *children);
        drop(children);
        orphans.iter().filter_map(Weak::upgrade).for_each(|child| child.cancel());
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}
