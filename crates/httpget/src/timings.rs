//! The times of the steps of a GET.

use std::fmt;
use std::time::Duration;

/// The times of the steps of a GET, counted from the call that sent the request, redirects
/// included.
///
/// They describe the last connection and the last request. A reused connection was neither resolved
/// nor connected, so those two are `None`. Prints as one line: `resolved 0.2ms, connected 0.4ms,
/// sent 0.4ms, first byte 1.1ms, finished 1.3ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// The last redirect was handled and the last request began; zero without redirects.
    pub redirected: Duration,
    /// Number of redirects followed.
    pub redirects: usize,
    /// Number of connections made.
    pub connects: usize,
    /// The host's addresses were known.
    pub resolved: Option<Duration>,
    /// The connection was made, to the proxy if there is one.
    pub connected: Option<Duration>,
    /// The tunnel through a proxy was open; `None` without one.
    pub tunneled: Option<Duration>,
    /// The TLS handshake was done; `None` for `http://`.
    pub encrypted: Option<Duration>,
    /// The last byte of the request had reached the kernel.
    pub sent: Option<Duration>,
    /// The first byte of the response arrived, of an interim response too.
    pub first_byte: Option<Duration>,
    /// The body was complete.
    pub finished: Option<Duration>,
}

impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redirected = (self.redirects > 0).then_some(self.redirected);
        let steps = [
            ("redirected", redirected),
            ("resolved", self.resolved),
            ("connected", self.connected),
            ("tunneled", self.tunneled),
            ("encrypted", self.encrypted),
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
