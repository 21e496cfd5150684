//! The plan of a ping: its interval, timeout, count and deadline.

use std::time::Duration;

/// The plan of a ping: when probes are sent, and how long it waits for answers.
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

/// One probe per second without a limit, and a timeout of 5 s for each.
impl Default for Plan {
    fn default() -> Plan {
        let (interval, timeout) = (Duration::from_secs(1), Duration::from_secs(5));
        Plan { interval, timeout, count: None, deadline: None }
    }
}

impl Plan {
    /// Sets the time from one probe to the next.
    pub fn with_interval(self, interval: Duration) -> Plan {
        Plan { interval, ..self }
    }

    /// Sets the time after which a probe without an answer counts as lost.
    pub fn with_timeout(self, timeout: Duration) -> Plan {
        Plan { timeout, ..self }
    }

    /// Sets the number of probes. The ping ends when the last one is answered or lost. `None` means
    /// no limit.
    pub fn with_count(self, count: Option<u64>) -> Plan {
        Plan { count, ..self }
    }

    /// Sets the longest duration of the ping, even if answers are still missing then. `None` means
    /// no limit.
    pub fn with_deadline(self, deadline: Option<Duration>) -> Plan {
        Plan { deadline, ..self }
    }
}
