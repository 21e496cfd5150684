//! The output of a ping: a line per event, and a summary.

use std::fmt::Write as _;
use std::time::Duration;

use timestamp::ping::{Answer, Event, Order};
use timestamp::{Drift, Offset};

use super::histogram;
use super::target::Target;
use super::units::{ms, seconds};
use crate::escape::quote;
use crate::exit;

/// The quantiles of round trips in the summary.
const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];
const SECOND: i128 = 1_000_000_000;

/// Returns the line for an event, or `None` if it has none. Errors go to the log.
pub(super) fn line(target: &Target, event: &Event) -> Option<String> {
    let name = target.name();
    Some(match event {
        Event::Connected(address) => format!("PING {} ({address})\n", target.endpoint),
        Event::Encrypted { connect, handshake, resumed } => {
            let resumed = if *resumed { ", resumed" } else { "" };
            let (connect, handshake) = (ms(*connect), ms(*handshake));
            format!("TLS with {name}: connect={connect} ms, handshake={handshake} ms{resumed}\n")
        }
        Event::Answer(answer) => {
            let Answer { seq, bytes, round_trip, .. } = answer;
            let ms = ms(*round_trip);
            let remark = remark(answer.order);
            format!("{bytes} bytes from {name}: seq={seq} time={ms} ms{remark}\n")
        }
        Event::Lost { seq } => format!("no answer from {name}: seq={seq}\n"),
        _ => return None,
    })
}

fn remark(order: Order) -> &'static str {
    match order {
        Order::InTurn => "",
        Order::Overtaken => " (overtaken)",
        Order::Late => " (late)",
        Order::Duplicate => " (DUP!)",
    }
}

/// Returns a server's line of the table, or `None` if the event does not change it.
pub(super) fn row(target: &Target, event: &Event) -> Option<String> {
    let last = match event {
        Event::Answer(answer) => format!("{} ms{}", ms(answer.round_trip), remark(answer.order)),
        Event::Lost { seq } => format!("no answer to {seq}"),
        Event::Error(error) => error.kind().to_string(),
        Event::Foreign(_) => "not a server of this service".to_owned(),
        _ => return None,
    };
    let statistics = &target.statistics;
    let (loss, sent) = (percent(statistics.loss()), statistics.sent());
    let mut row = format!("{}: {last}, {loss}% of {sent} lost", target.endpoint);
    if let Some(median) = statistics.round_trips().quantile(0.5) {
        let _ = write!(row, ", p50 {} ms", ms(median));
    }
    if let Some(offset) = statistics.estimator().offset() {
        let _ = write!(row, ", clock {}", offset_text(offset));
    }
    Some(row)
}

/// Returns the counts of probes as text.
fn counts(target: &Target) -> String {
    let statistics = &target.statistics;
    let mut counts = format!(
        "{} sent, {} received, {}% loss",
        statistics.sent(),
        statistics.received(),
        percent(statistics.loss())
    );
    for (count, what) in [
        (statistics.under_way(), "under way"),
        (statistics.late(), "late"),
        (statistics.duplicates(), "duplicate"),
        (statistics.overtaken(), "overtaken"),
    ] {
        if count > 0 {
            let _ = write!(counts, ", {count} {what}");
        }
    }
    counts
}

/// Returns the summary as text.
pub(super) fn text(target: &Target, is_utc: bool, with_histogram: bool) -> String {
    let statistics = &target.statistics;
    let mut text = format!(
        "\n--- {} ping statistics ---\n{}, time {:.3} s\n",
        target.endpoint,
        counts(target),
        target.elapsed().as_secs_f64()
    );
    let trips = statistics.round_trips();
    if let (Some(min), Some(mean), Some(max), Some(mdev)) =
        (trips.min(), statistics.mean(), trips.max(), statistics.mdev())
    {
        let joined =
            |times: &[Duration]| times.iter().copied().map(ms).collect::<Vec<_>>().join("/");
        let quantiles = QUANTILES.map(|(_, q)| trips.quantile(q).unwrap_or_default());
        let (round_trips, quantiles) = (joined(&[min, mean, max, mdev]), joined(&quantiles));
        let _ = write!(text, "rtt min/avg/max/mdev = {round_trips} ms, ");
        let _ = writeln!(text, "p50/p90/p99 = {quantiles} ms");
    }
    if let Some(offset) = statistics.estimator().offset() {
        let whose = match offset.nanos {
            nanos if nanos.unsigned_abs() <= offset.error.as_nanos() => "it may be none",
            1.. => "the server is ahead",
            _ => "the server is behind",
        };
        let _ = write!(text, "clock offset {} ({whose})", offset_text(offset));
        if let Some(Drift { ppm, error }) = statistics.estimator().drift() {
            let _ = write!(text, ", drift {ppm:+.1} ± {error:.1} ppm");
        }
        match statistics.estimator().steps() {
            0 => {}
            1 => text.push_str(", set once meanwhile"),
            steps => {
                let _ = write!(text, ", set {steps} times meanwhile");
            }
        }
        if statistics.is_zone_assumed() {
            let zone = if is_utc { "in UTC" } else { "local (or --utc)" };
            let _ = write!(text, "; its time has no zone and is taken to be {zone}");
        }
        text.push('\n');
    } else if statistics.estimator().is_unit_unknown() {
        text.push_str("clock offset unknown: the server tells a number, whose unit only more ");
        text.push_str("answers can show (-c)\n");
    }
    if with_histogram {
        text += &histogram::draw(trips);
    }
    text
}

