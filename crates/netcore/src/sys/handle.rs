//! The handle of a socket on each system.

#[cfg(unix)]
pub(crate) use std::os::fd::{AsFd as AsHandle, OwnedFd as OwnedHandle};
#[cfg(windows)]
pub(crate) use std::os::windows::io::{AsSocket as AsHandle, OwnedSocket as OwnedHandle};

/// Implements the standard traits for the socket of a wrapper type, which has a field `socket`.
macro_rules! handle_traits {
    ($type:ident) => {
        #[cfg(unix)]
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                std::os::fd::AsFd::as_fd(&self.socket)
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&self.socket)
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsSocket for $type {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                std::os::windows::io::AsSocket::as_socket(&self.socket)
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsRawSocket for $type {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                std::os::windows::io::AsRawSocket::as_raw_socket(&self.socket)
            }
        }
    };
}
pub(crate) use handle_traits;
