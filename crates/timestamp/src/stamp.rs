//! The stamp of an answer, `[TIME] `, rendered once per tick of its format.

use std::time::{Duration, SystemTime};

use crate::format::Format;
use crate::unix_time::unix_nanos;
use crate::zone::Zone;

#[cfg(test)]
mod tests;

/// Renders `[TIME] `, and renders it again only if its text may have changed.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use timestamp::{Format, Stamp, Zone};
///
/// let mut stamp = Stamp::new(Format::Ctime, Zone::Utc);
/// let now = UNIX_EPOCH + Duration::from_secs(1_795_198_262);
/// assert_eq!(stamp.at(now), b"[Fri Nov 20 18:11:02 2026] ");
/// ```
///
/// The connections of one thread share a stamp. It reads no clock.
#[derive(Debug, Clone)]
pub struct Stamp {
    format: Format,
    zone: Zone,
    text: String,
    /// The first time for which `text` is valid.
    from: SystemTime,
    /// The first time for which `text` is no longer valid.
    until: SystemTime,
}

impl Stamp {
    /// Creates a stamp. It renders nothing yet.
    pub const fn new(format: Format, zone: Zone) -> Stamp {
        let never = SystemTime::UNIX_EPOCH;
        Stamp { format, zone, text: String::new(), from: never, until: never }
    }

    /// Returns `[TIME] ` for `now`. Times may come in any order, because a clock can be set back.
    pub fn at(&mut self, now: SystemTime) -> &[u8] {
        if now < self.from || now >= self.until {
            self.write(now);
        }
        self.text.as_bytes()
    }

    /// Returns only the time, without brackets.
    pub(crate) fn time(&mut self, now: SystemTime) -> &[u8] {
        let text = self.at(now);
        &text[1..text.len() - 2]
    }

    /// Returns the format of the time.
    pub const fn format(&self) -> &Format {
        &self.format
    }

    /// Returns the zone of the time.
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    #[cold]
    fn write(&mut self, now: SystemTime) {
        self.text.clear();
        self.text.push('[');
        self.format.write(now, self.zone, &mut self.text);
        self.text.push_str("] ");
        (self.from, self.until) = tick_around(now, self.format.tick());
    }
}

/// Returns the start of the tick that contains `now`, and the start of the next tick. The result is
/// empty at the limits of [`SystemTime`], where one of them does not exist.
fn tick_around(now: SystemTime, tick: Duration) -> (SystemTime, SystemTime) {
    // A tick divides a second, so the remainder fits 64 bits.
    let into = unix_nanos(now).rem_euclid(tick.as_nanos() as i128) as u64;
    now.checked_sub(Duration::from_nanos(into))
        .and_then(|from| Some((from, from.checked_add(tick)?)))
        .unwrap_or((now, now))
}
