//! `sockit time bench`: generates load and prints latencies.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use netcore::{Endpoint, ErrorKind, Transport};
use timestamp::bench::{BenchError, Latency, Limit, Load, Report};

use crate::args::common::Common;
use crate::args::time::TimeBench;
use crate::descriptors::raise_descriptors;
use crate::escape::quote;
use crate::exit::{self, Failure};
use crate::signals::{INTERRUPT, bound_printing, stop_flag};
use crate::stdio::Stdio;
use crate::tls;

/// Runs `sockit time bench`.
pub(crate) fn bench(args: TimeBench, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let load = Load::new()
        .with_connections(args.connections)
        .with_pipeline(args.pipeline)
        .with_size(args.size)
        .with_rate(args.rate)
        .with_warmup(args.warmup)
        .with_duration(args.duration)
        .with_timeout(args.timeout)
        .with_threads(args.threads);
    #[cfg(feature = "tls")]
    let load = match tls::tls_connector(&args.tls, slice::from_ref(&endpoint))? {
        Some(tls) => load.with_tls(tls),
        None => load,
    };
    #[cfg(not(feature = "tls"))]
    tls::refuse(slice::from_ref(&endpoint))?;
    raise_descriptors();
    let mut log = match &args.log {
        Some(path) => Some(File::create(path).map_err(|error| {
            Failure::new(exit::WRITE_ERROR, format!("create {}: {error}", path.display()))
        })?),
        None => None,
    };
    let log = log.as_mut().map(|file| file as &mut (dyn Write + Send));
    let stop = Arc::new(AtomicBool::new(false));
    // Flags instead of a waiting thread: system calls cost less in a process with a single thread.
    stop_flag(&stop)
        .map_err(|error| Failure::new(exit::OTHER, format!("watch for signals: {error}")))?;
    let report = load.run(&endpoint, &stop, log);
    // From here on, only printing remains. The next signal ends the program immediately; after an
    // earlier one, printing has a second.
    if stop.swap(true, Ordering::Relaxed) {
        bound_printing(INTERRUPT, stop);
    }
    let report = report?;
    let text = match common.json {
        true => object(&args, &report),
        false => table(&args, &endpoint, &report),
    };
    stdio.print(&text)?;
    verdict(&endpoint, &report)
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Failure {
        let code = match error {
            BenchError::Socket(error) => return error.into(),
            BenchError::Settings(_) => exit::USAGE,
            BenchError::Log(_) => exit::WRITE_ERROR,
            _ => exit::OTHER,
        };
        Failure::new(code, exit::chain(&error))
    }
}

/// Returns the failure of a run, if any. Lost datagrams are reported but are no failure, because
/// UDP may lose them.
fn verdict(endpoint: &Endpoint, report: &Report) -> Result<(), Failure> {
    let why = report.failure.as_ref().map(|error| format!(": {}", exit::chain(error)));
    let why = why.unwrap_or_default();
    let refused =
        report.failure.as_ref().is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused);
    let nothing = report.answers == 0 && report.latency.count() == 0;
    let (code, message) = if report.wrong > 0 {
        let first = report.first_wrong.as_deref().unwrap_or_default().escape_ascii();
        let message =
            format!("{} wrong replies (not what was sent); the first: {first}", report.wrong);
        (exit::RECEIVE_ERROR, message)
    } else if nothing && refused {
        (exit::COULD_NOT_CONNECT, format!("no reply{why}"))
    } else if report.ended > 0 {
        let code = if nothing { exit::NOTHING_RECEIVED } else { exit::RECEIVE_ERROR };
        (code, format!("{} connections ended too early{why}", report.ended))
    } else if report.timeouts > 0 || nothing && report.lost > 0 {
        let requests = report.timeouts + report.lost;
        (exit::TIMED_OUT, format!("{requests} requests without a reply in time (--timeout)"))
    } else if report.unconnected > 0 {
        let message = format!("{} connections could not be made{why}", report.unconnected);
        (exit::COULD_NOT_CONNECT, message)
    } else {
        return Ok(());
    };
    Err(Failure::new(code, format!("bench {endpoint}: {message}")))
}

/// Column headings of latencies.
const HEAD: [&str; 6] = ["mean", "p50", "p90", "p99", "p99.9", "max"];

