use std::fmt;
use std::time::Duration;

/// When the steps of a GET were done, counted from the call that sent the request, redirects
/// included.
///
/// The steps are those of the last connection and the last request: a connection that was used
/// again was neither looked up nor made, so those two are `None`. Prints as one line:
/// `resolved 0.2ms, connected 0.4ms, sent 0.4ms, first byte 1.1ms, finished 1.3ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// The last redirect's answer was dealt with and the last request begun; zero without redirects.
    pub redirected: Duration,
    /// How many redirects were followed.
    pub redirects: usize,
    /// How many connections were made.
    pub connects: usize,
    /// The host's addresses were known.
    pub resolved: Option<Duration>,
    /// The connection was made.
    pub connected: Option<Duration>,
    /// The request had been handed to the system, to its last byte.
    pub sent: Option<Duration>,
    /// The first byte of the response came, an interim response's too.
    pub first_byte: Option<Duration>,
    /// The body was whole.
    pub finished: Option<Duration>,
}

impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redirected = (self.redirects > 0).then_some(self.redirected);
        let steps = [
            ("redirected", redirected),
            ("resolved", self.resolved),
            ("connected", self.connected),
            ("sent", self.sent),
            ("first byte", self.first_byte),
            ("finished", self.finished),
        ];
        let mut separator = "";
        for (name, step) in steps {
            if let Some(step) = step {
                write!(f, "{separator}{name} {step:.1?}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}
