//! Signals: SIGINT and SIGTERM stop the program, the first gracefully, the second immediately.
//! SIGHUP reads the certificate of a server with TLS again. On Windows, Ctrl-C and its like are the
//! signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::exit;
use crate::exit::Failure;
use crate::threads;
pub(crate) use system::{INTERRUPT, stop_flag};
use system::{Signal, end_at_once, end_by, stops};

/// Two equal signals within this time count as one: timeout(1) signals the program and then its
/// whole process group.
const SAME: Duration = Duration::from_millis(2);

/// Time for printing after a first signal.
const PRINT_TIMEOUT: Duration = Duration::from_secs(1);

/// Time for the program to end by itself after a second signal.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Watches for SIGINT and SIGTERM. The first stops a server gracefully, the second immediately.
///
/// The watch lasts until the program ends. A stop may wait for a disk or a blocked standard error,
/// so the program ends with code 1 in any case 2 s after the second signal.
pub(crate) struct Signals {
    at_once: Arc<AtomicBool>,
    prints: Arc<AtomicBool>,
}

impl Signals {
    /// Calls `on_signal` at each signal, with `true` if it is not the first.
    ///
    /// Most callers print next, and the first signal may come before they do. The calling thread
    /// therefore counts as printing until [`set_printing`](Signals::set_printing).
    pub(crate) fn watch(on_signal: impl Fn(bool) + Send + 'static) -> Result<Signals, Failure> {
        let mut signals = stops()
            .map_err(|error| Failure::new(exit::OTHER, format!("watch for signals: {error}")))?;
        let at_once = Arc::new(AtomicBool::new(false));
        let second = at_once.clone();
        let prints = Arc::new(AtomicBool::new(true));
        let printing = prints.clone();
        threads::start("signals", move || {
            let mut first = None;
            for signal in &mut signals {
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
                    end_at_once();
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

/// Sends SIGINT to this program, for a terminal on which Ctrl-C is an ordinary key.
pub(crate) fn interrupt() {
    #[cfg(unix)]
    if let Err(error) = signal_hook::low_level::raise(signal_hook::consts::SIGINT) {
        log::warn!("Ctrl-C: not sent: {error}");
    }
}

/// Ends the program by `signal` if it still prints after [`PRINT_TIMEOUT`]. A blocked write to a
/// pipe without a reader cannot be interrupted, so the program would never end otherwise.
pub(crate) fn bound_printing(signal: Signal, prints: Arc<AtomicBool>) {
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

#[cfg(unix)]
mod system {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;
    use signal_hook::iterator::Signals;

    use crate::exit;

    /// A signal that stops the program.
    pub(crate) type Signal = i32;

    /// The signal of Ctrl-C.
    pub(crate) const INTERRUPT: Signal = SIGINT;

    /// Returns the signals that stop the program, as they arrive.
    pub(super) fn stops() -> io::Result<Signals> {
        Signals::new([SIGINT, SIGTERM])
    }

    /// Sets `stop` at the first signal. The second one ends the program immediately. No thread
    /// waits for them.
    pub(crate) fn stop_flag(stop: &Arc<AtomicBool>) -> io::Result<()> {
        // A signal is caught from the first registration on, and sets `stop` after the last.
        let early = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            flag::register(signal, early.clone())?;
            flag::register_conditional_shutdown(signal, exit::OTHER.into(), stop.clone())?;
            flag::register(signal, stop.clone())?;
        }
        stop.fetch_or(early.load(Ordering::SeqCst), Ordering::SeqCst);
        Ok(())
    }

    /// Ends the program by `signal`, as the system does for a program that does not watch for it.
    pub(super) fn end_by(signal: i32) {
        if let Err(error) = signal_hook::low_level::emulate_default_handler(signal) {
            log::warn!("signal {signal}: does not end the program: {error}");
        }
    }

    /// Ends the program without further work.
    pub(super) fn end_at_once() {
        signal_hook::low_level::exit(exit::OTHER.into());
    }
}

#[cfg(windows)]
mod system {
    use std::io;
    use std::process;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use netcore::stdio::{Interrupt, on_interrupt};

    use crate::exit;

    /// The exit code of a program that Ctrl-C has ended: `STATUS_CONTROL_C_EXIT`.
    const ENDED_BY_KEY: i32 = 0xC000_013A_u32 as i32;

    /// An event of the console that stops the program.
    pub(crate) type Signal = Interrupt;

    /// The event of Ctrl-C.
    pub(crate) const INTERRUPT: Signal = Interrupt::Key;

    /// Returns the events of the console that stop the program, as they arrive.
    pub(super) fn stops() -> io::Result<mpsc::IntoIter<Signal>> {
        let (events, incoming) = mpsc::channel();
        on_interrupt(move |event| {
            // The receiver lives as long as the program.
            let _ = events.send(event);
        })?;
        Ok(incoming.into_iter())
    }

    /// Sets `stop` at the first event. The second one ends the program immediately.
    pub(crate) fn stop_flag(stop: &Arc<AtomicBool>) -> io::Result<()> {
        let stop = stop.clone();
        on_interrupt(move |_| {
            if stop.swap(true, Ordering::Relaxed) {
                end_at_once();
            }
        })
    }

    /// Ends the program, as the system does for a program that does not watch for the event.
    pub(super) fn end_by(_: Signal) {
        process::exit(ENDED_BY_KEY);
    }

    /// Ends the program without further work.
    pub(super) fn end_at_once() {
        process::exit(exit::OTHER.into());
    }
}
