//! Times as nanoseconds since 1970, and the units of time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
pub(crate) const NANOSECOND: Duration = Duration::from_nanos(1);
pub(crate) const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Returns the nanoseconds since 1970, negative before. The seconds of a [`SystemTime`] fit 64
/// bits, so the result cannot overflow.
pub(crate) fn unix_nanos(time: SystemTime) -> i128 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

/// Returns the time `nanos` nanoseconds after 1970. Returns `None` if [`SystemTime`] cannot express
/// it.
pub(crate) fn from_unix_nanos(nanos: i128) -> Option<SystemTime> {
    let size = nanos.unsigned_abs();
    // The remainder of a division by 10^9 fits 32 bits.
    let rest = (size % NANOS_PER_SECOND.unsigned_abs()) as u32;
    let distance = Duration::new(u64::try_from(size / NANOS_PER_SECOND.unsigned_abs()).ok()?, rest);
    if nanos < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) }
}
