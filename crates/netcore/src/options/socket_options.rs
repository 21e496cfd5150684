//! The values of all options.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use crate::sys;

/// Every option of a socket in one value: to store, compare, print, apply and read back.
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
///
/// Options that are not set here keep the system's value. [`Stream`](crate::Stream),
/// [`Listener`](crate::Listener) and [`Datagram`](crate::Datagram) apply the options of their
/// transport and skip the others, so one value can serve several endpoints.
/// [`apply`](SocketOptions::apply) skips none.
///
/// Prints the set options under their C names: `SO_REUSEADDR=1 TCP_NODELAY=1`.
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
    /// started again at once. [`Listener`](crate::Listener) sets it on Unix by default. On Windows
    /// it lets any process take a port in use, so it is not set by default there.
    reuse_address, with_reuse_address: bool;
    /// `SO_REUSEPORT`: several sockets on one port. Linux spreads connections over them; macOS and
    /// the BSDs do not. Not on Windows.
    reuse_port, with_reuse_port: bool;
    /// `O_NONBLOCK`: calls return [`WouldBlock`](crate::ErrorKind::WouldBlock) instead of waiting.
    /// For a listener it applies to the accepted streams.
    nonblocking, with_nonblocking: bool;
    /// The time limit of [`Stream::connect`](crate::Stream::connect), all addresses together and
    /// the look-up included. The system has no such option, so it is never read back.
    connect_timeout, with_connect_timeout: Duration;
    /// `SO_RCVTIMEO`: the longest wait of one read without a deadline. Zero stands for no limit, as
    /// in C.
    read_timeout, with_read_timeout: Duration;
    /// `SO_SNDTIMEO`: the longest wait of one write without a deadline. Zero stands for no limit,
    /// as in C.
    write_timeout, with_write_timeout: Duration;
    /// `TCP_NODELAY`: send at once instead of gathering small writes. On by default in
    /// [`Stream`](crate::Stream) and [`Listener`](crate::Listener).
    nodelay, with_nodelay: bool;
    /// `SO_KEEPALIVE` and its parameters; `None` turns it off. On by default in
    /// [`Listener`](crate::Listener), whose connections inherit it, within [`Keepalive::LIMIT`].
    keepalive, with_keepalive: Option<Keepalive>;
    /// `SO_LINGER`: the time that closing may wait for unsent data, in whole seconds (rounded up).
    /// Zero drops the data and resets the connection; `None` turns the option off.
    linger, with_linger: Option<Duration>;
    /// `SO_RCVBUF`, in bytes. Linux doubles the value for its own use and reports it doubled;
    /// systems cut it to their limit.
    recv_buffer, with_recv_buffer: usize;
    /// `SO_SNDBUF`, in bytes. Linux doubles the value for its own use and reports it doubled;
    /// systems cut it to their limit.
    send_buffer, with_send_buffer: usize;
    /// `IP_TTL` or `IPV6_UNICAST_HOPS`, by the socket's family: the most routers that a packet may
    /// pass, at least 1.
    ttl, with_ttl: u8;
    /// `IP_TOS` or `IPV6_TCLASS`, by the socket's family: the class of traffic (RFC 2474 section
    /// 3). On TCP the system owns the two lowest bits (RFC 3168).
    tos, with_tos: u8;
    /// `SO_BROADCAST`: datagrams may go to broadcast addresses.
    broadcast, with_broadcast: bool;
    /// `IPV6_V6ONLY`: an IPv6 socket accepts no IPv4. Must precede bind(2).
    only_v6, with_only_v6: bool;
    /// `IP_MULTICAST_LOOP` or `IPV6_MULTICAST_LOOP`: this machine receives its own multicasts.
    multicast_loop, with_multicast_loop: bool;
    /// `IP_MULTICAST_TTL` or `IPV6_MULTICAST_HOPS`: the most routers that a multicast may pass.
    multicast_ttl, with_multicast_ttl: u8;
    /// `IP_MULTICAST_IF` or `IPV6_MULTICAST_IF`: the interface of outgoing multicasts.
    multicast_interface, with_multicast_interface: MulticastInterface;
    /// `TCP_USER_TIMEOUT` (RFC 5482): the time in milliseconds after which a connection with
    /// unacknowledged data is aborted. Zero leaves it to the system. Linux only. It also ends the
    /// connection of a living peer that reads nothing for this time while data waits for it.
    user_timeout, with_user_timeout: Duration;
    /// `SO_BINDTODEVICE`: receive packets of this interface only; the empty name stands for all
    /// interfaces. Linux only.
    bind_device, with_bind_device: String;
    /// The backlog of listen(2): connections that wait to be accepted. The default is 4096; the
    /// system cuts it to its own limit (`somaxconn`). It is never read back.
    backlog, with_backlog: u32;
}

/// The parameters of `SO_KEEPALIVE`: the times at which the system probes a silent TCP peer.
/// Parameters that are not set keep the system's value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keepalive {
    pub(super) idle: Option<Duration>,
    pub(super) interval: Option<Duration>,
    pub(super) count: Option<u32>,
}

impl Keepalive {
    /// Makes keepalive with the system's times. The first probe often comes after two hours.
    #[must_use]
    pub fn new() -> Keepalive {
        Keepalive::default()
    }

    /// The default limit within which servers abort the connection of a vanished peer.
    pub const LIMIT: Duration = Duration::from_secs(120);

    /// Makes keepalive that aborts the connection of a vanished peer after about `limit`. The first
    /// probe follows a silence of half the limit, and four probes share the other half. Each time
    /// is rounded up to whole seconds. OpenBSD has fixed times, and Windows always sends ten
    /// probes.
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

    /// Sets `TCP_KEEPIDLE`: the silence before the first probe, in whole seconds (rounded up), at
    /// least 1.
    #[must_use]
    pub fn with_idle(mut self, idle: Duration) -> Keepalive {
        self.idle = Some(idle);
        self
    }

    /// Sets `TCP_KEEPINTVL`: the time between probes, in whole seconds (rounded up), at least 1.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Keepalive {
        self.interval = Some(interval);
        self
    }

    /// Sets `TCP_KEEPCNT`: the unanswered probes after which the connection is aborted, at least 1.
    #[must_use]
    pub fn with_count(mut self, count: u32) -> Keepalive {
        self.count = Some(count);
        self
    }

    /// Returns `TCP_KEEPIDLE`, if it is set.
    #[must_use]
    pub fn idle(&self) -> Option<Duration> {
        self.idle
    }

    /// Returns `TCP_KEEPINTVL`, if it is set.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// Returns `TCP_KEEPCNT`, if it is set.
    #[must_use]
    pub fn count(&self) -> Option<u32> {
        self.count
    }
}

/// An interface, in the form of each address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MulticastInterface {
    /// The interface with this address; `0.0.0.0` leaves it to the system.
    V4(Ipv4Addr),
    /// The interface with this number; 0 leaves it to the system.
    V6(u32),
}

impl SocketOptions {
    /// Makes options of which none is set.
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

/// A duration that prints with its unit.
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Debug prints "0ns".
        if self.0.is_zero() { f.write_str("0s") } else { fmt::Debug::fmt(&self.0, f) }
    }
}
