//! The time as answers carry it, made once per tick.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use crate::format::Format;
use crate::unix_time::unix_nanos;
use crate::zone::Zone;

/// Writes `[TIME] `, and writes it anew only when the text can have changed.
///
/// All the connections that one thread serves share one stamp. It reads no clock.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use timestamp::{Format, Stamp, Zone};
///
/// let mut stamp = Stamp::new(Format::Ctime, Zone::Utc);
/// let now = UNIX_EPOCH + Duration::from_secs(1_795_198_262);
/// assert_eq!(stamp.at(now), b"[Fri Nov 20 18:11:02 2026] ");
/// ```
#[derive(Debug, Clone)]
pub struct Stamp {
    format: Format,
    zone: Zone,
    text: String,
    /// The text holds from the first of these times until just before the second.
    from: SystemTime,
    until: SystemTime,
}

impl Stamp {
    /// Makes a stamp; nothing is written yet.
    pub const fn new(format: Format, zone: Zone) -> Stamp {
        let never = SystemTime::UNIX_EPOCH;
        Stamp { format, zone, text: String::new(), from: never, until: never }
    }

    /// `[TIME] ` at this time. Times may come in any order: a clock can be set back.
    pub fn at(&mut self, now: SystemTime) -> &[u8] {
        if now < self.from || now >= self.until {
            self.write(now);
        }
        self.text.as_bytes()
    }

    /// The time alone, without brackets.
    pub(crate) fn time(&mut self, now: SystemTime) -> &[u8] {
        let text = self.at(now);
        &text[1..text.len() - 2]
    }

    /// The format that times are written in.
    pub const fn format(&self) -> &Format {
        &self.format
    }

    /// The zone that times are written in.
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

/// The tick that holds `now`: its beginning and the beginning of the next. It is empty at the very
/// ends of what the system can express, where one of them does not exist.
fn tick_around(now: SystemTime, tick: Duration) -> (SystemTime, SystemTime) {
    // A tick divides a second, so the remainder fits 64 bits.
    let into = unix_nanos(now).rem_euclid(tick.as_nanos() as i128) as u64;
    now.checked_sub(Duration::from_nanos(into))
        .and_then(|from| Some((from, from.checked_add(tick)?)))
        .unwrap_or((now, now))
}
