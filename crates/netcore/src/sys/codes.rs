use crate::ErrorKind;

/// What stands in front of a code's name: Winsock's codes are the BSD ones, renamed.
pub(crate) const CODE_PREFIX: &str = if cfg!(windows) { "WSA" } else { "" };

/// The kind that a system's code stands for. `None`: the table does not have it.
pub(crate) fn code_kind(code: i32) -> Option<ErrorKind> {
    row(code).map(|&(_, _, kind)| kind)
}

/// The name of a system's code, without [`CODE_PREFIX`].
pub(crate) fn code_name(code: i32) -> Option<&'static str> {
    row(code).map(|&(_, name, _)| name)
}

type Row = (i32, &'static str, ErrorKind);

fn row(code: i32) -> Option<&'static Row> {
    let code = if cfg!(windows) { code.wrapping_sub(10_000) } else { code };
    COMMON.iter().chain(OWN).find(|row| row.0 == code)
}

/// The codes that every Unix, and Winsock, has had from the start.
const COMMON: &[Row] = &[
    (1, "EPERM", ErrorKind::PermissionDenied),
    (2, "ENOENT", ErrorKind::NotFound),
    (4, "EINTR", ErrorKind::Interrupted),
    (5, "EIO", ErrorKind::Other),
    (9, "EBADF", ErrorKind::InvalidInput),
    (12, "ENOMEM", ErrorKind::NoBuffers),
    (13, "EACCES", ErrorKind::PermissionDenied),
    (14, "EFAULT", ErrorKind::InvalidInput),
    (17, "EEXIST", ErrorKind::AddressInUse),
    (19, "ENODEV", ErrorKind::NotFound),
    (20, "ENOTDIR", ErrorKind::NotFound),
    (22, "EINVAL", ErrorKind::InvalidInput),
    (23, "ENFILE", ErrorKind::DescriptorsExhausted),
    (24, "EMFILE", ErrorKind::DescriptorsExhausted),
    (27, "EFBIG", ErrorKind::TooLarge),
    (28, "ENOSPC", ErrorKind::StorageFull),
    (30, "EROFS", ErrorKind::PermissionDenied),
    (32, "EPIPE", ErrorKind::BrokenPipe),
];

/// errno(3) on Linux, for the architectures with the generic numbers.
#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    not(any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "mips32r6",
        target_arch = "mips64r6",
        target_arch = "sparc",
        target_arch = "sparc64"
    ))
))]
const OWN: &[Row] = &[
    (11, "EAGAIN", ErrorKind::WouldBlock),
    (36, "ENAMETOOLONG", ErrorKind::InvalidInput),
    (40, "ELOOP", ErrorKind::InvalidInput),
    (64, "ENONET", ErrorKind::NetworkDown),
    (71, "EPROTO", ErrorKind::ConnectionAborted),
    (88, "ENOTSOCK", ErrorKind::InvalidInput),
    (89, "EDESTADDRREQ", ErrorKind::NotConnected),
    (90, "EMSGSIZE", ErrorKind::MessageTooLong),
    (91, "EPROTOTYPE", ErrorKind::Unsupported),
    (92, "ENOPROTOOPT", ErrorKind::Unsupported),
    (93, "EPROTONOSUPPORT", ErrorKind::Unsupported),
    (94, "ESOCKTNOSUPPORT", ErrorKind::Unsupported),
    (95, "EOPNOTSUPP", ErrorKind::Unsupported),
    (96, "EPFNOSUPPORT", ErrorKind::Unsupported),
    (97, "EAFNOSUPPORT", ErrorKind::Unsupported),
    (98, "EADDRINUSE", ErrorKind::AddressInUse),
    (99, "EADDRNOTAVAIL", ErrorKind::AddressNotAvailable),
    (100, "ENETDOWN", ErrorKind::NetworkDown),
    (101, "ENETUNREACH", ErrorKind::NetworkUnreachable),
    (102, "ENETRESET", ErrorKind::ConnectionReset),
    (103, "ECONNABORTED", ErrorKind::ConnectionAborted),
    (104, "ECONNRESET", ErrorKind::ConnectionReset),
    (105, "ENOBUFS", ErrorKind::NoBuffers),
    (106, "EISCONN", ErrorKind::InvalidInput),
    (107, "ENOTCONN", ErrorKind::NotConnected),
    (108, "ESHUTDOWN", ErrorKind::BrokenPipe),
    (110, "ETIMEDOUT", ErrorKind::TimedOut),
    (111, "ECONNREFUSED", ErrorKind::ConnectionRefused),
    (112, "EHOSTDOWN", ErrorKind::HostUnreachable),
    (113, "EHOSTUNREACH", ErrorKind::HostUnreachable),
    (114, "EALREADY", ErrorKind::WouldBlock),
    (115, "EINPROGRESS", ErrorKind::WouldBlock),
    (122, "EDQUOT", ErrorKind::StorageFull),
];

