//! Common parts of all servers: listening, the announcement on standard output, descriptors and
//! signals.

#[cfg(unix)]
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(unix)]
use std::thread;
#[cfg(unix)]
use std::time::{Duration, Instant};

use netcore::Endpoint;
use netcore::server::{Config, Handle, Server, Service, Worker};

use crate::args::common::{Common, ServeArgs};
use crate::exit::{self, Failure};
use crate::logging;
use crate::stdio::{Printer, Stdio};
#[cfg(unix)]
use crate::threads;

/// A server that listens and has announced its endpoints.
pub(crate) struct Listening {
    server: Server,
    workers: usize,
    signals: Signals,
}

impl Listening {
    /// Binds the endpoints of `--listen`, or `default` without any, and prints a line per listener.
    pub(crate) fn start(
        args: &ServeArgs,
        default: &[&str],
        config: Config,
        common: &Common,
        stdio: &Stdio,
    ) -> Result<Listening, Failure> {
        let given = args.listen.iter().map(String::as_str);
        let endpoints: Vec<Endpoint> = if args.listen.is_empty() {
            default.iter().map(|endpoint| endpoint.parse()).collect::<Result<_, _>>()?
        } else {
            given.map(str::parse).collect::<Result<_, _>>()?
        };
        logging::detach()?;
        raise_descriptors();
        crate::foreground::ignore_stops();
        let config = match args.workers {
            Some(workers) => config.with_workers(workers.get()),
            None => config,
        };
        let config = config.with_idle_timeout(args.idle_timeout).with_grace(args.grace);
        let config = config.with_dead_peer_timeout(args.keepalive.0);
        let workers = config.workers();
        let server =
            Server::bind(&endpoints, config).map_err(|error| Failure::listening(&error))?;
        // Before the announcement, because from then on a signal may arrive.
        let handle = server.handle();
        let signals = Signals::watch(move |at_once| {
            if at_once {
                handle.stop_now();
            } else {
                handle.stop();
            }
        })?;
        signals.set_printing(true);
        announce(server.endpoints(), common, &stdio.printer)?;
        signals.set_printing(false);
        Ok(Listening { server, workers, signals })
    }

    /// Returns the number of worker threads.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// Returns a handle that stops the server.
    pub(crate) fn handle(&self) -> Handle {
        self.server.handle()
    }

    /// Serves until a signal or a handle stops the server.
    pub(crate) fn run<S: Service>(
        self,
        service: impl Fn(Worker) -> S + Sync,
    ) -> Result<(), Failure> {
        let Listening { server, signals, .. } = self;
        let result = server.run(service);
        let at_once = signals.end();
        result?;
        if at_once {
            Err(Failure::new(
                exit::OTHER,
                "stopped immediately by a second signal; unsent data was dropped",
            ))
        } else {
            Ok(())
        }
    }
}

/// Prints a line per listener on standard output.
fn announce(endpoints: &[Endpoint], common: &Common, printer: &Printer) -> Result<(), Failure> {
    for endpoint in endpoints {
        let line = if common.json {
            format!("{{\"listening\":{}}}\n", crate::escape::quote(&endpoint.to_string()))
        } else {
            format!("listening on {endpoint}\n")
        };
        printer.print(line.as_bytes())?;
    }
    Ok(())
}

/// Raises the soft limit of descriptors to the hard limit. Each connection needs a descriptor, and
/// the default soft limit (often 1,024) exists for programs that use select(2).
pub(crate) fn raise_descriptors() {
    #[cfg(unix)]
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => log::debug!("limit of open files: {limit}"),
        Err(error) => log::warn!("could not raise the limit of open files: {error}"),
    }
}

/// Two equal signals within this time count as one: timeout(1) signals the program and then its
/// whole process group.
#[cfg(unix)]
const SAME: Duration = Duration::from_millis(2);

/// Sends SIGINT to this program, for a terminal on which Ctrl-C is an ordinary key.
pub(crate) fn interrupt() {
    #[cfg(unix)]
    if let Err(error) = signal_hook::low_level::raise(signal_hook::consts::SIGINT) {
        log::warn!("Ctrl-C: {error}");
    }
}

/// Time for printing after a first signal.
#[cfg(unix)]
const PRINT_TIMEOUT: Duration = Duration::from_secs(1);

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
        log::warn!("signal {signal}: {error}");
    }
}

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
    pub(crate) fn watch(on_signal: impl Fn(bool) + Send + 'static) -> Result<Signals, Failure> {
        use signal_hook::consts::{SIGINT, SIGTERM};

        let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]);
        let mut signals = signals
            .map_err(|error| Failure::new(exit::OTHER, format!("watch for signals: {error}")))?;
        let at_once = Arc::new(AtomicBool::new(false));
        let second = at_once.clone();
        let prints = Arc::new(AtomicBool::new(false));
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
