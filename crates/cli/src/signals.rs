//! Signals: SIGINT and SIGTERM stop the program, the first gracefully, the second immediately.
//! SIGHUP reads the certificate of a server with TLS again.

#[cfg(unix)]
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::{Duration, Instant};

#[cfg(unix)]
use crate::exit;
use crate::exit::Failure;
#[cfg(unix)]
use crate::threads;

/// Two equal signals within this time count as one: timeout(1) signals the program and then its
/// whole process group.
#[cfg(unix)]
const SAME: Duration = Duration::from_millis(2);

/// Time for printing after a first signal.
#[cfg(unix)]
const PRINT_TIMEOUT: Duration = Duration::from_secs(1);

/// Time for the program to end by itself after a second signal.
#[cfg(unix)]
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Watches for SIGINT and SIGTERM. The first stops a server gracefully, the second immediately.
///
/// The watch lasts until the program ends. A stop may wait for a disk or a blocked standard error,
/// so the program ends with code 1 in any case 2 s after the second signal.
#[cfg(unix)]
pub(crate) struct Signals {
    at_once: Arc<AtomicBool>,
    prints: Arc<AtomicBool>,
}

#[cfg(unix)]
impl Signals {
    /// Calls `on_signal` at each signal, with `true` if it is not the first.
    ///
    /// Most callers print next, and the first signal may come before they do. The calling thread
    /// therefore counts as printing until [`set_printing`](Signals::set_printing).
    pub(crate) fn watch(on_signal: impl Fn(bool) + Send + 'static) -> Result<Signals, Failure> {
        use signal_hook::consts::{SIGINT, SIGTERM};

        let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]);
        let mut signals = signals
            .map_err(|error| Failure::new(exit::OTHER, format!("watch for signals: {error}")))?;
        let at_once = Arc::new(AtomicBool::new(false));
        let second = at_once.clone();
        let prints = Arc::new(AtomicBool::new(true));
        let printing = prints.clone();
        threads::start("signals", move || {
            let mut first = None;
            for signal in signals.forever() {
                let (which, when) = *first.get_or_insert_with(|| {
                    bound_printing(signal, printing.clone());
                    (signal, Instant::now())
                });
                let at_once = signal != which || when.elapsed() >= SAME;
                second.store(at_once, Ordering::Release);
                if at_once && printing.load(Ordering::Relaxed) {
                    end_by(signal);
                }
                on_signal(at_once);
                if at_once {
                    thread::sleep(STOP_TIMEOUT);
                    signal_hook::low_level::exit(exit::OTHER.into());
                }
            }
        })?;
        Ok(Signals { at_once, prints })
    }

    /// Sets whether the thread that handles the signals may be blocked on standard output. While it
    /// may, a signal ends the program directly: the first one after a second, another one
    /// immediately.
    pub(crate) fn set_printing(&self, prints: bool) {
        self.prints.store(prints, Ordering::Relaxed);
    }

    /// Returns `true` if a second signal arrived.
    pub(crate) fn end(self) -> bool {
        self.at_once.load(Ordering::Acquire)
    }
}

/// Calls `on_hangup` at each SIGHUP from now on, which otherwise ends the program.
///
/// The end of the terminal on which a person typed is such a signal too. It then ends the program
/// as before, if `is_typed` is `true`.
#[cfg(all(unix, feature = "tls"))]
pub(crate) fn watch_hangup(
    is_typed: bool,
    on_hangup: impl Fn() + Send + 'static,
) -> Result<(), Failure> {
    use signal_hook::consts::SIGHUP;

    let mut signals = signal_hook::iterator::Signals::new([SIGHUP])
        .map_err(|error| Failure::new(exit::OTHER, format!("watch for signals: {error}")))?;
    threads::start("hangup", move || {
        for signal in signals.forever() {
            if is_typed && rustix::termios::tcgetpgrp(std::io::stdin()).is_err() {
                end_by(signal);
            }
            on_hangup();
        }
    })?;
    Ok(())
}

#[cfg(all(not(unix), feature = "tls"))]
pub(crate) fn watch_hangup(_: bool, _: impl Fn() + Send + 'static) -> Result<(), Failure> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn watch(_: impl Fn(bool) + Send + 'static) -> Result<Signals, Failure> {
        Ok(Signals)
    }

    pub(crate) fn set_printing(&self, _: bool) {}

    pub(crate) fn end(self) -> bool {
        false
    }
}

/// Sends SIGINT to this program, for a terminal on which Ctrl-C is an ordinary key.
pub(crate) fn interrupt() {
    #[cfg(unix)]
    if let Err(error) = signal_hook::low_level::raise(signal_hook::consts::SIGINT) {
        log::warn!("Ctrl-C: not sent: {error}");
    }
}

/// Ends the program by `signal` if it still prints after [`PRINT_TIMEOUT`]. A blocked write to a
/// pipe without a reader cannot be interrupted, so the program would never end otherwise.
#[cfg(unix)]
pub(crate) fn bound_printing(signal: i32, prints: Arc<AtomicBool>) {
    let started = threads::start("end", move || {
        thread::sleep(PRINT_TIMEOUT);
        if prints.load(Ordering::Relaxed) {
            end_by(signal);
        }
    });
    // A second signal ends the program in any case.
    if let Err(failure) = started {
        log::debug!("{}", failure.message().unwrap_or_default());
    }
}

/// Ends the program by `signal`, as the system does for a program that does not watch for it.
#[cfg(unix)]
fn end_by(signal: i32) {
    if let Err(error) = signal_hook::low_level::emulate_default_handler(signal) {
        log::warn!("signal {signal}: does not end the program: {error}");
    }
}
