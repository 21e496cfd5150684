//! The settings of the page and of its WebSocket.

use std::time::Duration;

use crate::web::origin::Origin;
use crate::web::page::Page;

/// The settings of the page for browsers.
///
/// ```
/// use chat::Web;
/// use std::time::Duration;
///
/// // The second endpoint of the server is the page's.
/// let web = Web::new([1])
///     .with_origin("https://team.example".parse()?)
///     .with_ping_interval(Duration::from_secs(20));
/// # Ok::<(), chat::InvalidOrigin>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Web {
    listeners: Vec<usize>,
    /// Those of `listeners` at which the host of a request must be known.
    checked: Vec<usize>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) ping_interval: Duration,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) page: Page,
}

impl Web {
    /// Returns settings by which the page is served at these endpoints, by their indices among
    /// those given to [`Server::bind`](netcore::server::Server::bind). Only the page itself may
    /// open a WebSocket, a ping is sent every 30 s, and no client is idle.
    pub fn new(listeners: impl IntoIterator<Item = usize>) -> Web {
        Web {
            listeners: listeners.into_iter().collect(),
            checked: Vec::new(),
            origins: Vec::new(),
            ping_interval: Duration::from_secs(30),
            idle_timeout: None,
            page: Page::new(),
        }
    }

    /// Allows pages of another origin to open a WebSocket, and the host of the origin where hosts
    /// are [checked](Self::with_host_check).
    pub fn with_origin(mut self, origin: Origin) -> Web {
        self.origins.push(origin);
        self
    }

    /// Refuses requests at these endpoints, unless their host is an IP address, `localhost`, a name
    /// under it, or the host of an allowed [origin](Self::with_origin).
    ///
    /// It is meant for endpoints on loopback. Without it, a page of any site that a person of this
    /// machine visits can join the chat, if its name gets the address 127.0.0.1 (DNS rebinding).
    pub fn with_host_check(self, listeners: impl IntoIterator<Item = usize>) -> Web {
        Web { checked: listeners.into_iter().collect(), ..self }
    }

    /// Sets the interval of the pings, at least 1 ms. A browser that sends nothing between three
    /// pings is aborted.
    pub fn with_ping_interval(self, ping_interval: Duration) -> Web {
        Web { ping_interval: ping_interval.max(Duration::from_millis(1)), ..self }
    }

    /// Sets the time without a line after which a browser is closed with a notice; `None` for no
    /// limit. Answers to pings are no lines, so the server's own idle timeout does not do.
    pub fn with_idle_timeout(self, idle_timeout: Option<Duration>) -> Web {
        Web { idle_timeout, ..self }
    }

    /// Returns `true` if the endpoint number `listener` checks the host of requests.
    pub(crate) fn checks_host_at(&self, listener: usize) -> bool {
        self.checked.contains(&listener)
    }

    /// Returns `true` if the page is served at the endpoint number `listener`.
    pub(crate) fn is_at(&self, listener: usize) -> bool {
        self.listeners.contains(&listener)
    }
}
