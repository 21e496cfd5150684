//! The zone of a date, and dates written in it.

use std::borrow::Borrow;
use std::fmt;

use chrono::format::Item;
use chrono::{DateTime, Local, Utc};

use crate::unix_time::NANOS_PER_SECOND;

/// 0000-01-02 00:00:00 UTC, in seconds since 1970. From here on, years have four digits in every
/// zone.
pub(crate) const FIRST: i64 = -62_167_132_800;
/// 9999-12-30 23:59:59 UTC, in seconds since 1970. Up to here, years have four digits in every
/// zone.
pub(crate) const LAST: i64 = 253_402_214_399;

/// The zone of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Zone {
    /// The zone of the process: `TZ` in the environment, else the system's zone, else UTC. `%Z`
    /// writes its offset, such as `+01:00`, because its name is not known.
    #[default]
    Local,
    /// Coordinated universal time.
    Utc,
}

/// Appends the date at `nanos` since 1970 in the form of `items`.
///
/// # Errors
///
/// An item cannot be written. The items before it have been appended.
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
    // The casts are lossless: the seconds are clamped, and the rest is a remainder.
    let date = DateTime::<Utc>::from_timestamp(seconds as i64, subsec as u32).unwrap_or_default();
    match zone {
        Zone::Local => date.with_timezone(&Local).format_with_items(items).write_to(out),
        Zone::Utc => date.format_with_items(items).write_to(out),
    }
}
