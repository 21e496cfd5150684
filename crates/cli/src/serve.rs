//! What the servers have in common: the announcement on standard output, descriptors and signals.

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

/// A server that listens, and has said so.
pub(crate) struct Listening {
    server: Server,
    workers: usize,
    signals: Signals,
}

impl Listening {
    /// Binds what the arguments say, or else `default`, and prints a line for each listener.
    pub(crate) fn start(
        args: &ServeArgs,
        default: &[&str],
        config: Config,
        common: &Common,
        stdio: &Stdio,
    ) -> Result<Listening, Failure> {
        let given = args.listen.iter().map(String::as_str);
        let endpoints: Vec<Endpoint> = if args.listen.is_empty() {
            default.iter().map(|e| e.parse()).collect::<Result<_, _>>()?
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
        let server = Server::bind(&endpoints, config).map_err(|e| Failure::listening(&e))?;
        // Before the announcement: from then on it can be stopped.
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

    /// The threads that serve.
    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn handle(&self) -> Handle {
        self.server.handle()
    }

    /// Serves until a signal or a handle stops it.
    pub(crate) fn run<S: Service>(
        self,
        service: impl Fn(Worker) -> S + Sync,
    ) -> Result<(), Failure> {
        let Listening { server, signals, .. } = self;
        let result = server.run(service);
        let at_once = signals.end();
        result?;
        if at_once {
            Err(Failure::new(exit::OTHER, "stopped at once by a second signal"))
        } else {
            Ok(())
        }
    }
}

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

/// A connection is a descriptor, and the system's first limit (often 1,024) is meant for programs
/// that use select(2).
pub(crate) fn raise_descriptors() {
    #[cfg(unix)]
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => log::debug!("up to {limit} descriptors"),
        Err(e) => log::warn!("the limit on descriptors stays as it is: {e}"),
    }
}

/// Two of a kind this close to one another are one signal: timeout(1) sends its to the program and
/// then to the whole process group.
#[cfg(unix)]
const SAME: Duration = Duration::from_millis(2);

/// Sends SIGINT to this program, for a terminal where Ctrl-C is a key like others.
pub(crate) fn interrupt() {
    #[cfg(unix)]
    if let Err(e) = signal_hook::low_level::raise(signal_hook::consts::SIGINT) {
        log::warn!("Ctrl-C: {e}");
    }
}

/// Time for printing after a first signal.
#[cfg(unix)]
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Ends the program by `signal` if it still prints after [`LAST_WORDS`]. A write that nobody reads
/// cannot be interrupted, so that the program would never end otherwise.
#[cfg(unix)]
pub(crate) fn bound_printing(signal: i32, prints: Arc<AtomicBool>) {
    let started = threads::start("end", move || {
        thread::sleep(LAST_WORDS);
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
    if let Err(e) = signal_hook::low_level::emulate_default_handler(signal) {
        log::warn!("signal {signal}: {e}");
    }
}

/// Time that the program has to end by itself after a second signal.
#[cfg(unix)]
const LAST: Duration = Duration::from_secs(2);

/// Tells of SIGINT and SIGTERM. The first is to stop a server gracefully, the second at once.
///
/// The signals are watched until the program ends. A stop may wait for a disk or for a stuck standard
/// error: 2 s after the second signal the program ends with code 1 in any case.
#[cfg(unix)]
pub(crate) struct Signals {
    at_once: Arc<AtomicBool>,
    prints: Arc<AtomicBool>,
}

#[cfg(unix)]
impl Signals {
    /// `told` is given whether it is not the first.
    pub(crate) fn watch(told: impl Fn(bool) + Send + 'static) -> Result<Signals, Failure> {
        use signal_hook::consts::{SIGINT, SIGTERM};

        let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]);
        let mut signals =
            signals.map_err(|e| Failure::new(exit::OTHER, format!("watch for signals: {e}")))?;
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
                told(at_once);
                if at_once {
                    thread::sleep(LAST);
                    signal_hook::low_level::exit(exit::OTHER.into());
                }
            }
        })?;
        Ok(Signals { at_once, prints })
    }

    /// Says whether standard output may hold up the thread that `told` would end. As long as it may,
    /// a signal ends the program by itself: the first one after a second, another one at once.
    pub(crate) fn set_printing(&self, prints: bool) {
        self.prints.store(prints, Ordering::Relaxed);
    }

    /// Returns `true` if there were several signals.
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
