//! The log, on standard error.

use std::io::Write;

use log::LevelFilter;

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
    builder.format(|out, record| {
        let time = chrono::Local::now().format("%Y-%m-%d %H:%M:%S%.3f");
        let style = out.default_level_style(record.level());
        let level = record.level();
        writeln!(out, "{time} {style}{level}{style:#} {}: {}", record.target(), record.args())
    });
    // A second start, in a test of `run`, keeps the first.
    let _ = builder.try_init();
}
