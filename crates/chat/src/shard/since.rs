//! Since when somebody is there, as `/who` shows it.

use std::time::SystemTime;

use chrono::{DateTime, Local};

/// The time of day of `since`, and its date where that is not today's. Local time.
pub(super) fn shown(since: SystemTime, now: SystemTime) -> String {
    let [since, now] = [since, now].map(DateTime::<Local>::from);
    let format = if since.date_naive() == now.date_naive() { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    since.format(format).to_string()
}
