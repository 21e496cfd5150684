//! Days: each file of a room has the messages of one.

use std::fmt;
#[cfg(feature = "backplane")]
use std::time::SystemTime;

use chrono::{DateTime, Local, NaiveDate};

/// The local date of a message. It names the message's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(NaiveDate);

const SUFFIX: &str = ".jsonl";

impl Day {
    /// Returns the local date of `second`, counted since 1970.
    pub(crate) fn of(second: u64) -> Day {
        let second = i64::try_from(second).unwrap_or_default();
        // A time that chrono cannot represent counts as the epoch, as in the message itself.
        let time = DateTime::from_timestamp(second, 0).unwrap_or_default();
        Day(time.with_timezone(&Local).date_naive())
    }

    /// Returns the local date of `time`.
    #[cfg(feature = "backplane")]
    pub(crate) fn of_time(time: SystemTime) -> Day {
        Day::of(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs())
    }

    /// Returns the day of a file called `name`. Returns `None` if the name is not that of a log.
    pub(crate) fn of_file(name: &str) -> Option<Day> {
        let day = Day(name.strip_suffix(SUFFIX)?.parse().ok()?);
        (day.to_string() == name).then_some(day)
    }
}

/// Formats the name of the day's file.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SUFFIX}", self.0)
    }
}
