//! Wrong passwords in the log: a line a minute for each address, with the number of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use netcore::AddressGroup;
use netcore::throttle::Throttle;

use crate::sync::lock;

#[cfg(test)]
mod tests;

/// Interval of the lines about one address.
const INTERVAL: Duration = Duration::from_secs(60);

/// The most addresses that have lines of their own. All others share one.
const MAX_SOURCES: usize = 1000;

/// The wrong passwords that are not in the log yet.
#[derive(Debug, Default)]
pub(crate) struct FailedPasswords(Mutex<HashMap<Source, Failures>>);

/// The origin of a wrong password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Group(AddressGroup),
    /// A Unix socket.
    Local,
    /// Any address beyond [`MAX_SOURCES`].
    Others,
}

#[derive(Debug)]
struct Failures {
    throttle: Throttle,
    /// Number since the last line.
    count: u64,
}

impl FailedPasswords {
    /// Counts a wrong password, and logs the first one of an interval. Returns the time at which a
    /// [report](Self::report) is due.
    pub(crate) fn note(&self, source: Source, now: Instant) -> Instant {
        if let Some(line) = self.count(source, now) {
            log::warn!("{line}");
        }
        now + INTERVAL
    }

    /// Logs the counts since the last lines. Returns the time of the next report, if there is
    /// anything left to report then.
    pub(crate) fn report(&self, now: Instant) -> Option<Instant> {
        let (lines, is_empty) = self.take_due(now);
        lines.iter().for_each(|line| log::warn!("{line}"));
        (!is_empty).then(|| now + INTERVAL)
    }

    /// Counts a wrong password. Returns the line to log, if one is due.
    fn count(&self, source: Source, now: Instant) -> Option<String> {
        let mut all = lock(&self.0);
        let is_known = all.contains_key(&source) || all.len() < MAX_SOURCES;
        let source = if is_known { source } else { Source::Others };
        let new = || Failures { throttle: Throttle::new(INTERVAL), count: 0 };
        let failures = all.entry(source).or_insert_with(new);
        failures.count += 1;
        failures.throttle.allows(now).then(|| failures.take_line(source))
    }

    /// Returns the lines that are due, and `true` if no address is left. Forgets the addresses
    /// without a wrong password in the last interval.
    fn take_due(&self, now: Instant) -> (Vec<String>, bool) {
        let mut all = lock(&self.0);
        let mut lines = Vec::new();
        all.retain(|source, failures| {
            if failures.count == 0 {
                return !failures.throttle.allows(now);
            }
            if failures.throttle.allows(now) {
                lines.push(failures.take_line(*source));
            }
            true
        });
        (lines, all.is_empty())
    }
}

impl Failures {
    fn take_line(&mut self, source: Source) -> String {
        let count = std::mem::take(&mut self.count);
        let noun = if count == 1 { "wrong password" } else { "wrong passwords" };
        format!("{source}: {count} {noun}: the next line about it follows in a minute or later")
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Group(group) => group.fmt(f),
            Source::Local => f.write_str("Unix sockets"),
            Source::Others => f.write_str("other addresses"),
        }
    }
}
