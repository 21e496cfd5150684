//! A histogram of the round trips, drawn with characters.

use std::fmt::Write as _;
use std::time::Duration;

use timestamp::ping::Histogram;

use super::units::{ms, seconds};

/// Rows up to the 99th percentile. One more row has the rest.
const ROWS: u32 = 16;
/// Characters of the longest bar.
const WIDTH: u64 = 50;
/// The resolution of the distribution: it merges times closer than 1/512 of their value.
const RESOLUTION: u32 = 512;

/// The number of times from `from` up to `to`.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    from: Duration,
    to: Duration,
    count: u64,
}

/// Returns a row with a bar for each range of time, or an empty text without round trips.
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

/// Returns the histogram as a JSON array.
pub(super) fn json(distribution: &Histogram) -> String {
    let object = |row: &Row| {
        let (from, to, count) = (seconds(row.from), seconds(row.to), row.count);
        format!("{{\"from_seconds\":{from},\"to_seconds\":{to},\"count\":{count}}}")
    };
    format!("[{}]", rows(distribution).iter().map(object).collect::<Vec<_>>().join(","))
}

/// Divides the distribution into rows.
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
