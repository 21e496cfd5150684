//! The time of an answer, read back.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Local, LocalResult, NaiveDateTime, TimeZone};

use crate::unix_time::{NANOS_PER_SECOND, NANOSECOND, SECOND, from_unix_nanos, unix_nanos};
use crate::zone::Zone;

/// From 1900-01-01 to 1970-01-01 (RFC 868).
const FROM_1900_TO_1970: i128 = 2_208_988_800;
/// The longest text in which a time is looked for, in bytes.
const LONGEST: usize = 128;

/// What another clock showed: it stood at `time` or at less than `resolution` behind it, since a
/// text leaves out what it has no digits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParsedTime {
    /// The time as it was written.
    pub time: SystemTime,
    /// The step of what was written: a second, or a decimal fraction of one.
    pub resolution: Duration,
    /// `true` if the text had no zone, so that the reader's own word was taken for it.
    pub zone_assumed: bool,
    /// `true` if the text was a bare number, whose unit was taken from how many digits it has. The
    /// unit is the resolution then. An [`Estimator`](crate::Estimator) relies on no such guess: it
    /// finds out the unit by how fast the number grows.
    pub unit_assumed: bool,
}

impl ParsedTime {
    /// Reads a time in any [`Format`](crate::Format) but patterns, with whatever fraction of a
    /// second it has, and in the like of RFC 3339 with a space for the `T` or without a zone. White
    /// space around it is left out. `None` if it is none of these.
    ///
    /// Digits alone are the time since 1970 in seconds, and from 12, 15 and 18 digits on in
    /// milliseconds, microseconds and nanoseconds: right for times from 2001 to 5138, and
    /// [a guess](ParsedTime::unit_assumed).
    ///
    /// Where the text has no zone, it is taken to be in `zone`. Of two times that such a text can
    /// stand for, in the hour in which a zone sets its clocks back, it is the one nearer to `near`.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use timestamp::{ParsedTime, Zone};
    ///
    /// let reading = ParsedTime::parse("2026-11-20T18:11:02.25+01:00", Zone::Utc, UNIX_EPOCH);
    /// let time = UNIX_EPOCH + Duration::from_millis(1_795_194_662_250);
    /// let resolution = Duration::from_millis(10);
    /// assert_eq!(reading, Some(ParsedTime { time, resolution, zone_assumed: false, unit_assumed: false }));
    /// ```
    pub fn parse(text: &str, zone: Zone, near: SystemTime) -> Option<ParsedTime> {
        let text = text.trim_ascii();
        if text.len() > LONGEST {
            return None;
        }
        if let Some((nanos, resolution)) = number(text) {
            let unit_assumed = !text.contains('.');
            return Some(ParsedTime {
                time: from_unix_nanos(nanos)?,
                resolution,
                zone_assumed: false,
                unit_assumed,
            });
        }
        let resolution = match text.split_once('.') {
            Some((_, fraction)) => step(digits(fraction)),
            None => SECOND,
        };
        let zoned = DateTime::parse_from_rfc3339(text).or(DateTime::parse_from_rfc2822(text));
        if let Ok(date) = zoned {
            let time = from_unix_nanos(nanos_of(&date))?;
            return Some(ParsedTime { time, resolution, zone_assumed: false, unit_assumed: false });
        }
        let forms = ["%a %b %e %H:%M:%S %Y", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
        let naive = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
        let nanos = match zone {
            Zone::Utc => nanos_of(&naive.and_utc()),
            Zone::Local => match Local.from_local_datetime(&naive) {
                LocalResult::Single(date) => nanos_of(&date),
                LocalResult::Ambiguous(one, other) => {
                    let distance = |nanos: &i128| (nanos - unix_nanos(near)).abs();
                    [nanos_of(&one), nanos_of(&other)].into_iter().min_by_key(distance)?
                }
                LocalResult::None => return None,
            },
        };
        Some(ParsedTime {
            time: from_unix_nanos(nanos)?,
            resolution,
            zone_assumed: true,
            unit_assumed: false,
        })
    }

    /// Reads the seconds of RFC 868. They are those of the era in which they are nearest to `near`,
    /// so the result is right while that is within 68 years of the time.
    pub fn from_seconds_since_1900(seconds: u32, near: SystemTime) -> Option<ParsedTime> {
        // The distance of two points on a circle of 2^32 seconds.
        let distance = seconds.wrapping_sub(seconds_since_1900(near)) as i32;
        let nanos = (unix_nanos(near).div_euclid(NANOS_PER_SECOND) + i128::from(distance))
            * NANOS_PER_SECOND;
        let (time, resolution) = (from_unix_nanos(nanos)?, SECOND);
        Some(ParsedTime { time, resolution, zone_assumed: false, unit_assumed: false })
    }
}

/// The seconds from 1900-01-01 00:00:00 UTC to this time, rounded down, without leap seconds, in 32
/// bits (RFC 868). They go back to 0 at 2036-02-07 06:28:16 UTC, and again every 2^32 seconds:
/// which of these eras it is, a reader has to know, as [`ParsedTime::from_seconds_since_1900`] does.
pub fn seconds_since_1900(time: SystemTime) -> u32 {
    // The remainder fits 32 bits.
    (unix_nanos(time).div_euclid(NANOS_PER_SECOND) + FROM_1900_TO_1970).rem_euclid(1 << 32) as u32
}

/// Nanoseconds since 1970 out of digits alone, with a fraction after seconds, and the step.
fn number(text: &str) -> Option<(i128, Duration)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let count = digits(whole);
    if count == 0 || count != whole.len() || digits(fraction) != fraction.len() {
        return None;
    }
    let decimals = match count {
        ..12 => 0,
        12..15 => 3,
        15..18 => 6,
        18..21 => 9,
        _ => return None,
    };
    if unsigned.contains('.') && (decimals != 0 || fraction.is_empty()) {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let shown = fraction.len().min(9);
    let part: i128 = if shown == 0 { 0 } else { fraction[..shown].parse().ok()? };
    let size =
        whole * NANOS_PER_SECOND / 10_i128.pow(decimals) + part * 10_i128.pow(9 - shown as u32);
    let nanos = if unsigned.len() < text.len() { -size } else { size };
    Some((nanos, step(decimals as usize + shown)))
}

/// How many digits stand in front.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// What the last of so many decimals of a second counts.
fn step(decimals: usize) -> Duration {
    (0..decimals).fold(SECOND, |step, _| step / 10).max(NANOSECOND)
}

/// A leap second (`:60`) is the first of the next minute.
fn nanos_of<Z: TimeZone>(date: &DateTime<Z>) -> i128 {
    i128::from(date.timestamp()) * NANOS_PER_SECOND + i128::from(date.timestamp_subsec_nanos())
}
