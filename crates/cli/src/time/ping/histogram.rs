//! The distribution of the round trips, drawn with characters.

use std::fmt::Write as _;
use std::time::Duration;

use timestamp::ping::Histogram;

use super::report::{ms, seconds};

/// The rows up to the 99th hundredth. One more has the rest, however far away it is.
const ROWS: u32 = 16;
/// The length of the longest bar.
const WIDTH: u64 = 50;
/// The distribution does not tell times apart that are closer than this part of them.
const RESOLUTION: u32 = 512;

/// The times from `from` up to `to` and how many there are.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    from: Duration,
    to: Duration,
    count: u64,
}

/// A row for each stretch of time, with a bar as long as its share; nothing of nothing.
pub(super) fn draw(distribution: &Histogram) -> String {
    let rows = rows(distribution);
    let most = rows.iter().map(|row| row.count).max().unwrap_or(1);
    let width = rows.last().map_or(0, |row| ms(row.to).len());
    let mut text = String::new();
    for Row { from, to, count } in &rows {
        let length = (count * WIDTH).div_ceil(most);
        let bar = "█".repeat(length as usize);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:>width$} to {:>width$} ms {count:>7} {bar}", ms(*from), ms(*to));
    }
    text
}

pub(super) fn json(distribution: &Histogram) -> String {
    let object = |row: &Row| {
        let (from, to, count) = (seconds(row.from), seconds(row.to), row.count);
        format!("{{\"from_seconds\":{from},\"to_seconds\":{to},\"count\":{count}}}")
    };
    format!("[{}]", rows(distribution).iter().map(object).collect::<Vec<_>>().join(","))
}

fn rows(distribution: &Histogram) -> Vec<Row> {
    let ends = (distribution.min(), distribution.quantile(0.99), distribution.max());
    let (Some(min), Some(p99), Some(max)) = ends else { return Vec::new() };
    let spread = p99 - min;
    let fitting = spread.as_nanos() / (p99 / RESOLUTION).as_nanos().max(1);
    // At most ROWS.
    let count = fitting.clamp(1, ROWS.into()) as u32;
    let mut rows: Vec<Row> = (0..count)
        .map(|row| {
            let [from, to] = [row, row + 1].map(|row| min + spread * row / count);
            Row { from, to, count: 0 }
        })
        .collect();
    if max > p99 {
        rows.push(Row { from: p99, to: max, count: 0 });
    }
    for (time, times) in distribution.buckets() {
        let time = time.clamp(min, max);
        let at = rows.partition_point(|row| row.to < time).min(rows.len() - 1);
        rows[at].count += times;
    }
    rows
}
