//! The zone of a date, and dates written in it.

use std::borrow::Borrow;
use std::fmt;

use chrono::format::Item;
use chrono::{DateTime, Local, Utc};

use crate::unix_time::NANOS_PER_SECOND;

/// 0000-01-02 00:00:00 and 9999-12-30 23:59:59 UTC, in seconds since 1970: the years have four
/// digits in every zone.
pub(crate) const FIRST: i64 = -62_167_132_800;
pub(crate) const LAST: i64 = 253_402_214_399;

/// The zone that dates are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Zone {
    /// The zone of the process: `TZ` in the environment, otherwise the system's, otherwise UTC.
    /// `%Z` writes its offset, such as `+01:00`: the zone's own name is not known.
    #[default]
    Local,
    /// Coordinated universal time.
    Utc,
}

/// Appends a date as the items say.
///
/// # Errors
///
/// When an item cannot be written. What stands before it has been appended then.
pub(crate) fn write_date<'a, I, B>(
    nanos: i128,
    zone: Zone,
    items: I,
    out: &mut String,
) -> fmt::Result
where
    I: Iterator<Item = B> + Clone,
    B: Borrow<Item<'a>>,
{
    let seconds = nanos.div_euclid(NANOS_PER_SECOND).clamp(FIRST.into(), LAST.into());
    let subsec = nanos.rem_euclid(NANOS_PER_SECOND);
    // Both fit: the seconds are clamped, the rest is a remainder.
    let date = DateTime::<Utc>::from_timestamp(seconds as i64, subsec as u32).unwrap_or_default();
    match zone {
        Zone::Local => date.with_timezone(&Local).format_with_items(items).write_to(out),
        Zone::Utc => date.format_with_items(items).write_to(out),
    }
}