/// Returns the JSON object for an event.
pub(super) fn json_event(target: &Target, event: &Event) -> Option<String> {
    let (kind, fields) = match event {
        Event::Connected(address) => {
            ("connected", format!(",\"address\":{}", quote(&address.to_string())))
        }
        Event::Encrypted { connect, handshake, resumed } => {
            let (connect, handshake) = (seconds(*connect), seconds(*handshake));
            let times = format!("\"connect_seconds\":{connect},\"handshake_seconds\":{handshake}");
            ("encrypted", format!(",{times},\"resumed\":{resumed}"))
        }
        Event::Answer(answer) => {
            let order = match answer.order {
                Order::InTurn => "in_turn",
                Order::Overtaken => "overtaken",
                Order::Late => "late",
                Order::Duplicate => "duplicate",
            };
            let (seq, bytes, time) = (answer.seq, answer.bytes, seconds(answer.round_trip));
            let message = format!(",\"seq\":{seq},\"bytes\":{bytes},\"seconds\":{time}");
            ("answer", format!("{message},\"order\":\"{order}\""))
        }
        Event::Lost { seq } => ("lost", format!(",\"seq\":{seq}")),
        Event::Error(error) => ("trouble", format!(",\"error\":{}", quote(&exit::chain(error)))),
        Event::Foreign(begin) => {
            let message = target.foreign_message(begin);
            ("trouble", format!(",\"error\":{}", quote(&message)))
        }
        // A probe that is sent shows in its answer or its loss.
        _ => return None,
    };
    let endpoint = quote(&target.endpoint);
    Some(format!("{{\"kind\":\"{kind}\",\"endpoint\":{endpoint}{fields}}}\n"))
}

/// Returns the summary as a JSON object. Unknown values are null.
pub(super) fn json(target: &Target, with_histogram: bool) -> String {
    let statistics = &target.statistics;
    let (trips, clocks) = (statistics.round_trips(), statistics.estimator());
    let mut json = format!("{{\"kind\":\"summary\",\"endpoint\":{}", quote(&target.endpoint));
    let mut put = |name: &str, value: Option<String>| {
        let value = value.unwrap_or_else(|| "null".to_owned());
        let _ = write!(json, ",\"{name}\":{value}");
    };
    put("address", target.address.as_deref().map(quote));
    put("elapsed_seconds", Some(seconds(target.elapsed())));
    for (name, count) in [
        ("sent", statistics.sent()),
        ("received", statistics.received()),
        ("lost", statistics.lost()),
        ("under_way", statistics.under_way()),
        ("late", statistics.late()),
        ("duplicates", statistics.duplicates()),
        ("overtaken", statistics.overtaken()),
    ] {
        put(name, Some(count.to_string()));
    }
    put("loss", Some(format!("{:.6}", statistics.loss())));
    for (name, time) in [
        ("min", trips.min()),
        ("mean", statistics.mean()),
        ("max", trips.max()),
        ("mdev", statistics.mdev()),
    ] {
        put(&format!("{name}_seconds"), time.map(seconds));
    }
    for (name, q) in QUANTILES {
        put(&format!("{name}_seconds"), trips.quantile(q).map(seconds));
    }
    let offset = clocks.offset();
    put("offset_seconds", offset.map(|offset| decimal(offset.nanos)));
    put("offset_error_seconds", offset.map(|offset| seconds(offset.error)));
    put("drift_ppm", clocks.drift().map(|drift| format!("{:.3}", drift.ppm)));
    put("drift_error_ppm", clocks.drift().map(|drift| format!("{:.3}", drift.error)));
    put("clock_steps", Some(clocks.steps().to_string()));
    put("zone_assumed", Some(statistics.is_zone_assumed().to_string()));
    if with_histogram {
        put("histogram", Some(histogram::json(trips)));
    }
    json.push_str("}\n");
    json
}

/// Returns nanoseconds as decimal seconds.
fn decimal(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let second = SECOND.unsigned_abs();
    format!("{sign}{}.{:09}", size / second, size % second)
}

/// Returns a share in percent, with at most two decimals and without trailing zeros.
fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns an offset and its error in milliseconds, or in seconds if either is at least one.
fn offset_text(offset: Offset) -> String {
    let Offset { nanos, error } = offset;
    let is_long = nanos.abs() >= SECOND || error.as_secs() > 0;
    let (unit, nanos_each, digits) = if is_long { ("s", 1e9, 6) } else { ("ms", 1e6, 3) };
    let (nanos, error) = (nanos as f64 / nanos_each, error.as_nanos() as f64 / nanos_each);
    format!("{nanos:+.digits$} ± {error:.digits$} {unit}")
}
