//! Applying options to a socket and reading them back.

use std::io;
use std::time::Duration;

use socket2::{Domain, SockRef, Type};

use crate::endpoint::Transport;
use crate::error::{Error, ErrorKind, Operation};
use crate::options::socket_options::{Keepalive, MulticastInterface, SocketOptions, Values};
use crate::sys::{self, AsHandle};

impl SocketOptions {
    /// Sets every option of this value on `socket`. Options that bind(2) evaluates (`SO_REUSEADDR`,
    /// `SO_REUSEPORT`, `IPV6_V6ONLY`, `SO_BINDTODEVICE`) must be applied before it.
    ///
    /// # Errors
    ///
    /// [`Operation::SetOption`] with the C constant of the first option that the system refused:
    /// - [`Unsupported`](ErrorKind::Unsupported): the system or this type of socket does not have
    ///   the option;
    /// - [`InvalidInput`](ErrorKind::InvalidInput): the value is out of range;
    /// - [`PermissionDenied`](ErrorKind::PermissionDenied): the option needs more privileges.
    ///
    /// The options before it stay set.
    pub fn apply(&self, socket: &impl AsHandle) -> Result<(), Error> {
        let target = Target::of(socket)?;
        self.set_on(&target)?;
        match self.set.nonblocking {
            Some(on) => target.set("O_NONBLOCK", target.socket.set_nonblocking(on)),
            None => Ok(()),
        }
    }

    /// Returns the options of `socket` as the system reports them. An option that the system or
    /// this type of socket does not have stays unset. Values may differ from the applied ones:
    /// Linux doubles buffer sizes, and systems round times to their timers.
    ///
    /// # Errors
    ///
    /// [`Operation::GetOption`] with the C constant, if the system fails for another reason.
    pub fn read_from(socket: &impl AsHandle) -> Result<SocketOptions, Error> {
        let Readout { options, failed, .. } = Target::of(socket)?.read();
        match failed.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(options),
        }
    }

    /// Sets all options except the blocking mode, which the caller needs until the socket is
    /// connected or bound.
    pub(crate) fn apply_but_mode(&self, socket: &impl AsHandle) -> Result<(), Error> {
        self.set_on(&Target::of(socket)?)
    }

    /// Returns a copy without the options that sockets of this transport do not have.
    pub(crate) fn fitting(&self, transport: Transport) -> SocketOptions {
        let mut set = self.set.clone();
        if !transport.is_tcp() {
            set.nodelay = None;
            set.keepalive = None;
            set.user_timeout = None;
        }
        if transport != Transport::Udp {
            set.broadcast = None;
            set.multicast_loop = None;
            set.multicast_ttl = None;
            set.multicast_interface = None;
        }
        if transport == Transport::Unix {
            set.reuse_address = None;
            set.reuse_port = None;
            set.ttl = None;
            set.tos = None;
            set.only_v6 = None;
            set.bind_device = None;
        }
        SocketOptions { set }
    }

    fn set_on(&self, target: &Target<'_>) -> Result<(), Error> {
        let set = &self.set;
        let socket = &target.socket;
        let v6 = target.domain == Domain::IPV6;
        if let Some(on) = set.reuse_address {
            target.set("SO_REUSEADDR", socket.set_reuse_address(on))?;
        }
        if let Some(on) = set.reuse_port {
            target.set("SO_REUSEPORT", sys::set_reuse_port(socket, on))?;
        }
        // A family without such an option refuses it below; IPv4 is "IPv4 only" anyway.
        if let Some(on) = set.only_v6.filter(|_| target.domain != Domain::IPV4) {
            target.set("IPV6_V6ONLY", socket.set_only_v6(on))?;
        }
        if let Some(device) = &set.bind_device {
            let device = Some(device.as_bytes());
            target.set("SO_BINDTODEVICE", sys::set_device(socket, device))?;
        }
        if let Some(timeout) = set.read_timeout {
            target.set("SO_RCVTIMEO", socket.set_read_timeout(timer(timeout)))?;
        }
        if let Some(timeout) = set.write_timeout {
            target.set("SO_SNDTIMEO", socket.set_write_timeout(timer(timeout)))?;
        }
        if let Some(on) = set.nodelay {
            target.set("TCP_NODELAY", socket.set_tcp_nodelay(on))?;
        }
        match set.keepalive {
            None => {}
            Some(None) => target.set("SO_KEEPALIVE", socket.set_keepalive(false))?,
            Some(Some(Keepalive { idle, interval, count })) => {
                target.set("SO_KEEPALIVE", socket.set_keepalive(true))?;
                let idle = idle.map(whole_seconds);
                let interval = interval.map(whole_seconds);
                sys::set_keepalive(socket, idle, interval, count)
                    .or_else(|(name, error)| target.set(name, Err(error)))?;
            }
        }
        if let Some(linger) = set.linger {
            target.set("SO_LINGER", socket.set_linger(linger.map(whole_seconds)))?;
        }
        if let Some(size) = set.recv_buffer {
            target.set(
                "SO_RCVBUF",
                size_limit(size).and_then(|()| socket.set_recv_buffer_size(size)),
            )?;
        }
        if let Some(size) = set.send_buffer {
            target.set(
                "SO_SNDBUF",
                size_limit(size).and_then(|()| socket.set_send_buffer_size(size)),
            )?;
        }
        if let Some(ttl) = set.ttl.map(u32::from) {
            match v6 {
                true => target.set("IPV6_UNICAST_HOPS", socket.set_unicast_hops_v6(ttl))?,
                false => target.set("IP_TTL", socket.set_ttl_v4(ttl))?,
            }
        }
        if let Some(tos) = set.tos.map(u32::from) {
            match v6 {
                true => target.set("IPV6_TCLASS", sys::set_tclass_v6(socket, tos))?,
                false => target.set("IP_TOS", socket.set_tos_v4(tos))?,
            }
        }
        if let Some(on) = set.broadcast {
            target.set("SO_BROADCAST", socket.set_broadcast(on))?;
        }
        if let Some(on) = set.multicast_loop {
            match v6 {
                true => target.set("IPV6_MULTICAST_LOOP", socket.set_multicast_loop_v6(on))?,
                false => target.set("IP_MULTICAST_LOOP", socket.set_multicast_loop_v4(on))?,
            }
        }
        if let Some(ttl) = set.multicast_ttl.map(u32::from) {
            match v6 {
                true => target.set("IPV6_MULTICAST_HOPS", socket.set_multicast_hops_v6(ttl))?,
                false => target.set("IP_MULTICAST_TTL", socket.set_multicast_ttl_v4(ttl))?,
            }
        }
        match set.multicast_interface {
            None => {}
            Some(MulticastInterface::V4(address)) => {
                target.set("IP_MULTICAST_IF", socket.set_multicast_if_v4(&address))?;
            }
            Some(MulticastInterface::V6(index)) => {
                target.set("IPV6_MULTICAST_IF", socket.set_multicast_if_v6(index))?;
            }
        }
        if let Some(timeout) = set.user_timeout {
            let timeout = (!timeout.is_zero()).then(|| timeout.max(Duration::from_millis(1)));
            target.set("TCP_USER_TIMEOUT", sys::set_user_timeout(socket, timeout))?;
        }
        Ok(())
    }
}

