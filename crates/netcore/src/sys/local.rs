//! The address of this machine to which a datagram was sent: its answer leaves from there.
//!
//! `IP_PKTINFO` of ip(7) and `IPV6_PKTINFO` of RFC 3542 section 6. A socket that is bound to one
//! address needs neither.

use std::io;

use socket2::SockRef;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use nothing::Local;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use packet_info::{Control, Local, NONE};

/// Asks the system to report the local address of each datagram, if `socket` is bound to every
/// address. Returns `true` if the system does.
pub(crate) fn tell_local(socket: &SockRef<'_>) -> io::Result<bool> {
    match socket.local_addr()?.as_socket() {
        Some(local) if local.ip().is_unspecified() => tell(socket, local.is_ipv6()),
        _ => Ok(false),
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
use packet_info::tell;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn tell(_: &SockRef<'_>, _: bool) -> io::Result<bool> {
    Ok(false)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod packet_info {
    use std::mem;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    use std::os::fd::AsRawFd;
    use std::ptr;

    use std::io;

    use socket2::SockRef;

    /// The local address of one datagram.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Local {
        /// The address in the socket's family: an IPv4 address has its mapped form on an IPv6
        /// socket.
        ip: IpAddr,
        /// The interface, for link-local addresses only: the route answers all others.
        interface: u32,
    }

    impl Local {
        pub(crate) fn ip(&self) -> IpAddr {
            self.ip.to_canonical()
        }

        fn v6(ip: Ipv6Addr, interface: u32) -> Local {
            let interface = if ip.is_unicast_link_local() { interface } else { 0 };
            Local { ip: IpAddr::V6(ip), interface }
        }
    }

    /// Room for the control message of one datagram, aligned for a `cmsghdr`. The largest needs 40
    /// bytes.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Control([u64; 8]);

    /// No control message.
    pub(crate) const NONE: (*mut libc::c_void, usize) = (ptr::null_mut(), 0);

    impl Control {
        pub(crate) fn new() -> Control {
            Control([0; 8])
        }

        /// Returns the room for a received control message, with its length; no room unless the
        /// address is wanted. A Unix socket must have no room: a peer could put descriptors into it
        /// (unix(7), `SCM_RIGHTS`), and no code would close them.
        pub(crate) fn room(&mut self, wanted: bool) -> (*mut libc::c_void, usize) {
            match wanted {
                true => (self.0.as_mut_ptr().cast(), size_of::<Control>()),
                false => NONE,
            }
        }

        /// Makes the control message that sends a datagram from `local`. Returns its length too.
        pub(crate) fn leave_from(&mut self, local: Local) -> (*mut libc::c_void, usize) {
            let length = match local.ip {
                IpAddr::V4(ip) => {
                    let source = libc::in_addr { s_addr: u32::from(ip).to_be() };
                    let none = libc::in_addr { s_addr: 0 };
                    let info =
                        libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: source, ipi_addr: none };
                    self.put(libc::IPPROTO_IP, libc::IP_PKTINFO, info)
                }
                IpAddr::V6(ip) => {
                    let ipi6_addr = libc::in6_addr { s6_addr: ip.octets() };
                    let info = libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: local.interface as _ };
                    self.put(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info)
                }
            };
            (self.0.as_mut_ptr().cast(), length)
        }

        fn put<T>(&mut self, level: i32, kind: i32, value: T) -> usize {
            let size = size_of::<T>() as u32;
            // SAFETY: arithmetic alone.
            let (whole, length) = unsafe { (libc::CMSG_SPACE(size), libc::CMSG_LEN(size)) };
            assert!(whole as usize <= size_of::<Control>());
            let header: *mut libc::cmsghdr = self.0.as_mut_ptr().cast();
            // SAFETY: the room is large enough, as was just seen, aligned for the header, all of it
            // initialised, and borrowed by nobody else. The data may be less aligned than `T`.
            unsafe {
                (*header).cmsg_len = length as _;
                (*header).cmsg_level = level;
                (*header).cmsg_type = kind;
                libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
            }
            whole as usize
        }

        /// Returns the local address in the first `length` bytes, which the system has written.
        pub(crate) fn local(&self, length: usize) -> Option<Local> {
            // SAFETY: a C struct of integers and pointers, for which all zeros are valid.
            let mut message: libc::msghdr = unsafe { mem::zeroed() };
            message.msg_control = self.0.as_ptr().cast_mut().cast();
            message.msg_controllen = length.min(size_of::<Control>()) as _;
            // SAFETY: the room lives through this call, which only reads it, and the length is
            // within it. The system writes whole messages, or says in `cmsg_len` where one was cut.
            unsafe {
                let mut header = libc::CMSG_FIRSTHDR(&message);
                while let Some(found) = header.as_ref() {
                    if let Some(local) = read(found) {
                        return Some(local);
                    }
                    header = libc::CMSG_NXTHDR(&message, header);
                }
            }
            None
        }
    }

    /// # Safety
    ///
    /// The bytes that `cmsg_len` announces must follow `header`.
    unsafe fn read(header: &libc::cmsghdr) -> Option<Local> {
        let is = |level, kind, size: usize| {
            // SAFETY: arithmetic alone.
            let length = unsafe { libc::CMSG_LEN(size as u32) };
            (header.cmsg_level, header.cmsg_type) == (level, kind) && header.cmsg_len >= length as _
        };
        if is(libc::IPPROTO_IP, libc::IP_PKTINFO, size_of::<libc::in_pktinfo>()) {
            // SAFETY: the data is there, and is read as if it were not aligned.
            let info: libc::in_pktinfo =
                unsafe { ptr::read_unaligned(libc::CMSG_DATA(header).cast()) };
            // For a broadcast or multicast it is the address from which an answer should be sent.
            let ip = Ipv4Addr::from(u32::from_be(info.ipi_spec_dst.s_addr));
            return (!ip.is_unspecified()).then_some(Local { ip: IpAddr::V4(ip), interface: 0 });
        }
        if is(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, size_of::<libc::in6_pktinfo>()) {
            // SAFETY: as above.
            let info: libc::in6_pktinfo =
                unsafe { ptr::read_unaligned(libc::CMSG_DATA(header).cast()) };
            let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
            let multicast = ip.to_canonical().is_multicast();
            return (!multicast).then(|| Local::v6(ip, info.ipi6_ifindex as u32));
        }
        None
    }

    pub(super) fn tell(socket: &SockRef<'_>, v6: bool) -> io::Result<bool> {
        let (level, option) = match v6 {
            false => (libc::IPPROTO_IP, libc::IP_PKTINFO),
            true => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        };
        let on: libc::c_int = 1;
        // SAFETY: the socket is borrowed, so it is open; the value is an int of this length, which
        // the call only reads.
        let set = unsafe {
            let value = (&raw const on).cast();
            let length = size_of::<libc::c_int>() as libc::socklen_t;
            libc::setsockopt(socket.as_raw_fd(), level, option, value, length)
        };
        if set == 0 { Ok(true) } else { Err(io::Error::last_os_error()) }
    }
}

/// Other systems choose the source of an answer by the route.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod nothing {
    use std::net::IpAddr;

    /// A type without values: this system reports no local address.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Local {}

    impl Local {
        pub(crate) fn ip(&self) -> IpAddr {
            match *self {}
        }
    }
}
