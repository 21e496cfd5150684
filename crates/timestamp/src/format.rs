//! How the time is written.

#[cfg(test)]
mod tests;

use std::fmt::{self, Write};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::format::StrftimeItems;

use crate::pattern::{Pattern, PatternError};
use crate::unix_time::{MILLISECOND, NANOSECOND, SECOND, unix_nanos};
use crate::zone::{Zone, write_date};

/// A format of the time.
///
/// Names of days and months are English whatever the locale. A date outside the years 0 to 9999,
/// for which RFC 2822 and RFC 3339 have no form, is written as the nearest within; the `unix`
/// formats have no such bounds.
///
/// [`FromStr`] reads and [`Display`](fmt::Display) writes the names below.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use timestamp::{Format, Zone};
///
/// let format: Format = "+%H:%M:%S%.3f".parse()?;
/// let mut text = String::new();
/// format.write(UNIX_EPOCH + Duration::from_millis(1_500), Zone::Utc, &mut text);
/// assert_eq!(text, "00:00:01.500");
/// # Ok::<(), timestamp::FormatError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// `ctime`: as ctime(3) of C, without its line feed: `Fri Nov 20 18:11:02 2026`.
    #[default]
    Ctime,
    /// `rfc3339`: a date and time of RFC 3339, section 5.6, in whole seconds:
    /// `2026-11-20T18:11:02Z`, or with an offset such as `+01:00`.
    Rfc3339,
    /// `rfc2822`: a date and time of RFC 2822, section 3.3: `Fri, 20 Nov 2026 18:11:02 +0000`.
    Rfc2822,
    /// `unix`: seconds since 1970-01-01 00:00:00 UTC, without leap seconds, rounded down.
    Unix,
    /// `unix-ms`: the same in milliseconds.
    UnixMs,
    /// `unix-ns`: the same in nanoseconds.
    UnixNs,
    /// `+` and then a strftime pattern.
    Pattern(Pattern),
}

impl Format {
    /// Appends the time to `out`. In the `unix` formats the zone makes no difference.
    pub fn write(&self, time: SystemTime, zone: Zone, out: &mut String) {
        let utc = zone == Zone::Utc;
        let nanos = unix_nanos(time);
        // Writing to a String does not fail, and a pattern that cannot be written does not exist.
        let _ = match self {
            Format::Ctime => write_date(nanos, zone, StrftimeItems::new("%a %b %e %T %-Y"), out),
            Format::Rfc3339 if utc => write_date(nanos, zone, StrftimeItems::new("%FT%TZ"), out),
            Format::Rfc3339 => write_date(nanos, zone, StrftimeItems::new("%FT%T%:z"), out),
            Format::Rfc2822 => {
                write_date(nanos, zone, StrftimeItems::new("%a, %-d %b %Y %T %z"), out)
            }
            Format::Unix => write!(out, "{}", nanos.div_euclid(1_000_000_000)),
            Format::UnixMs => write!(out, "{}", nanos.div_euclid(1_000_000)),
            Format::UnixNs => write!(out, "{nanos}"),
            Format::Pattern(pattern) => write_date(nanos, zone, pattern.items().iter(), out),
        };
    }

    /// The shortest step of time that the text can show: a second, a millisecond, a microsecond
    /// or a nanosecond. Two times within the same step since 1970 have the same text.
    pub const fn tick(&self) -> Duration {
        match self {
            Format::Ctime | Format::Rfc3339 | Format::Rfc2822 | Format::Unix => SECOND,
            Format::UnixMs => MILLISECOND,
            Format::UnixNs => NANOSECOND,
            Format::Pattern(pattern) => pattern.tick(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Ctime => "ctime",
            Format::Rfc3339 => "rfc3339",
            Format::Rfc2822 => "rfc2822",
            Format::Unix => "unix",
            Format::UnixMs => "unix-ms",
            Format::UnixNs => "unix-ns",
            Format::Pattern(pattern) => return write!(f, "+{}", pattern.as_str()),
        })
    }
}

impl FromStr for Format {
    type Err = FormatError;

    /// Reads the name of a format, or `+` and a pattern.
    ///
    /// # Errors
    ///
    /// [`FormatError::Unknown`] for any other name, and [`FormatError::Pattern`] for a pattern
    /// that [`Pattern::new`] refuses.
    fn from_str(text: &str) -> Result<Format, FormatError> {
        Ok(match text {
            "ctime" => Format::Ctime,
            "rfc3339" => Format::Rfc3339,
            "rfc2822" => Format::Rfc2822,
            "unix" => Format::Unix,
            "unix-ms" => Format::UnixMs,
            "unix-ns" => Format::UnixNs,
            _ => match text.strip_prefix('+') {
                Some(pattern) => Format::Pattern(Pattern::new(pattern)?),
                None => return Err(FormatError::Unknown(text.to_owned())),
            },
        })
    }
}

/// A text names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// It is no name of a format, and does not begin with `+`.
    #[error(
        "unknown time format {0:?}: not ctime, rfc3339, rfc2822, unix, unix-ms, unix-ns, or + and \
         a strftime pattern"
    )]
    Unknown(String),
    /// Its pattern cannot be used.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}
