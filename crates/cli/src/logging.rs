//! The log, on standard error.
//!
//! A server's log goes through a bounded queue and a thread of its own. A blocked reader (a log
//! collector, Ctrl-S on a terminal) costs log lines and never stops a worker. The other commands
//! write their log directly, in order with their other output on standard error.

mod queue;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use env_logger::{Target, WriteStyle};
use log::LevelFilter;

use crate::escape::to_show;
use crate::exit::Failure;
use crate::screen::Screen;
use crate::stdio::Standard;
use crate::threads;
use queue::Queue;

/// The longest wait at exit for standard error to accept more of the log.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The queue of a server's log.
static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// The screen that shows the log while a person types.
static SCREEN: OnceLock<Screen> = OnceLock::new();

/// Prints the log on `screen` from now on, if standard error is a terminal.
pub(crate) fn divert(screen: &Screen) {
    if io::stderr().is_terminal() {
        flush();
        // Only tests of `run` open a second screen, which does not get the log.
        let _ = SCREEN.set(screen.clone());
    }
}

/// Queues the log from now on, for a server. A second call changes nothing.
///
/// # Errors
///
/// The system refuses a thread.
pub(crate) fn detach() -> Result<(), Failure> {
    if QUEUE.get().is_none() {
        let queue = Arc::new(Queue::new(queue::MAX));
        let written = queue.clone();
        threads::start("log", move || written.write(Standard(io::stderr()), note))?;
        // Only tests of `run` start two servers, which may share either queue.
        let _ = QUEUE.set(queue);
    }
    Ok(())
}

/// Waits until the log is written, as long as standard error accepts any of it.
pub(crate) fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(FLUSH_TIMEOUT);
    }
}

/// Returns the log line about dropped lines.
fn note(dropped: u64) -> String {
    let time = chrono::Local::now().format(TIME);
    let (lines, limit) = (if dropped == 1 { "line" } else { "lines" }, queue::MAX >> 20);
    format!(
        "{time} WARN cli::logging: {dropped} {lines} of the log dropped: standard error was not \
         read, and the limit of {limit} MiB was reached\n"
    )
}

/// A writer to the screen, the queue or standard error. A write never blocks a server's worker.
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        match (SCREEN.get(), QUEUE.get()) {
            (Some(screen), _) => screen.clone().write(record),
            (None, Some(queue)) => {
                queue.push(record);
                Ok(record.len())
            }
            (None, None) => Standard(io::stderr()).write(record),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Format of the local time of a line.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// Starts the log. `RUST_LOG` selects its records; `-v` and `-q` override it.
pub(crate) fn start(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => LevelFilter::Off,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, 2) => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    let mut builder = env_logger::Builder::new();
    builder.filter_level(level);
    if !quiet && verbose == 0 {
        builder.parse_default_env();
    }
    // rustyline logs each key, and to print such a record would cause the next one.
    builder.filter_module("rustyline", LevelFilter::Warn);
    // The error of the command has the reason.
    builder.filter_module("rustls_platform_verifier", LevelFilter::Off);
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colored = io::stderr().is_terminal() && !plain;
    builder.write_style(if colored { WriteStyle::Always } else { WriteStyle::Never });
    builder.target(Target::Pipe(Box::new(Log)));
    builder.format(|out, record| {
        let time = chrono::Local::now().format(TIME);
        let style = out.default_level_style(record.level());
        let level = record.level();
        let message = to_show(&record.args().to_string());
        writeln!(out, "{time} {style}{level}{style:#} {}: {message}", record.target())
    });
    // Only tests of `run` start the log twice. The first logger stays.
    let _ = builder.try_init();
}
