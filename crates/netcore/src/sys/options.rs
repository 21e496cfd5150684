//! Options that some systems do not have: there they answer with `io::ErrorKind::Unsupported`.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

/// A function of socket2 that exists on some systems, as one that exists on all.
macro_rules! where_available {
    ($system:meta, $name:ident = $function:ident($($value:ident: $type:ty)?) -> $result:ty) => {
        pub(crate) fn $name(socket: &SockRef<'_>, $($value: $type)?) -> io::Result<$result> {
            #[cfg($system)]
            return socket.$function($($value)?);
            #[cfg(not($system))]
            {
                let _ = (socket, $($value)?);
                Err(io::ErrorKind::Unsupported.into())
            }
        }
    };
}

where_available!(unix, reuse_port = reuse_port() -> bool);
where_available!(unix, set_reuse_port = set_reuse_port(value: bool) -> ());
where_available!(target_os = "linux", device = device() -> Option<Vec<u8>>);
where_available!(target_os = "linux", set_device = bind_device(value: Option<&[u8]>) -> ());
where_available!(target_os = "linux", user_timeout = tcp_user_timeout() -> Option<Duration>);
where_available!(target_os = "linux", set_user_timeout = set_tcp_user_timeout(value: Option<Duration>) -> ());
where_available!(unix, tclass_v6 = tclass_v6() -> u32);
where_available!(unix, set_tclass_v6 = set_tclass_v6(value: u32) -> ());
where_available!(not(target_os = "openbsd"), keepalive_idle = tcp_keepalive_time() -> Duration);
where_available!(not(target_os = "openbsd"), keepalive_interval = tcp_keepalive_interval() -> Duration);
where_available!(not(target_os = "openbsd"), keepalive_count = tcp_keepalive_retries() -> u32);

where_available!(
    any(target_os = "linux", target_os = "android", target_os = "freebsd", windows),
    protocol = protocol() -> Option<socket2::Protocol>
);

/// `SO_KEEPALIVE`, and of `TCP_KEEPIDLE`, `TCP_KEEPINTVL` and `TCP_KEEPCNT` those that are given.
pub(crate) fn set_keepalive(
    socket: &SockRef<'_>,
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u32>,
) -> io::Result<()> {
    #[cfg(target_os = "openbsd")]
    if idle.is_some() || interval.is_some() || count.is_some() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    #[allow(unused_mut, reason = "OpenBSD has none of the three")]
    let mut knobs = TcpKeepalive::new();
    #[cfg(not(target_os = "openbsd"))]
    {
        if let Some(idle) = idle {
            knobs = knobs.with_time(idle);
        }
        if let Some(interval) = interval {
            knobs = knobs.with_interval(interval);
        }
        if let Some(count) = count {
            knobs = knobs.with_retries(count);
        }
    }
    socket.set_tcp_keepalive(&knobs)
}
