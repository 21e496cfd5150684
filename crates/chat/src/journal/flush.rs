#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// When what was written to the log is made to survive a loss of power, by fdatasync(2).
///
/// No policy holds a message up on its way to the clients, and none holds up the writing for longer
/// than a sync takes. When the server alone dies, be it by SIGKILL, all that it has written is safe
/// under each of them; lost is what waited to be written, which is what came in the last moment, or
/// since a sync has begun. When the machine dies, lost is this as well:
///
/// - `Every(duration)`: what was written in the last `duration`, and while the disk was at work on
///   what came before;
/// - `Every(Duration::ZERO)`, on the command line `always`: the last write. Each is synced before the
///   next one begins, so the writing is as slow as the disk;
/// - `Never`: whatever the system had not put on the disk of its own accord, for which it states no
///   bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flush {
    /// At most so long after the first write that is not synced yet.
    Every(Duration),
    /// By the system alone.
    Never,
}

/// A second.
impl Default for Flush {
    fn default() -> Flush {
        Flush::Every(Duration::from_secs(1))
    }
}

/// The word is none of `always`, `never` and a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected always, never, or a duration as in 250ms, 5s or 1m30s")]
pub struct UnknownFlush;

/// `always`, `never`, or a duration: whole numbers with `ms`, `s`, `m` or `h`; one without a unit is
/// of seconds.
impl FromStr for Flush {
    type Err = UnknownFlush;

    fn from_str(word: &str) -> Result<Flush, UnknownFlush> {
        match word {
            "always" => Ok(Flush::Every(Duration::ZERO)),
            "never" => Ok(Flush::Never),
            _ => duration(word).map(Flush::Every).ok_or(UnknownFlush),
        }
    }
}

impl fmt::Display for Flush {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flush::Never => f.write_str("never"),
            Flush::Every(Duration::ZERO) => f.write_str("always"),
            Flush::Every(duration) if duration.subsec_nanos() == 0 => {
                write!(f, "{}s", duration.as_secs())
            }
            Flush::Every(duration) => write!(f, "{}ms", duration.as_millis().max(1)),
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return text.as_bytes()[0].is_ascii_digit().then(|| Duration::from_secs(seconds));
    }
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let next = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(next);
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let number: u64 = number.parse().ok()?;
        sum = sum.checked_add(Duration::from_millis(number.checked_mul(unit)?))?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}
