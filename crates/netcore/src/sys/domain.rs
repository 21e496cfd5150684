//! The address family of a socket, even before it is bound.

pub(crate) use system::domain;

#[cfg(unix)]
mod system {
    use std::io;

    use socket2::{Domain, SockRef};

    pub(crate) fn domain(socket: &SockRef<'_>) -> io::Result<Domain> {
        Ok(socket.local_addr()?.domain())
    }
}

/// Returns the family from the protocol information: getsockname(2) fails on Windows until the
/// socket is bound (WSAEINVAL).
#[cfg(windows)]
mod system {
    use std::io;
    use std::os::windows::io::{AsRawSocket, RawSocket};

    use socket2::{Domain, SockRef};

    const SOL_SOCKET: i32 = 0xffff;
    const SO_PROTOCOL_INFOW: i32 = 0x2005;

    /// The layout of `WSAPROTOCOL_INFOW`; only the family is read.
    #[repr(C)]
    struct ProtocolInfo {
        before: [u32; 19],
        family: i32,
        behind: [u32; 137],
    }

    #[link(name = "ws2_32")]
    unsafe extern "system" {
        fn getsockopt(
            socket: RawSocket,
            level: i32,
            name: i32,
            value: *mut ProtocolInfo,
            len: *mut i32,
        ) -> i32;
    }

    pub(crate) fn domain(socket: &SockRef<'_>) -> io::Result<Domain> {
        let mut info = ProtocolInfo { before: [0; 19], family: 0, behind: [0; 137] };
        let mut len = size_of::<ProtocolInfo>() as i32;
        let handle = socket.as_raw_socket();
        // SAFETY: the socket is borrowed, so it is open. `info` is as large as `len` says, and any
        // bytes are valid for it; both live through the call.
        let code =
            unsafe { getsockopt(handle, SOL_SOCKET, SO_PROTOCOL_INFOW, &mut info, &mut len) };
        match code {
            0 => Ok(Domain::from(info.family)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}
