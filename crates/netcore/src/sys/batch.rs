//! Datagrams with everything that the system reports about them, several in one call if possible.

use socket2::SockAddr;

use crate::sys::local::Local;

/// The most datagrams of one call.
pub(crate) const MAX_BATCH: usize = 64;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use mmsg::{Names, recv_many, recv_one, send_many};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use one_by_one::{Names, recv_many, recv_one, send_many};

/// A received datagram.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Bytes of the buffer that the datagram fills.
    pub(crate) len: usize,
    /// `true` if the datagram was longer than the buffer.
    pub(crate) truncated: bool,
    pub(crate) from: SockAddr,
    /// The address to which it was sent, if [`tell_local`](crate::sys::tell_local) asked for it.
    pub(crate) local: Option<Local>,
}

/// A datagram to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) to: &'a SockAddr,
    /// The address from which it is sent. `None` leaves the choice to the system.
    #[cfg_attr(
        not(any(target_os = "linux", target_os = "android")),
        allow(dead_code, reason = "the other systems always choose")
    )]
    pub(crate) local: Option<Local>,
}

/// recvmmsg(2) and sendmmsg(2).
#[cfg(any(target_os = "linux", target_os = "android"))]
mod mmsg {
    use std::io;
    use std::mem::{self, MaybeUninit};
    use std::os::fd::AsRawFd;
    use std::ptr;

    use socket2::{SockAddr, SockAddrStorage, SockRef};

    use crate::sys::batch::{Incoming, MAX_BATCH, Outgoing};
    use crate::sys::flags::{DONT_WAIT, NO_SIGNAL};
    use crate::sys::local::{self, Control};

    /// Room for the addresses of each datagram: the sender's and the local one.
    #[derive(Debug)]
    pub(crate) struct Names(Box<[(SockAddrStorage, Control)]>);

    impl Names {
        pub(crate) fn new(count: usize) -> Names {
            let one = |_| (SockAddrStorage::zeroed(), Control::new());
            Names((0..count).map(one).collect())
        }
    }

    /// Receives one datagram, with its local address if `tells` is the result of
    /// [`tell_local`](crate::sys::tell_local) for the socket. Never waits.
    pub(crate) fn recv_one(
        socket: &SockRef<'_>,
        buffer: &mut [u8],
        tells: bool,
    ) -> io::Result<Incoming> {
        let mut name = SockAddrStorage::zeroed();
        let mut control = Control::new();
        let (start, size) = (buffer.as_mut_ptr().cast(), buffer.len());
        let mut part = libc::iovec { iov_base: start, iov_len: size };
        let name_len = name.size_of();
        let room = control.room(tells);
        let mut header = message(&mut part, (&raw mut name).cast(), name_len, room).msg_hdr;
        // SAFETY: the header points to the buffer, the name and the control room, each with its
        // length; all of them live through the call and are borrowed by nobody else. The socket is
        // borrowed, so it is open.
        let len = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut header, DONT_WAIT) };
        let len = usize::try_from(len).map_err(|_| io::Error::last_os_error())?;
        Ok(came(&header, len.min(size), &name, &control))
    }

    /// Receives the available datagrams, each into the next `size` bytes of `bytes`, as far as
    /// there is room. Calls `took` with each in turn; `tells` is as for [`recv_one`]. Never waits.
    /// Returns the number of datagrams, at least 1, and `true` if those were all.
    pub(crate) fn recv_many(
        socket: &SockRef<'_>,
        tells: bool,
        bytes: &mut [u8],
        size: usize,
        names: &mut Names,
        mut took: impl FnMut(Incoming),
    ) -> io::Result<(usize, bool)> {
        let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; MAX_BATCH];
        let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; MAX_BATCH];
        let slots = bytes.chunks_exact_mut(size).zip(&mut names.0);
        let mut count = 0;
        for ((slot, names), (part, header)) in slots.zip(parts.iter_mut().zip(&mut headers)) {
            let (name, control) = names;
            let part =
                part.write(libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: size });
            let name_len = name.size_of();
            let room = control.room(tells);
            header.write(message(part, ptr::from_mut(name).cast(), name_len, room));
            count += 1;
        }
        // SAFETY: the first `count` headers are initialised. Each points to one iovec, over a part
        // of `bytes` of its own, and to one of `names`, an address and a control room; all of them
        // live through the call and are borrowed by nobody else. The socket is borrowed, so it is
        // open. There is no timeout.
        let received = unsafe {
            let headers = headers.as_mut_ptr().cast();
            libc::recvmmsg(socket.as_raw_fd(), headers, count, DONT_WAIT as _, ptr::null_mut())
        };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        for (header, (name, control)) in headers[..received].iter().zip(&names.0) {
            // SAFETY: it was initialised above, for the call.
            let header = unsafe { header.assume_init_ref() };
            took(came(&header.msg_hdr, header.msg_len as usize, name, control));
        }
        Ok((received, received < count as usize))
    }

    /// Sends the datagrams `going(0)`, `going(1)`, … up to `count`. Never waits. Returns the number
    /// of sent datagrams, at least 1; an error is that of the first.
    pub(crate) fn send_many<'a>(
        socket: &SockRef<'_>,
        count: usize,
        going: impl Fn(usize) -> Outgoing<'a>,
    ) -> io::Result<usize> {
        let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; MAX_BATCH];
        let mut headers = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; MAX_BATCH];
        let mut controls = [const { MaybeUninit::<Control>::uninit() }; MAX_BATCH];
        let mut ready = 0;
        let rooms = parts.iter_mut().zip(&mut headers).zip(&mut controls);
        for (at, ((part, header), control)) in (0..count).zip(rooms) {
            let Outgoing { bytes, to, local } = going(at);
            let iov_base = bytes.as_ptr().cast_mut().cast();
            let part = part.write(libc::iovec { iov_base, iov_len: bytes.len() });
            let control = match local {
                Some(local) => control.write(Control::new()).leave_from(local),
                None => local::NONE,
            };
            header.write(message(part, to.as_ptr().cast_mut().cast(), to.len(), control));
            ready += 1;
        }
        // SAFETY: the first `ready` headers are initialised. Each points to one iovec, over bytes,
        // to one address with its length, and to one control message or none; `'a` keeps bytes and
        // addresses alive through the call, which only reads them. The socket is borrowed, so it is
        // open.
        let sent = unsafe {
            let headers = headers.as_mut_ptr().cast();
            libc::sendmmsg(socket.as_raw_fd(), headers, ready, (DONT_WAIT | NO_SIGNAL) as _)
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    fn message(
        part: &mut libc::iovec,
        name: *mut libc::c_void,
        name_len: libc::socklen_t,
        control: (*mut libc::c_void, usize),
    ) -> libc::mmsghdr {
        // SAFETY: a C struct of integers and pointers, for which all zeros are valid. Some libcs
        // have private padding in it, so it can't be written out.
        let mut message: libc::mmsghdr = unsafe { mem::zeroed() };
        message.msg_hdr.msg_name = name;
        message.msg_hdr.msg_namelen = name_len;
        message.msg_hdr.msg_iov = part;
        message.msg_hdr.msg_iovlen = 1;
        (message.msg_hdr.msg_control, message.msg_hdr.msg_controllen) = (control.0, control.1 as _);
        message
    }

    fn came(
        header: &libc::msghdr,
        len: usize,
        name: &SockAddrStorage,
        control: &Control,
    ) -> Incoming {
        Incoming {
            len,
            truncated: header.msg_flags & libc::MSG_TRUNC != 0,
            from: address(name, header.msg_namelen),
            local: control.local(header.msg_controllen as _),
        }
    }

    /// Returns the address that the system wrote to `name`. A Unix socket without a name has length
    /// 0, and the system then writes nothing.
    fn address(name: &SockAddrStorage, len: libc::socklen_t) -> SockAddr {
        if len == 0 {
            let mut none = SockAddrStorage::zeroed();
            // SAFETY: a SockAddrStorage has the layout of a sockaddr_storage.
            unsafe { none.view_as::<libc::sockaddr_storage>() }.ss_family = libc::AF_UNIX as _;
            // SAFETY: an unnamed address of unix(7) is its family alone.
            return unsafe { SockAddr::new(none, size_of::<libc::sa_family_t>() as _) };
        }
        // SAFETY: it was zeroed when it was made, and a copy of it is as valid as it is.
        let copy = unsafe { ptr::read(name) };
        // SAFETY: the system wrote an address of this length, family included; no length that it
        // gives is beyond the room that it was given.
        unsafe { SockAddr::new(copy, len.min(name.size_of())) }
    }
}

