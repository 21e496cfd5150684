//! Options that some systems do not have; they are `io::ErrorKind::Unsupported` there.

use std::io;
use std::time::Duration;

use socket2::SockRef;
#[cfg(not(target_os = "openbsd"))]
use socket2::TcpKeepalive;

/// Declares a function on all systems that socket2 has on some only.
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

where_available!(
    all(unix, not(any(target_os = "solaris", target_os = "illumos"))),
    reuse_port = reuse_port() -> bool
);
where_available!(
    all(unix, not(any(target_os = "solaris", target_os = "illumos"))),
    set_reuse_port = set_reuse_port(value: bool) -> ()
);
where_available!(
    any(target_os = "linux", target_os = "android"),
    device = device() -> Option<Vec<u8>>
);
where_available!(
    any(target_os = "linux", target_os = "android"),
    set_device = bind_device(value: Option<&[u8]>) -> ()
);
where_available!(
    any(target_os = "linux", target_os = "android"),
    user_timeout = tcp_user_timeout() -> Option<Duration>
);
where_available!(
    any(target_os = "linux", target_os = "android"),
    set_user_timeout = set_tcp_user_timeout(value: Option<Duration>) -> ()
);
where_available!(unix, tclass_v6 = tclass_v6() -> u32);
where_available!(unix, set_tclass_v6 = set_tclass_v6(value: u32) -> ());
where_available!(
    not(any(target_os = "openbsd", windows)),
    keepalive_idle = tcp_keepalive_time() -> Duration
);
where_available!(
    not(any(target_os = "openbsd", windows)),
    keepalive_interval = tcp_keepalive_interval() -> Duration
);
where_available!(not(target_os = "openbsd"), keepalive_count = tcp_keepalive_retries() -> u32);

where_available!(
    any(target_os = "linux", target_os = "android", target_os = "freebsd", windows),
    protocol = protocol() -> Option<socket2::Protocol>
);

/// Keeps other programs from binding the same port: `SO_EXCLUSIVEADDRUSE`. On Windows any program
/// could otherwise take a port over with `SO_REUSEADDR`.
#[cfg(windows)]
pub(crate) fn set_exclusive(socket: &socket2::Socket) -> io::Result<()> {
    use std::os::windows::io::AsRawSocket;

    use windows_sys::Win32::Networking::WinSock::{SO_EXCLUSIVEADDRUSE, SOL_SOCKET, setsockopt};

    let on = 1i32.to_ne_bytes();
    let socket = socket.as_raw_socket() as usize;
    // SAFETY: the socket is open through the call, and the value has the length that is passed.
    match unsafe { setsockopt(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, on.as_ptr(), 4) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Elsewhere only a socket with the same owner and the same option can bind the same port.
#[cfg(not(windows))]
pub(crate) fn set_exclusive(_: &socket2::Socket) -> io::Result<()> {
    Ok(())
}

/// `true` if each socket has its own keepalive times.
pub(crate) const HAS_KEEPALIVE_TIMES: bool = cfg!(not(target_os = "openbsd"));

/// `true` if the number of probes can be set. Windows has that only since 10.0.15063.
pub(crate) const HAS_KEEPALIVE_COUNT: bool = cfg!(unix);

/// `true` if the system has `TCP_USER_TIMEOUT`.
#[cfg(feature = "server")]
pub(crate) const HAS_USER_TIMEOUT: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Sets `TCP_KEEPIDLE`, `TCP_KEEPINTVL` and `TCP_KEEPCNT`, as far as they are given.
///
/// # Errors
///
/// Returns the constant of the first option that the system refused, and its reason.
pub(crate) fn set_keepalive(
    socket: &SockRef<'_>,
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u32>,
) -> Result<(), (&'static str, io::Error)> {
    #[cfg(target_os = "openbsd")]
    {
        let _ = socket;
        if idle.is_some() || interval.is_some() || count.is_some() {
            return Err(("TCP_KEEPIDLE", io::ErrorKind::Unsupported.into()));
        }
    }
    #[cfg(not(target_os = "openbsd"))]
    let set =
        |name, knobs: TcpKeepalive| socket.set_tcp_keepalive(&knobs).map_err(|error| (name, error));
    #[cfg(not(any(target_os = "openbsd", windows)))]
    {
        if let Some(idle) = idle {
            set("TCP_KEEPIDLE", TcpKeepalive::new().with_time(idle))?;
        }
        if let Some(interval) = interval {
            set("TCP_KEEPINTVL", TcpKeepalive::new().with_interval(interval))?;
        }
        if let Some(count) = count {
            set("TCP_KEEPCNT", TcpKeepalive::new().with_retries(count))?;
        }
    }
    // Windows sets both times at once (SIO_KEEPALIVE_VALS). A missing time gets the system's
    // default of two hours or one second, since it would become 0 otherwise.
    #[cfg(windows)]
    {
        let times = TcpKeepalive::new()
            .with_time(idle.unwrap_or(Duration::from_secs(7200)))
            .with_interval(interval.unwrap_or(Duration::from_secs(1)));
        if idle.is_some() || interval.is_some() {
            set("SIO_KEEPALIVE_VALS", times.clone())?;
        }
        if let Some(count) = count {
            set("TCP_KEEPCNT", times.with_retries(count))?;
        }
    }
    Ok(())
}