fn figures(latency: &Latency) -> [Duration; 6] {
    let [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map(|at| latency.quantile(at));
    [latency.mean(), p50, p90, p99, p999, latency.max()]
}

/// Returns the results as text.
fn table(args: &TimeBench, endpoint: &Endpoint, report: &Report) -> String {
    let datagrams = endpoint.transport() == Transport::Udp;
    let answers = format!(
        "{} in all, {:.0}/s; {} sent, {} received",
        report.answers,
        report.rate(),
        bytes(report.per_second(report.bytes_answered)),
        bytes(report.per_second(report.bytes_received)),
    );
    let mut rows = vec![("answers", answers), ("failures", failures(report, datagrams))];
    if datagrams {
        let share = report.lost as f64 * 100.0 / (report.answers + report.lost).max(1) as f64;
        let lost = format!("{} ({share:.3} %), late or twice: {}", report.lost, report.late);
        rows.push(("lost", lost));
    }
    if report.unsent > 0 {
        let why = match report.down {
            Duration::ZERO => "every open connection was busy".to_owned(),
            down => format!("no connection was open for {}", time(down)),
        };
        let unsent = format!("{}: {why}; no latency has these", report.unsent);
        rows.push(("due but never sent", unsent));
    }
    rows.push(("latency", HEAD.map(|name| format!("{name:>10}")).concat()));
    match (&report.uncorrected, &report.lag) {
        (Some(uncorrected), Some(lag)) => rows.extend([
            ("  since due (corrected)", columns(&report.latency)),
            ("  since sent (raw)", columns(uncorrected)),
            ("  sent late by this side", columns(lag)),
        ]),
        _ => rows.push(("  since sent", columns(&report.latency))),
    }
    let waited = report.waited.map(|share| format!(", without a processor {:.0} %", share * 100.0));
    let busy =
        format!("busy {:.0} % of the time{}", report.busy * 100.0, waited.unwrap_or_default());
    rows.push(("generator", busy));

    let pace = match args.rate {
        Some(rate) => format!("open loop, {rate} requests/s due"),
        None => "closed loop".to_owned(),
    };
    let mut out = format!(
        "{endpoint}: {pace}; {}: {}, under way on each: {}, bytes: {}; {:.2} s measured\n",
        if datagrams { "sockets" } else { "connections" },
        report.connections,
        args.pipeline,
        args.size,
        report.elapsed.as_secs_f64(),
    );
    // Writing to a string cannot fail.
    for (name, text) in rows {
        let _ = writeln!(out, "{name:<24}{text}");
    }
    if let Some(limit) = report.limit() {
        let _ = writeln!(out, "the generator was the limit: {}", reason(limit));
    }
    out
}

fn columns(latency: &Latency) -> String {
    let column = |figure| match latency.count() {
        0 => format!("{:>10}", "-"),
        _ => format!("{:>10}", time(figure)),
    };
    figures(latency).map(column).concat()
}

/// Returns the counts of failures as text.
fn failures(report: &Report, datagrams: bool) -> String {
    let counts = [
        (report.wrong, "wrong answers"),
        (report.timeouts, "timeouts"),
        (report.ended, "connections ended"),
        (report.cut, "requests cut off"),
        (report.unconnected, "connections not made"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match (told.is_empty(), datagrams, &report.failure) {
        (true, true, Some(failure)) => exit::chain(failure),
        (true, ..) => "none".to_owned(),
        _ => told.join(", "),
    }
}

/// Returns the reason why the generator was the limit.
fn reason(limit: Limit) -> String {
    match limit {
        Limit::Busy(share) => {
            format!(
                "its thread was busy {:.0} % of the time; more --threads may help",
                share * 100.0
            )
        }
        Limit::Waited(share) => {
            format!("other programs used its processor for {:.0} % of the time", share * 100.0)
        }
        Limit::Late(by) => format!("1 % of its requests were sent {} late or more", time(by)),
        _ => "for an unknown reason".to_owned(),
    }
}

/// Returns the results as a JSON object.
fn object(args: &TimeBench, report: &Report) -> String {
    let latency = |latency: &Latency| {
        let micros = figures(latency).map(|figure| figure.as_nanos() as f64 / 1e3);
        let [mean, p50, p90, p99, p999, max] = micros;
        format!(
            "{{\"count\":{},\"mean\":{mean:.3},\"p50\":{p50:.3},\"p90\":{p90:.3},\
             \"p99\":{p99:.3},\"p99.9\":{p999:.3},\"max\":{max:.3}}}",
            latency.count()
        )
    };
    let or_null = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
    let limit = report.limit().map(|limit| quote(&reason(limit)));
    let failure = report.failure.as_ref().map(|error| quote(&exit::chain(error)));
    let first = report.first_wrong.as_ref().map(|first| quote(&first.escape_ascii().to_string()));
    let fields = [
        ("endpoint", quote(&args.endpoint)),
        ("loop", quote(if args.rate.is_some() { "open" } else { "closed" })),
        ("rate", or_null(args.rate.map(|rate| rate.to_string()))),
        ("connections", report.connections.to_string()),
        ("pipeline", args.pipeline.to_string()),
        ("size", args.size.to_string()),
        ("threads", args.threads.to_string()),
        ("seconds", format!("{:.6}", report.elapsed.as_secs_f64())),
        ("requests", report.requests.to_string()),
        ("answers", report.answers.to_string()),
        ("answers_per_second", format!("{:.1}", report.rate())),
        ("sent_bytes_per_second", format!("{:.0}", report.per_second(report.bytes_answered))),
        ("received_bytes_per_second", format!("{:.0}", report.per_second(report.bytes_received))),
        ("latency_us", latency(&report.latency)),
        ("uncorrected_us", or_null(report.uncorrected.as_ref().map(latency))),
        ("lag_us", or_null(report.lag.as_ref().map(latency))),
        ("unsent", report.unsent.to_string()),
        ("down_seconds", format!("{:.6}", report.down.as_secs_f64())),
        ("wrong", report.wrong.to_string()),
        ("first_wrong", or_null(first)),
        ("timeouts", report.timeouts.to_string()),
        ("lost", report.lost.to_string()),
        ("late", report.late.to_string()),
        ("ended", report.ended.to_string()),
        ("cut", report.cut.to_string()),
        ("unconnected", report.unconnected.to_string()),
        ("failure", or_null(failure)),
        ("busy", format!("{:.3}", report.busy)),
        ("waited", or_null(report.waited.map(|waited| format!("{waited:.3}")))),
        ("generator_limit", or_null(limit)),
    ];
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}\n", fields.join(","))
}

/// Returns a duration with about three digits.
fn time(time: Duration) -> String {
    let nanoseconds = time.as_nanos() as f64;
    let (value, unit) = match nanoseconds {
        _ if nanoseconds < 1e6 => (nanoseconds / 1e3, "µs"),
        _ if nanoseconds < 1e9 => (nanoseconds / 1e6, "ms"),
        _ => (nanoseconds / 1e9, "s"),
    };
    let digits = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {unit}")
}

fn bytes(per_second: f64) -> String {
    match per_second {
        _ if per_second < 1e6 => format!("{:.1} kB/s", per_second / 1e3),
        _ => format!("{:.1} MB/s", per_second / 1e6),
    }
}
