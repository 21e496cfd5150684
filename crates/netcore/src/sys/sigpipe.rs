//! Protection against `SIGPIPE` for calls without a flag: write(2) to a pipe, and splice(2).

#[cfg(not(unix))]
pub(crate) use none::NoSigpipe;
#[cfg(unix)]
pub(crate) use system::NoSigpipe;

#[cfg(unix)]
mod system {
    use std::marker::PhantomData;
    use std::mem::MaybeUninit;
    use std::ptr;

    /// A guard: while it lives, no write of this thread ends the process with `SIGPIPE`. The signal
    /// goes to the thread that wrote (signal(7)). The guard blocks it, and removes a pending one
    /// before it restores the mask.
    ///
    /// The process's own handling of the signal does not change.
    #[derive(Debug)]
    pub(crate) struct NoSigpipe {
        /// The thread's mask. `None` if the system refused to change it.
        mask: Option<libc::sigset_t>,
        /// `true` if a signal was pending before, which belongs to other code.
        pending: bool,
        /// Keeps the guard on its thread, since a mask belongs to a thread.
        here: PhantomData<*const ()>,
    }

    impl NoSigpipe {
        pub(crate) fn new() -> NoSigpipe {
            let pending = is_pending();
            let mut mask = MaybeUninit::uninit();
            // SAFETY: the first set is initialised, and there is room for the second.
            let result =
                unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &sigpipe(), mask.as_mut_ptr()) };
            // SAFETY: where it succeeds, pthread_sigmask(3) has written the mask.
            let mask = (result == 0).then(|| unsafe { mask.assume_init() });
            NoSigpipe { mask, pending, here: PhantomData }
        }

        /// Returns `true` if there is a signal to remove.
        pub(crate) fn would_take(&self) -> bool {
            !self.pending && is_pending()
        }
    }

    impl Drop for NoSigpipe {
        fn drop(&mut self) {
            let Some(mask) = &self.mask else { return };
            if self.would_take() {
                let mut signal = 0;
                // SAFETY: the set is initialised, and there is room for the signal's number. It
                // does not wait, since the signal is pending.
                unsafe { libc::sigwait(&sigpipe(), &raw mut signal) };
            }
            // SAFETY: pthread_sigmask(3) returned this mask, and null requests no result.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, ptr::null_mut()) };
        }
    }

    /// Returns a set of `SIGPIPE` only.
    fn sigpipe() -> libc::sigset_t {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigemptyset(3) initialises the set, sigaddset(3) changes it, and neither can fail
        // with a signal that exists.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
            set.assume_init()
        }
    }

    fn is_pending() -> bool {
        let mut set = MaybeUninit::uninit();
        // SAFETY: sigpending(2) initialises the set unless it fails, and then it is not looked at.
        unsafe {
            libc::sigpending(set.as_mut_ptr()) == 0
                && libc::sigismember(set.as_ptr(), libc::SIGPIPE) == 1
        }
    }
}

#[cfg(not(unix))]
mod none {
    /// A guard against nothing: the system has no `SIGPIPE`.
    #[derive(Debug)]
    pub(crate) struct NoSigpipe(());

    impl NoSigpipe {
        pub(crate) fn new() -> NoSigpipe {
            NoSigpipe(())
        }
    }
}
