//! The log, on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;

use env_logger::{Target, WriteStyle};
use log::LevelFilter;

use crate::screen::Screen;
use crate::streams::Standard;

/// Where the log goes while a person types.
static SCREEN: OnceLock<Screen> = OnceLock::new();

/// From now on the log is printed on `screen`, if it goes to a terminal at all.
pub(crate) fn divert(screen: &Screen) {
    if io::stderr().is_terminal() {
        // A second screen, in a test of `run`, does not get it.
        let _ = SCREEN.set(screen.clone());
    }
}

/// Standard error, or what stands in for it.
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        match SCREEN.get() {
            Some(screen) => screen.clone().write(record),
            None => Standard(io::stderr()).write(record),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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
        let time = chrono::Local::now().format("%Y-%m-%d %H:%M:%S%.3f");
        let style = out.default_level_style(record.level());
        let level = record.level();
        writeln!(out, "{time} {style}{level}{style:#} {}: {}", record.target(), record.args())
    });
    // A second start, in a test of `run`, keeps the first.
    let _ = builder.try_init();
}
