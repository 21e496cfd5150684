use std::fmt;

use chrono::{DateTime, Local, NaiveDate};

/// The local date of a message, which says in what file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(NaiveDate);

const SUFFIX: &str = ".jsonl";

impl Day {
    /// The day of a second since 1970, as the clock on the wall has it.
    pub(crate) fn of(second: u64) -> Day {
        let second = i64::try_from(second).unwrap_or_default();
        // What chrono cannot show is shown as the epoch in the message, too.
        let time = DateTime::from_timestamp(second, 0).unwrap_or_default();
        Day(time.with_timezone(&Local).date_naive())
    }

    /// The day of a file, if it is one of ours.
    pub(crate) fn of_file(name: &str) -> Option<Day> {
        let day = Day(name.strip_suffix(SUFFIX)?.parse().ok()?);
        (day.to_string() == name).then_some(day)
    }
}

/// The file's name.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SUFFIX}", self.0)
    }
}
