//! Runs a load: connects once, starts the threads, and merges their reports.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use netcore::{Deadline, Endpoint, Error, ErrorKind, Operation};

use crate::bench::driver::{Driver, RunContext};
use crate::bench::encryption::Encryption;
use crate::bench::error::BenchError;
use crate::bench::generator::Share;
use crate::bench::hdr_log::IntervalLog;
use crate::bench::load::{Load, THREADS};
use crate::bench::report::Report;
use crate::bench::socket::{self, Socket, Target};

/// The longest time between two checks of `stop`.
const STOP_CHECK_INTERVAL: Duration = Duration::from_millis(100);

impl Load {
    /// Puts the load on `endpoint` until its time is over or `stop` is `true`. The run checks
    /// `stop` at least ten times a second, also while it resolves the name and connects.
    ///
    /// The calling thread is one of those that make the load. The run takes warm-up and duration,
    /// and at most two timeouts more: one to connect, one for the last answers. A stopped run waits
    /// for neither.
    ///
    /// `log` receives [`Report::latency`] second by second, as a log in the format of
    /// HdrHistogram's tools, version 1.3, in nanoseconds. Several threads write separate lines.
    ///
    /// A connection that ends or fails is made again after 100 ms. The report counts such failures
    /// and wrong answers.
    ///
    /// # Errors
    ///
    /// - [`BenchError::Settings`]: a setting is invalid; nothing was sent.
    /// - [`BenchError::Socket`]: the first connection failed, or the system cannot poll sockets or
    ///   start a thread.
    /// - [`BenchError::Stopped`]: `stop` became `true` before the first connection was made.
    /// - [`BenchError::Log`]: the log could not be written.
    pub fn run(
        &self,
        endpoint: &Endpoint,
        stop: &AtomicBool,
        log: Option<&mut (dyn Write + Send)>,
    ) -> Result<Report, BenchError> {
        self.check(endpoint.transport())?;
        let (first, target) = self.connect_first(endpoint, stop)?;
        let (started, started_at) = (Instant::now(), SystemTime::now());
        let context = RunContext {
            load: self,
            endpoint,
            target,
            started,
            ready: Barrier::new(self.threads),
            stop,
            log: log.map(|to| IntervalLog::new(to, started_at)).transpose()?.map(Mutex::new),
        };
        // All drivers exist before the first one runs. Otherwise it could wait for one that failed.
        let drivers =
            (0..self.threads).map(|index| Driver::new(&context, Share { index, of: self.threads }));
        let mut drivers = drivers.collect::<Result<Vec<_>, _>>()?.into_iter();
        // The first driver runs here: system calls cost less in a process of one thread.
        let here = drivers.next().ok_or(BenchError::Settings(THREADS))?;
        thread::scope(|scope| {
            let mut others = Vec::new();
            for driver in drivers {
                let (go, started) = mpsc::channel();
                // The drivers wait for each other, so none runs before all have a thread.
                let run = move || started.recv().ok().map(|()| driver.run(None));
                let other = thread::Builder::new()
                    .spawn_scoped(scope, run)
                    .map_err(|error| Error::from_io(Operation::Spawn, error))?;
                others.push((other, go));
            }
            // The channel is closed only if that thread has panicked.
            for (_, go) in &others {
                let _ = go.send(());
            }
            let mut report = here.run(Some(first))?;
            for (other, _) in others {
                let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                if let Some(other) = other {
                    report.merge(other?);
                }
            }
            Ok(report)
        })
    }

    /// Makes the first connection on a separate thread, because the resolver cannot be interrupted.
    /// If `stop` becomes `true`, that thread is abandoned.
    fn connect_first(
        &self,
        endpoint: &Endpoint,
        stop: &AtomicBool,
    ) -> Result<(Socket, Target), BenchError> {
        let deadline = Deadline::after(self.timeout);
        let (sender, receiver) = mpsc::sync_channel(1);
        let remote = endpoint.clone();
        let encryption = Encryption::of(self, endpoint)?;
        let encrypted = encryption.clone();
        // After a stop, nobody receives the result.
        let connect = move || drop(sender.send(socket::connect(&remote, encrypted, deadline)));
        if thread::Builder::new().name("connect".to_owned()).spawn(connect).is_err() {
            // If no thread can be started, this one connects, and notices a stop later.
            return Ok(socket::connect(endpoint, encryption, deadline)?);
        }
        loop {
            match receiver.recv_timeout(STOP_CHECK_INTERVAL) {
                Ok(connected) => return Ok(connected?),
                Err(RecvTimeoutError::Timeout) if !stop.load(Ordering::Relaxed) => {}
                Err(RecvTimeoutError::Timeout) => return Err(BenchError::Stopped),
                Err(RecvTimeoutError::Disconnected) => {
                    let failed = Error::new(Operation::Connect, ErrorKind::Other);
                    return Err(failed.at(endpoint.to_string()).into());
                }
            }
        }
    }
}
