//! The statistics of a chat, printed at intervals.

use std::thread;
use std::time::{Duration, Instant};

use ::chat::{Operator, Stats};

use crate::exit::Failure;
use crate::stdio::Printer;
use crate::threads;

/// Statistics to print per second. The others are printed as a state or a sum.
const FLOWS: [&str; 3] = ["messages", "deliveries", "private"];

/// Starts to print the statistics at this interval, on a thread that ends with the program or on an
/// error.
///
/// # Errors
///
/// The system refuses a thread.
pub(crate) fn print(
    operator: Operator,
    every: Duration,
    printer: Printer,
    json: bool,
) -> Result<(), Failure> {
    threads::start("stats", move || {
        let mut before = (operator.stats(), Instant::now());
        loop {
            thread::sleep(every);
            let now = (operator.stats(), Instant::now());
            let line = line(&before.0, &now.0, now.1 - before.1, json);
            if printer.print(line.as_bytes()).is_err() {
                return;
            }
            before = now;
        }
    })?;
    Ok(())
}

/// Returns one line: flows per second, and every other statistic that is not zero. In JSON, it has
/// all statistics.
fn line(before: &Stats, now: &Stats, time: Duration, json: bool) -> String {
    let seconds = time.as_secs_f64().max(1e-9);
    let mut parts = Vec::new();
    for ((name, was), (_, is)) in before.fields().zip(now.fields()) {
        let is_flow = FLOWS.contains(&name);
        let a_second = is.saturating_sub(was) as f64 / seconds;
        match json {
            true => parts.push(format!("\"{name}\":{is}")),
            false if is_flow => parts.push(format!("{name}/s {a_second:.1}")),
            false if is > 0 => parts.push(format!("{name} {is}")),
            false => {}
        }
        if json && is_flow {
            parts.push(format!("\"{name}_per_second\":{a_second:.1}"));
        }
    }
    match json {
        true => format!("{{\"stats\":{{{}}}}}\n", parts.join(",")),
        false => format!("stats: {}\n", parts.join(", ")),
    }
}
