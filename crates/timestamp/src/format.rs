//! The formats of the time.

use std::fmt::{self, Write};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::format::StrftimeItems;
use netcore::error::debug_as_chain;

use crate::pattern::{Pattern, PatternError};
use crate::unix_time::{MILLISECOND, NANOSECOND, SECOND, unix_nanos};
use crate::zone::{Zone, write_date};

#[cfg(test)]
mod tests;

/// A format of the time.
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
///
/// Names of days and months are English in every locale. RFC 2822 and RFC 3339 have no form for
/// dates outside the years 0 to 9999, so such a date is written as the nearest one inside. The
/// `unix` formats have no such limits.
///
/// [`FromStr`] and [`Display`](fmt::Display) use the names below.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// `ctime`: the form of ctime(3) without its line feed: `Fri Nov 20 18:11:02 2026`.
    #[default]
    Ctime,
    /// `rfc3339`: a date and time of RFC 3339, section 5.6, in whole seconds:
    /// `2026-11-20T18:11:02Z`, or with an offset such as `+01:00`.
    Rfc3339,
    /// `rfc2822`: a date and time of RFC 2822, section 3.3: `Fri, 20 Nov 2026 18:11:02 +0000`.
    Rfc2822,
    /// `unix`: seconds since 1970-01-01 00:00:00 UTC, without leap seconds, rounded down.
    Unix,
    /// `unix-ms`: milliseconds since 1970, as `unix`.
    UnixMs,
    /// `unix-ns`: nanoseconds since 1970, as `unix`.
    UnixNs,
    /// `+` and a strftime pattern.
    Pattern(Pattern),
}

impl Format {
    /// Appends the time to `out`. The `unix` formats ignore the zone.
    pub fn write(&self, time: SystemTime, zone: Zone, out: &mut String) {
        let utc = zone == Zone::Utc;
        let nanos = unix_nanos(time);
        // Writing to a String cannot fail, and `Pattern::new` accepts only patterns that can be
        // written.
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

    /// Returns the resolution of the text: a second, a millisecond, a microsecond or a nanosecond.
    /// Two times in the same step since 1970 have the same text.
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

    /// Parses the name of a format, or `+` and a pattern.
    ///
    /// # Errors
    ///
    /// - [`FormatError::Unknown`]: the text is no name of a format and does not begin with `+`.
    /// - [`FormatError::Pattern`]: [`Pattern::new`] rejects the pattern.
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

/// A text that is not a format.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The text is no name of a format and does not begin with `+`.
    #[error(
        "unknown time format {0:?}: not ctime, rfc3339, rfc2822, unix, unix-ms, unix-ns, or + and \
         a strftime pattern"
    )]
    Unknown(String),
    /// The pattern is invalid.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

debug_as_chain!(
    enum FormatError {
        Unknown(text),
        Pattern(error),
    }
);
