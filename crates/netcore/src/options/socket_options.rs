//! The values of all options.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::sys;

/// Every option of a socket in one value: to store, compare, print, apply and read back.
///
/// What is not set here stays as the system has it. [`Stream`](crate::Stream),
/// [`Listener`](crate::Listener) and [`Datagram`](crate::Datagram) apply what fits their transport and
/// leave out the rest, so that one value can serve several endpoints;
/// [`apply`](SocketOptions::apply) leaves out nothing.
///
/// Prints what is set, under the C names: `SO_REUSEADDR=1 TCP_NODELAY=1`.
///
/// ```
/// use std::time::Duration;
/// use netcore::options::Keepalive;
/// use netcore::SocketOptions;
///
/// let options = SocketOptions::new()
///     .with_nodelay(true)
///     .with_keepalive(Some(Keepalive::new().with_idle(Duration::from_secs(60))));
/// assert_eq!(options.to_string(), "TCP_NODELAY=1 SO_KEEPALIVE=1 TCP_KEEPIDLE=60s");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketOptions {
    pub(crate) set: Values,
}

/// One line for each option: documentation, field and getter, setter, type.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident, $with:ident: $type:ty;)*) => {
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub(crate) struct Values { $(pub(crate) $name: Option<$type>,)* }

        impl SocketOptions {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $with(mut self, value: $type) -> SocketOptions {
                    self.set.$name = Some(value);
                    self
                }

                #[doc = concat!("What [`", stringify!($with), "`](Self::", stringify!($with),
                    ") set, or the system reported.")]
                #[must_use]
                pub fn $name(&self) -> Option<$type> {
                    self.set.$name.clone()
                }
            )*
        }
    };
}

options! {
    /// `SO_REUSEADDR`: bind a port that closed connections still hold, so that a server can be
    /// started again at once. [`Listener`](crate::Listener) sets it by itself on Unix. On Windows the
    /// option lets any process take a port that is in use, and there it is not set by itself.
    reuse_address, with_reuse_address: bool;
    /// `SO_REUSEPORT`: several sockets on one port. Linux spreads connections over them; macOS does
    /// not. Not on Windows.
    reuse_port, with_reuse_port: bool;
    /// `O_NONBLOCK`: calls return [`WouldBlock`](crate::ErrorKind::WouldBlock) rather than wait.
    /// For a listener: the streams that it accepts.
    nonblocking, with_nonblocking: bool;
    /// How long [`Stream::connect`](crate::Stream::connect) may take, all addresses together and the
    /// look-up included. No option of the system's: never read back.
    connect_timeout, with_connect_timeout: Duration;
    /// `SO_RCVTIMEO`: the longest wait of one read without a deadline. Zero: no limit, as in C.
    read_timeout, with_read_timeout: Duration;
    /// `SO_SNDTIMEO`: the longest wait of one write without a deadline. Zero: no limit, as in C.
    write_timeout, with_write_timeout: Duration;
    /// `TCP_NODELAY`: send at once rather than gather small writes. On by default in
    /// [`Stream`](crate::Stream) and [`Listener`](crate::Listener).
    nodelay, with_nodelay: bool;
    /// `SO_KEEPALIVE` and its knobs; `None` turns it off. On by default in
    /// [`Listener`](crate::Listener), whose connections inherit it, within [`Keepalive::LIMIT`].
    keepalive, with_keepalive: Option<Keepalive>;
    /// `SO_LINGER`: how long closing may wait for unsent data, in whole seconds (rounded up); zero
    /// drops the data and resets the connection; `None` turns it off.
    linger, with_linger: Option<Duration>;
    /// `SO_RCVBUF`, in bytes. Linux doubles the value for its own use and reports it doubled;
    /// systems cut it to their limit.
    recv_buffer, with_recv_buffer: usize;
    /// `SO_SNDBUF`, in bytes. Linux doubles the value for its own use and reports it doubled;
    /// systems cut it to their limit.
    send_buffer, with_send_buffer: usize;
    /// `IP_TTL` or `IPV6_UNICAST_HOPS`, by the socket's family: how many routers a packet may pass,
    /// from 1.
    ttl, with_ttl: u8;
    /// `IP_TOS` or `IPV6_TCLASS`, by the socket's family: the class of traffic (RFC 2474 section 3).
    /// On TCP the two lowest bits are the system's (RFC 3168).
    tos, with_tos: u8;
    /// `SO_BROADCAST`: datagrams may go to broadcast addresses.
    broadcast, with_broadcast: bool;
    /// `IPV6_V6ONLY`: an IPv6 socket takes no IPv4. Must precede bind(2).
    only_v6, with_only_v6: bool;
    /// `IP_MULTICAST_LOOP` or `IPV6_MULTICAST_LOOP`: this machine hears its own multicasts.
    multicast_loop, with_multicast_loop: bool;
    /// `IP_MULTICAST_TTL` or `IPV6_MULTICAST_HOPS`: how many routers a multicast may pass.
    multicast_ttl, with_multicast_ttl: u8;
    /// `IP_MULTICAST_IF` or `IPV6_MULTICAST_IF`: where multicasts leave.
    multicast_interface, with_multicast_interface: MulticastInterface;
    /// `TCP_USER_TIMEOUT` (RFC 5482): how long sent data may go unacknowledged before the connection
    /// is given up, in milliseconds. Zero: the system's rule. On Linux. It also ends the connection
    /// of a living peer that reads nothing for so long while data waits for it.
    user_timeout, with_user_timeout: Duration;
    /// `SO_BINDTODEVICE`: only packets of this interface; the empty name stands for all of them. On
    /// Linux.
    bind_device, with_bind_device: String;
    /// The backlog of listen(2): connections that wait to be accepted. The default is 4096; the
    /// system cuts it to its own limit (`somaxconn`). Never read back.
    backlog, with_backlog: u32;
}