/// intro(2) on the BSDs and Apple's systems. Winsock's codes are these and 10,000.
#[cfg(any(
    windows,
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd"
))]
const OWN: &[Row] = &[
    (35, if cfg!(windows) { "EWOULDBLOCK" } else { "EAGAIN" }, ErrorKind::WouldBlock),
    (36, "EINPROGRESS", ErrorKind::WouldBlock),
    (37, "EALREADY", ErrorKind::WouldBlock),
    (38, "ENOTSOCK", ErrorKind::InvalidInput),
    (39, "EDESTADDRREQ", ErrorKind::NotConnected),
    (40, "EMSGSIZE", ErrorKind::MessageTooLong),
    (41, "EPROTOTYPE", ErrorKind::Unsupported),
    (42, "ENOPROTOOPT", ErrorKind::Unsupported),
    (43, "EPROTONOSUPPORT", ErrorKind::Unsupported),
    (44, "ESOCKTNOSUPPORT", ErrorKind::Unsupported),
    (45, "EOPNOTSUPP", ErrorKind::Unsupported),
    (46, "EPFNOSUPPORT", ErrorKind::Unsupported),
    (47, "EAFNOSUPPORT", ErrorKind::Unsupported),
    (48, "EADDRINUSE", ErrorKind::AddressInUse),
    (49, "EADDRNOTAVAIL", ErrorKind::AddressNotAvailable),
    (50, "ENETDOWN", ErrorKind::NetworkDown),
    (51, "ENETUNREACH", ErrorKind::NetworkUnreachable),
    (52, "ENETRESET", ErrorKind::ConnectionReset),
    (53, "ECONNABORTED", ErrorKind::ConnectionAborted),
    (54, "ECONNRESET", ErrorKind::ConnectionReset),
    (55, "ENOBUFS", ErrorKind::NoBuffers),
    (56, "EISCONN", ErrorKind::InvalidInput),
    (57, "ENOTCONN", ErrorKind::NotConnected),
    (58, "ESHUTDOWN", ErrorKind::BrokenPipe),
    (60, "ETIMEDOUT", ErrorKind::TimedOut),
    (61, "ECONNREFUSED", ErrorKind::ConnectionRefused),
    (62, "ELOOP", ErrorKind::InvalidInput),
    (63, "ENAMETOOLONG", ErrorKind::InvalidInput),
    (64, "EHOSTDOWN", ErrorKind::HostUnreachable),
    (65, "EHOSTUNREACH", ErrorKind::HostUnreachable),
];

/// Elsewhere std's own table must do: the kind comes from `io::ErrorKind`, the name is the number.
/// It lacks the one code that connecting depends on.
#[cfg(not(any(
    windows,
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd",
    all(
        any(target_os = "linux", target_os = "android"),
        not(any(
            target_arch = "mips",
            target_arch = "mips64",
            target_arch = "mips32r6",
            target_arch = "mips64r6",
            target_arch = "sparc",
            target_arch = "sparc64"
        ))
    )
)))]
const OWN: &[Row] = &[(
    if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) { 36 } else { 150 },
    "EINPROGRESS",
    ErrorKind::WouldBlock,
)];
