//! Durations as decimal numbers.

use std::time::Duration;

/// Returns milliseconds, without the unit.
pub(super) fn ms(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}

/// Returns seconds with all nine decimals, without the unit.
pub(super) fn seconds(time: Duration) -> String {
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}
