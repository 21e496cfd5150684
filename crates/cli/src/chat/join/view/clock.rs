use chrono::{DateTime, Local};

/// A day and a minute of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// `2026-11-20`
    pub(super) day: String,
    /// `18:11`
    pub(super) minute: String,
}

impl Clock {
    /// Reads a time as a server writes it. One with a zone becomes local; one without is left as it
    /// is, since nobody knows where the server is.
    pub(super) fn of(time: &str) -> Option<Clock> {
        if let Ok(time) = DateTime::parse_from_rfc3339(time) {
            let local = time.with_timezone(&Local);
            return Some(Clock {
                day: local.format("%Y-%m-%d").to_string(),
                minute: local.format("%H:%M").to_string(),
            });
        }
        let (day, clock) = time.split_once(' ')?;
        // `classic` has `202611/20`.
        let day = match day.split_once('/') {
            Some((month, day)) => {
                format!("{}-{}-{day}", month.get(..4)?, month.get(4..)?)
            }
            None => day.to_owned(),
        };
        Some(Clock { day, minute: clock.get(..5)?.to_owned() })
    }
}
