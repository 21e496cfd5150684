//! The time of a message as the client shows it.

use chrono::{DateTime, Local};

/// A day and a minute of that day.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// `2026-11-20`
    pub(super) day: String,
    /// `18:11`
    pub(super) minute: String,
}

impl Clock {
    /// Parses a time as a server writes it. A time with a zone is converted to local time; a time
    /// without one stays unchanged, because the server's zone is unknown.
    pub(super) fn of(time: &str) -> Option<Clock> {
        if let Ok(time) = DateTime::parse_from_rfc3339(time) {
            let local = time.with_timezone(&Local);
            return Some(Clock {
                day: local.format("%Y-%m-%d").to_string(),
                minute: local.format("%H:%M").to_string(),
            });
        }
        let (day, clock) = time.split_once(' ')?;
        // The format `classic` writes `202611/20`.
        let day = match day.split_once('/') {
            Some((month, day)) => {
                format!("{}-{}-{day}", month.get(..4)?, month.get(4..)?)
            }
            None => day.to_owned(),
        };
        Some(Clock { day, minute: clock.get(..5)?.to_owned() })
    }
}
