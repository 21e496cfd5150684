//! The plan of a ping: its interval, timeout, count and deadline.

use std::time::Duration;

/// How probes are sent.
///
/// ```
/// use std::time::Duration;
/// use timestamp::ping::Plan;
///
/// let plan = Plan::default().with_count(Some(10)).with_interval(Duration::from_millis(200));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Plan {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) count: Option<u64>,
    pub(super) deadline: Option<Duration>,
}

/// A probe each second, without end, each of which may take 5 s.
impl Default for Plan {
    fn default() -> Plan {
        let (interval, timeout) = (Duration::from_secs(1), Duration::from_secs(5));
        Plan { interval, timeout, count: None, deadline: None }
    }
}

impl Plan {
    /// The time from one probe to the next.
    pub fn with_interval(self, interval: Duration) -> Plan {
        Plan { interval, ..self }
    }

    /// How long an answer may take before its probe counts as lost.
    pub fn with_timeout(self, timeout: Duration) -> Plan {
        Plan { timeout, ..self }
    }

    /// How many probes are sent. The ping ends when the last one is answered or lost. `None`:
    /// without end.
    pub fn with_count(self, count: Option<u64>) -> Plan {
        Plan { count, ..self }
    }

    /// How long all of it may take, whatever is still under way then. `None`: without limit.
    pub fn with_deadline(self, deadline: Option<Duration>) -> Plan {
        Plan { deadline, ..self }
    }
}
