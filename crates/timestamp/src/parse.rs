//! Parses the time of an answer.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Local, LocalResult, NaiveDateTime, TimeZone};

use crate::unix_time::{NANOS_PER_SECOND, NANOSECOND, SECOND, from_unix_nanos, unix_nanos};
use crate::zone::Zone;

#[cfg(test)]
mod tests;

/// The seconds from 1900-01-01 to 1970-01-01 (RFC 868).
const FROM_1900_TO_1970: i128 = 2_208_988_800;
/// The longest text that is parsed as a time, in bytes.
const LONGEST: usize = 128;

/// A time that another clock showed, rounded down to its resolution: the clock stood at `time` or
/// less than `resolution` after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParsedTime {
    /// The time in the text.
    pub time: SystemTime,
    /// The resolution of the text: a second, or a decimal fraction of one.
    pub resolution: Duration,
    /// `true` if the text had no zone, and the caller's zone was assumed.
    pub zone_assumed: bool,
    /// `true` if the text was a number without a unit. The unit was guessed from its number of
    /// digits and is the resolution. An [`Estimator`](crate::Estimator) does not rely on this
    /// guess: it finds the unit from the speed at which the number grows.
    pub unit_assumed: bool,
}

impl ParsedTime {
    /// Parses a time in any [`Format`](crate::Format) except patterns, with any fraction of a
    /// second. RFC 3339 with a space instead of the `T`, or without a zone, is accepted too. White
    /// space around the text is ignored. Returns `None` if the text has none of these forms.
    ///
    /// A number is the time since 1970 in seconds. From 12, 15 and 18 digits on it counts
    /// milliseconds, microseconds and nanoseconds. This [guess](ParsedTime::unit_assumed) is right
    /// for times from 2001 to 5138.
    ///
    /// A text without a zone is in `zone`. It stands for two times in the hour in which the zone
    /// sets its clocks back; the result is then the one nearer to `near`.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use timestamp::{ParsedTime, Zone};
    ///
    /// let parsed = ParsedTime::parse("2026-11-20T18:11:02.25+01:00", Zone::Utc, UNIX_EPOCH);
    /// let time = UNIX_EPOCH + Duration::from_millis(1_795_194_662_250);
    /// let resolution = Duration::from_millis(10);
    /// let expected = ParsedTime { time, resolution, zone_assumed: false, unit_assumed: false };
    /// assert_eq!(parsed, Some(expected));
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
            Some((_, fraction)) => resolution_of(digits(fraction)),
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

    /// Converts the seconds of RFC 868, in the era that brings them nearest to `near`. The result
    /// is right if `near` is within 68 years of the time.
    pub fn from_seconds_since_1900(seconds: u32, near: SystemTime) -> Option<ParsedTime> {
        // This is the distance of two points on a circle of 2^32 seconds.
        let distance = seconds.wrapping_sub(seconds_since_1900(near)) as i32;
        let nanos = (unix_nanos(near).div_euclid(NANOS_PER_SECOND) + i128::from(distance))
            * NANOS_PER_SECOND;
        let (time, resolution) = (from_unix_nanos(nanos)?, SECOND);
        Some(ParsedTime { time, resolution, zone_assumed: false, unit_assumed: false })
    }
}

/// Returns the seconds from 1900-01-01 00:00:00 UTC to `time` in 32 bits, rounded down, without
/// leap seconds (RFC 868).
///
/// They return to 0 at 2036-02-07 06:28:16 UTC, and then every 2^32 seconds. The reader has to know
/// the era; [`ParsedTime::from_seconds_since_1900`] derives it from a second time.
pub fn seconds_since_1900(time: SystemTime) -> u32 {
    // The remainder fits 32 bits.
    (unix_nanos(time).div_euclid(NANOS_PER_SECOND) + FROM_1900_TO_1970).rem_euclid(1 << 32) as u32
}

/// Parses a number, with a fraction only after seconds. Returns the nanoseconds since 1970 and the
/// resolution.
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
    Some((nanos, resolution_of(decimals as usize + shown)))
}

/// Returns the number of digits at the start of `text`.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Returns the resolution of a second with `decimals` decimals.
fn resolution_of(decimals: usize) -> Duration {
    (0..decimals).fold(SECOND, |step, _| step / 10).max(NANOSECOND)
}

/// Returns the nanoseconds of a date since 1970. A leap second (`:60`) is the first second of the
/// next minute.
fn nanos_of<Z: TimeZone>(date: &DateTime<Z>) -> i128 {
    i128::from(date.timestamp()) * NANOS_PER_SECOND + i128::from(date.timestamp_subsec_nanos())
}