/// The same with a system call for each datagram: for systems without the others, and for the tests
/// that compare the two.
#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) mod one_by_one {
    use std::io;

    use socket2::{MaybeUninitSlice, SockRef};

    use crate::sys::batch::{Incoming, MAX_BATCH, Outgoing};
    use crate::sys::flags::{DONT_WAIT, NO_SIGNAL};
    use crate::sys::uninit::uninit;

    /// The number of datagrams that there is room for. An error behind received datagrams is kept
    /// for the next call.
    #[derive(Debug)]
    pub(crate) struct Names {
        count: usize,
        failed: Option<io::Error>,
    }

    impl Names {
        pub(crate) fn new(count: usize) -> Names {
            Names { count, failed: None }
        }
    }

    pub(crate) fn recv_one(
        socket: &SockRef<'_>,
        buffer: &mut [u8],
        _: bool,
    ) -> io::Result<Incoming> {
        let room = buffer.len();
        let mut buffers = [MaybeUninitSlice::new(uninit(buffer))];
        let received = socket.recv_from_vectored_with_flags(&mut buffers, DONT_WAIT)?;
        let (len, flags, from) = received;
        let truncated = flags.is_truncated();
        // With WSAEMSGSIZE, Windows need not report how many bytes it has written.
        let len = if truncated { room } else { len };
        Ok(Incoming { len, truncated, from, local: None })
    }

    pub(crate) fn recv_many(
        socket: &SockRef<'_>,
        tells: bool,
        bytes: &mut [u8],
        size: usize,
        names: &mut Names,
        mut took: impl FnMut(Incoming),
    ) -> io::Result<(usize, bool)> {
        if let Some(error) = names.failed.take() {
            return Err(error);
        }
        let mut received = 0;
        for slot in bytes.chunks_exact_mut(size).take(names.count) {
            // Without MSG_DONTWAIT only the first datagram is known to be available.
            if DONT_WAIT == 0 && received > 0 {
                break;
            }
            match recv_one(socket, slot, tells) {
                Ok(came) => took(came),
                Err(error) if received == 0 => return Err(error),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok((received, true));
                }
                Err(error) => {
                    names.failed = Some(error);
                    break;
                }
            }
            received += 1;
        }
        Ok((received, false))
    }

    pub(crate) fn send_many<'a>(
        socket: &SockRef<'_>,
        count: usize,
        going: impl Fn(usize) -> Outgoing<'a>,
    ) -> io::Result<usize> {
        for at in 0..count.min(MAX_BATCH) {
            let Outgoing { bytes, to, .. } = going(at);
            match socket.send_to_with_flags(bytes, to, DONT_WAIT | NO_SIGNAL) {
                Ok(_) => {}
                Err(error) if at == 0 => return Err(error),
                Err(_) => return Ok(at),
            }
        }
        Ok(count.min(MAX_BATCH))
    }
}