/// `SO_KEEPALIVE` turned on: when the system asks a silent TCP peer whether it lives. What is not set
/// stays as the system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    pub(super) idle: Option<Duration>,
    pub(super) interval: Option<Duration>,
    pub(super) count: Option<u32>,
}

impl Keepalive {
    /// Keepalive at the system's pace, which is often two hours.
    #[must_use]
    pub fn new() -> Keepalive {
        Keepalive::default()
    }

    /// The limit within which servers give a vanished peer up by default.
    pub const LIMIT: Duration = Duration::from_secs(120);

    /// Probes that give a vanished peer up after about `limit`: half of it is the silence before the
    /// first probe, and four probes follow in the other half. Each time is rounded up to whole
    /// seconds. OpenBSD has the system's pace only, Windows always sends ten probes.
    ///
    /// Systems refuse a silence above 32,767 s, so `limit` is at most 65,534 s.
    #[must_use]
    pub fn within(limit: Duration) -> Keepalive {
        const PROBES: u32 = 4;
        if !sys::HAS_KEEPALIVE_TIMES {
            return Keepalive::new();
        }
        let half = limit / 2;
        let count = sys::HAS_KEEPALIVE_COUNT.then_some(PROBES);
        Keepalive { idle: Some(half), interval: Some(half / PROBES), count }
    }

    /// `TCP_KEEPIDLE`: the silence before the first probe, in whole seconds (rounded up), from 1.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Keepalive {
        self.idle = Some(idle);
        self
    }

    /// `TCP_KEEPINTVL`: the time between probes, in whole seconds (rounded up), from 1.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Keepalive {
        self.interval = Some(interval);
        self
    }

    /// `TCP_KEEPCNT`: the probes without an answer after which the connection is given up, from 1.
    #[must_use]
    pub fn with_count(mut self, count: u32) -> Keepalive {
        self.count = Some(count);
        self
    }

    /// `TCP_KEEPIDLE`, if it is set.
    #[must_use]
    pub fn idle(&self) -> Option<Duration> {
        self.idle
    }

    /// `TCP_KEEPINTVL`, if it is set.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// `TCP_KEEPCNT`, if it is set.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        self.count
    }
}

/// An interface, as each family names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MulticastInterface {
    /// The interface with this address; `0.0.0.0` leaves it to the system.
    V4(Ipv4Addr),
    /// The interface with this number; 0 leaves it to the system.
    V6(u32),
}

impl SocketOptions {
    /// No option set.
    #[must_use]
    pub fn new() -> SocketOptions {
        SocketOptions::default()
    }
}

impl fmt::Display for SocketOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = &self.set;
        let mut list = List { f, first: true };
        list.flag("SO_REUSEADDR", set.reuse_address)?;
        list.flag("SO_REUSEPORT", set.reuse_port)?;
        list.flag("O_NONBLOCK", set.nonblocking)?;
        list.item("connect_timeout", set.connect_timeout.map(Seconds))?;
        list.item("SO_RCVTIMEO", set.read_timeout.map(Seconds))?;
        list.item("SO_SNDTIMEO", set.write_timeout.map(Seconds))?;
        list.flag("TCP_NODELAY", set.nodelay)?;
        list.flag("SO_KEEPALIVE", set.keepalive.map(|keepalive| keepalive.is_some()))?;
        let keepalive = set.keepalive.flatten().unwrap_or_default();
        list.item("TCP_KEEPIDLE", keepalive.idle.map(Seconds))?;
        list.item("TCP_KEEPINTVL", keepalive.interval.map(Seconds))?;
        list.item("TCP_KEEPCNT", keepalive.count)?;
        match set.linger {
            Some(None) => list.item("SO_LINGER", Some("off"))?,
            linger => list.item("SO_LINGER", linger.flatten().map(Seconds))?,
        }
        list.item("SO_RCVBUF", set.recv_buffer)?;
        list.item("SO_SNDBUF", set.send_buffer)?;
        list.item("IP_TTL", set.ttl)?;
        list.item("IP_TOS", set.tos)?;
        list.flag("SO_BROADCAST", set.broadcast)?;
        list.flag("IPV6_V6ONLY", set.only_v6)?;
        list.flag("IP_MULTICAST_LOOP", set.multicast_loop)?;
        list.item("IP_MULTICAST_TTL", set.multicast_ttl)?;
        match set.multicast_interface {
            Some(MulticastInterface::V4(address)) => list.item("IP_MULTICAST_IF", Some(address))?,
            Some(MulticastInterface::V6(index)) => list.item("IPV6_MULTICAST_IF", Some(index))?,
            None => {}
        }
        list.item("TCP_USER_TIMEOUT", set.user_timeout.map(Seconds))?;
        list.item("SO_BINDTODEVICE", set.bind_device.as_ref())?;
        list.item("backlog", set.backlog)
    }
}

/// Items with a space between them.
struct List<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    first: bool,
}

impl List<'_, '_> {
    fn item(&mut self, name: &str, value: Option<impl fmt::Display>) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        let space = if self.first { "" } else { " " };
        self.first = false;
        write!(self.f, "{space}{name}={value}")
    }

    fn flag(&mut self, name: &str, value: Option<bool>) -> fmt::Result {
        self.item(name, value.map(u8::from))
    }
}

/// A duration with its unit.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug has "0ns".
        if self.0.is_zero() { f.write_str("0s") } else { fmt::Debug::fmt(&self.0, f) }
    }
}