/// A socket with the properties that determine its options.
pub(super) struct Target<'a> {
    socket: SockRef<'a>,
    pub(super) domain: Domain,
    kind: Type,
}

/// The options that the system reports for a socket.
#[derive(Default)]
pub(super) struct Readout {
    /// The reported options. The others are not available here, or failed.
    pub(super) options: SocketOptions,
    /// The parameters of keepalive, even if it is off.
    pub(super) keepalive: Keepalive,
    /// `true` if `SO_BINDTODEVICE` exists and no device is set.
    pub(super) no_device: bool,
    /// The errors of unreadable options: [`Operation::GetOption`] each.
    pub(super) failed: Vec<Error>,
}

impl Readout {
    /// Returns `None` if the option is not available, or after recording its failure.
    fn note<T>(&mut self, name: &'static str, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(error) if ErrorKind::of(&error) == ErrorKind::Unsupported => {}
            Err(error) => self.failed.push(Error::from_io(Operation::GetOption(name), error)),
        }
        None
    }
}

impl<'a> Target<'a> {
    pub(super) fn of(socket: &'a impl AsHandle) -> Result<Target<'a>, Error> {
        let inspect = |error| Error::from_io(Operation::Inspect, error);
        let socket = SockRef::from(socket);
        let domain = sys::domain(&socket).map_err(inspect)?;
        let kind = socket.r#type().map_err(inspect)?;
        Ok(Target { socket, domain, kind })
    }

    fn set(&self, name: &'static str, result: io::Result<()>) -> Result<(), Error> {
        result.map_err(|error| Error::from_io(Operation::SetOption(name), error))
    }

    pub(super) fn read(&self) -> Readout {
        let socket = &self.socket;
        let v4 = self.domain == Domain::IPV4;
        let v6 = self.domain == Domain::IPV6;
        let inet = v4 || v6;
        let tcp = inet && self.kind == Type::STREAM;
        let udp = inet && self.kind == Type::DGRAM;
        let unlimited = Option::<Duration>::unwrap_or_default;
        let mut out = Readout::default();
        let mut set = Values {
            reuse_address: out.note("SO_REUSEADDR", socket.reuse_address()),
            reuse_port: out.note("SO_REUSEPORT", sys::reuse_port(socket)),
            nonblocking: cfg!(unix).then(|| sys::is_nonblocking(socket)),
            read_timeout: out.note("SO_RCVTIMEO", socket.read_timeout()).map(unlimited),
            write_timeout: out.note("SO_SNDTIMEO", socket.write_timeout()).map(unlimited),
            linger: out.note("SO_LINGER", socket.linger()),
            recv_buffer: out.note("SO_RCVBUF", socket.recv_buffer_size()),
            send_buffer: out.note("SO_SNDBUF", socket.send_buffer_size()),
            ..Values::default()
        };
        if inet {
            let device = out.note("SO_BINDTODEVICE", sys::device(socket));
            out.no_device = device == Some(None);
            let text = |name: Vec<u8>| String::from_utf8_lossy(&name).into_owned();
            set.bind_device = device.flatten().map(text);
        }
        if tcp {
            set.nodelay = out.note("TCP_NODELAY", socket.tcp_nodelay());
            out.keepalive = Keepalive {
                idle: out.note("TCP_KEEPIDLE", sys::keepalive_idle(socket)),
                interval: out.note("TCP_KEEPINTVL", sys::keepalive_interval(socket)),
                count: out.note("TCP_KEEPCNT", sys::keepalive_count(socket)),
            };
            let on = out.note("SO_KEEPALIVE", socket.keepalive());
            set.keepalive = on.map(|on| on.then_some(out.keepalive));
            let timeout = out.note("TCP_USER_TIMEOUT", sys::user_timeout(socket));
            set.user_timeout = timeout.map(unlimited);
        }
        if udp {
            set.broadcast = out.note("SO_BROADCAST", socket.broadcast());
        }
        if v4 {
            set.ttl = byte(out.note("IP_TTL", socket.ttl_v4()));
            set.tos = byte(out.note("IP_TOS", socket.tos_v4()));
        }
        if v6 {
            set.ttl = byte(out.note("IPV6_UNICAST_HOPS", socket.unicast_hops_v6()));
            set.tos = byte(out.note("IPV6_TCLASS", sys::tclass_v6(socket)));
            set.only_v6 = out.note("IPV6_V6ONLY", socket.only_v6());
        }
        if udp && v4 {
            set.multicast_loop = out.note("IP_MULTICAST_LOOP", socket.multicast_loop_v4());
            set.multicast_ttl = byte(out.note("IP_MULTICAST_TTL", socket.multicast_ttl_v4()));
            let interface = out.note("IP_MULTICAST_IF", socket.multicast_if_v4());
            set.multicast_interface = interface.map(MulticastInterface::V4);
        }
        if udp && v6 {
            set.multicast_loop = out.note("IPV6_MULTICAST_LOOP", socket.multicast_loop_v6());
            set.multicast_ttl = byte(out.note("IPV6_MULTICAST_HOPS", socket.multicast_hops_v6()));
            let interface = out.note("IPV6_MULTICAST_IF", socket.multicast_if_v6());
            set.multicast_interface = interface.map(MulticastInterface::V6);
        }
        out.options = SocketOptions { set };
        out
    }
}

fn byte(value: Option<u32>) -> Option<u8> {
    value.and_then(|value| u8::try_from(value).ok())
}

/// A `struct timeval` counts microseconds, Windows milliseconds, and zero stands for no limit.
fn timer(timeout: Duration) -> Option<Duration> {
    let shortest = if cfg!(windows) { Duration::from_millis(1) } else { Duration::from_micros(1) };
    (!timeout.is_zero()).then(|| timeout.max(shortest))
}

/// Rounds up: rounding down would turn half a second into zero, which has another meaning.
fn whole_seconds(duration: Duration) -> Duration {
    let part = u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(duration.as_secs().saturating_add(part))
}

/// Rejects values beyond a C int, since socket2 would cut off the upper half.
fn size_limit(size: usize) -> io::Result<()> {
    match i32::try_from(size) {
        Ok(_) => Ok(()),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "the size is above 2 GiB")),
    }
}
