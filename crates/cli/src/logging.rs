//! The log, on standard error.
//!
//! A server's log has a queue and a thread of its own. A stuck reader (a log collector, Ctrl-S on a
//! terminal) costs lines of the log and never stops a worker. The other commands write their log
//! directly, in order with their other output there.

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

/// Time that the end of the program waits for standard error to take something of the log.
const PATIENCE: Duration = Duration::from_secs(1);

/// The queue of a server's log.
static QUEUE: OnceLock<Arc<Queue>> = OnceLock::new();

/// Where the log goes while a person types.
static SCREEN: OnceLock<Screen> = OnceLock::new();

/// From now on the log is printed on `screen`, if it goes to a terminal at all.
pub(crate) fn divert(screen: &Screen) {
    if io::stderr().is_terminal() {
        flush();
        // A second screen, in a test of `run`, does not get it.
        let _ = SCREEN.set(screen.clone());
    }
}

/// Queues the log from now on, for a server. A second call changes nothing.
///
/// # Errors
///
/// No thread can be started.
pub(crate) fn detach() -> Result<(), Failure> {
    if QUEUE.get().is_none() {
        let queue = Arc::new(Queue::new(queue::MAX));
        let written = queue.clone();
        threads::start("log", move || written.write(Standard(io::stderr()), note))?;
        // Two servers at once, in a test of `run`, may use either.
        let _ = QUEUE.set(queue);
    }
    Ok(())
}

/// Waits until standard error has taken all of the log, as long as it takes anything.
pub(crate) fn flush() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(PATIENCE);
    }
}

fn note(dropped: u64) -> String {
    let time = chrono::Local::now().format(TIME);
    let (lines, limit) = (if dropped == 1 { "line" } else { "lines" }, queue::MAX >> 20);
    format!(
        "{time} WARN cli::logging: {dropped} {lines} of the log dropped: standard error was not \
         read, and {limit} MiB waited for it\n"
    )
}

/// The screen, the queue or standard error. No write makes a server's worker wait.
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

/// Time of a line, in local time.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.3f";

/// Starts it: `RUST_LOG` says what is shown, `-v` and `-q` override that.
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
    // It tells of each key, and to print that is another key for it.
    builder.filter_module("rustyline", LevelFilter::Warn);
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
    // A second start, in a test of `run`, keeps the first.
    let _ = builder.try_init();
}
