//! The error codes of all systems: the name of each and the [`ErrorKind`] that it stands for.
//!
//! The table has the codes of all systems, so that it can be tested on any of them. A program has
//! only those of its own system.

use std::io;

use crate::error::kind::ErrorKind;
use crate::error::kind::ErrorKind::*;

#[cfg(test)]
mod tests;

/// A system with its own codes: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// errno(3) on Linux and Android, for the architectures with the generic numbers.
    Linux,
    /// intro(2) on Apple's systems.
    Apple,
    /// intro(2): the codes that FreeBSD, DragonFly, NetBSD and OpenBSD have in common.
    Bsd,
    /// Windows: Winsock's codes, which are the BSD ones plus 10,000, and the Win32 codes that
    /// socket calls return too.
    Windows,
}

/// The system of this build. `None` if the table does not have it. The kind then comes from
/// `io::ErrorKind`, and a code has no name.
pub(crate) const HERE: Option<System> = if cfg!(windows) {
    Some(System::Windows)
} else if cfg!(target_vendor = "apple") {
    Some(System::Apple)
} else if cfg!(any(
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd"
)) {
    Some(System::Bsd)
} else if cfg!(all(
    any(target_os = "linux", target_os = "android"),
    not(any(
        target_arch = "mips",
        target_arch = "mips64",
        target_arch = "mips32r6",
        target_arch = "mips64r6",
        target_arch = "sparc",
        target_arch = "sparc64"
    ))
)) {
    Some(System::Linux)
} else {
    None
};

/// `EINPROGRESS` on a Linux with its own numbers: SPARC's number, otherwise that of MIPS.
const OTHER_EINPROGRESS: i32 =
    if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) { 36 } else { 150 };

/// Returns the kind that a code of this system stands for. Returns `None` if the table does not
/// have the code.
pub(crate) fn code_kind(code: i32) -> Option<ErrorKind> {
    match HERE {
        Some(_) => own_row(code).map(|&(_, _, kind)| kind),
        // connect(2) depends on this code, and std has no kind for it.
        None => (code == OTHER_EINPROGRESS).then_some(WouldBlock),
    }
}

/// Returns the kind of an error of std: by the system's code if the table has it, otherwise by its
/// [`io::ErrorKind`].
pub(crate) fn kind_of(error: &io::Error) -> ErrorKind {
    if let Some(kind) = error.raw_os_error().and_then(code_kind) {
        return kind;
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset => ErrorKind::ConnectionReset,
        io::ErrorKind::ConnectionAborted => ErrorKind::ConnectionAborted,
        io::ErrorKind::BrokenPipe => ErrorKind::BrokenPipe,
        io::ErrorKind::NotConnected => ErrorKind::NotConnected,
        io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        io::ErrorKind::WouldBlock => ErrorKind::WouldBlock,
        io::ErrorKind::Interrupted => ErrorKind::Interrupted,
        io::ErrorKind::AddrInUse => ErrorKind::AddressInUse,
        io::ErrorKind::AddrNotAvailable => ErrorKind::AddressNotAvailable,
        io::ErrorKind::HostUnreachable => ErrorKind::HostUnreachable,
        io::ErrorKind::NetworkUnreachable => ErrorKind::NetworkUnreachable,
        io::ErrorKind::NetworkDown => ErrorKind::NetworkDown,
        io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        io::ErrorKind::NotFound => ErrorKind::NotFound,
        io::ErrorKind::OutOfMemory => ErrorKind::NoBuffers,
        io::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
        io::ErrorKind::InvalidData => ErrorKind::InvalidData,
        io::ErrorKind::Unsupported => ErrorKind::Unsupported,
        io::ErrorKind::UnexpectedEof => ErrorKind::UnexpectedEnd,
        io::ErrorKind::FileTooLarge => ErrorKind::TooLarge,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::StorageFull,
        _ => ErrorKind::Other,
    }
}

/// Returns the C name of a code of this system.
pub(crate) fn code_name(code: i32) -> Option<String> {
    let &(name, ..) = own_row(code)?;
    Some(full_name(HERE?, name, code))
}

/// Returns the name with the prefix that Winsock gives to the names of BSD.
fn full_name(system: System, name: &str, code: i32) -> String {
    let prefix = if system == System::Windows && code >= 10_000 { "WSA" } else { "" };
    format!("{prefix}{name}")
}

fn own_row(code: i32) -> Option<&'static OwnRow> {
    OWN_CODES.iter().find(|(_, own, _)| *own == code)
}

/// A code of this system: its name, its number and its kind.
type OwnRow = (&'static str, i32, ErrorKind);

/// The codes of this system. The compiler takes them from [`CODES`], so that no program carries the
/// names of other systems.
static OWN_CODES: [OwnRow; own_count()] = own_codes();

const fn own_count() -> usize {
    let Some(system) = HERE else { return 0 };
    let (mut count, mut at) = (0, 0);
    while at < CODES.len() {
        if CODES[at].1[system as usize] != 0 {
            count += 1;
        }
        at += 1;
    }
    count
}

const fn own_codes() -> [OwnRow; own_count()] {
    let mut own = [("", 0, Other); own_count()];
    let Some(system) = HERE else { return own };
    let (mut count, mut at) = (0, 0);
    while at < CODES.len() {
        let (name, codes, kind) = CODES[at];
        if codes[system as usize] != 0 {
            own[count] = (name, codes[system as usize], kind);
            count += 1;
        }
        at += 1;
    }
    own
}

/// System codes: the name, its numbers in the order of [`System`], and the kind. Zero stands for a
/// system that does not have the code, and for the BSDs where they differ.
type Row = (&'static str, [i32; 4], ErrorKind);

#[rustfmt::skip]
const CODES: &[Row] = &[
    ("EPERM", [1, 1, 1, 0], PermissionDenied),
    ("ENOENT", [2, 2, 2, 0], NotFound),
    ("EINTR", [4, 4, 4, 10004], Interrupted),
    ("EIO", [5, 5, 5, 0], Other),
    ("ENXIO", [6, 6, 6, 0], NotFound),
    ("EBADF", [9, 9, 9, 10009], InvalidInput),
    ("EAGAIN", [11, 35, 35, 0], WouldBlock),
    ("EWOULDBLOCK", [0, 0, 0, 10035], WouldBlock),
    ("ENOMEM", [12, 12, 12, 0], NoBuffers),
    ("EACCES", [13, 13, 13, 10013], PermissionDenied),
    ("EFAULT", [14, 14, 14, 10014], InvalidInput),
    ("EBUSY", [16, 16, 16, 0], Other),
    ("EEXIST", [17, 17, 17, 0], AddressInUse),
    ("ENODEV", [19, 19, 19, 0], NotFound),
    ("ENOTDIR", [20, 20, 20, 0], NotFound),
    ("EISDIR", [21, 21, 21, 0], InvalidInput),
    ("EINVAL", [22, 22, 22, 10022], InvalidInput),
    ("ENFILE", [23, 23, 23, 0], DescriptorsExhausted),
    ("EMFILE", [24, 24, 24, 10024], DescriptorsExhausted),
    ("ENOTTY", [25, 25, 25, 0], Unsupported),
    ("EFBIG", [27, 27, 27, 0], TooLarge),
    ("ENOSPC", [28, 28, 28, 0], StorageFull),
    ("ESPIPE", [29, 29, 29, 0], InvalidInput),
    ("EROFS", [30, 30, 30, 0], PermissionDenied),
    ("EPIPE", [32, 32, 32, 0], BrokenPipe),
    ("EDOM", [33, 33, 33, 0], InvalidInput),
    ("ERANGE", [34, 34, 34, 0], InvalidInput),
    ("ENAMETOOLONG", [36, 63, 63, 10063], InvalidInput),
    ("ENOSYS", [38, 78, 78, 0], Unsupported),
    ("ENOTEMPTY", [39, 66, 66, 10066], Other),
    ("ELOOP", [40, 62, 62, 10062], InvalidInput),
    ("ETIME", [62, 101, 0, 0], TimedOut),
    ("ENONET", [64, 0, 0, 0], NetworkDown),
    ("EREMOTE", [66, 71, 71, 10071], Other),
    ("EPROTO", [71, 100, 0, 0], ConnectionAborted),
    ("EBADMSG", [74, 94, 0, 0], InvalidData),
    ("EOVERFLOW", [75, 84, 0, 0], InvalidInput),
    ("EUSERS", [87, 68, 68, 10068], NoBuffers),
    ("ENOTSOCK", [88, 38, 38, 10038], InvalidInput),
    ("EDESTADDRREQ", [89, 39, 39, 10039], NotConnected),
    ("EMSGSIZE", [90, 40, 40, 10040], MessageTooLong),
    ("EPROTOTYPE", [91, 41, 41, 10041], Unsupported),
    ("ENOPROTOOPT", [92, 42, 42, 10042], Unsupported),
    ("EPROTONOSUPPORT", [93, 43, 43, 10043], Unsupported),
    ("ESOCKTNOSUPPORT", [94, 44, 44, 10044], Unsupported),
    ("EOPNOTSUPP", [95, 102, 45, 10045], Unsupported),
    ("ENOTSUP", [0, 45, 0, 0], Unsupported),
    ("EPFNOSUPPORT", [96, 46, 46, 10046], Unsupported),
    ("EAFNOSUPPORT", [97, 47, 47, 10047], Unsupported),
    ("EADDRINUSE", [98, 48, 48, 10048], AddressInUse),
    ("EADDRNOTAVAIL", [99, 49, 49, 10049], AddressNotAvailable),
    ("ENETDOWN", [100, 50, 50, 10050], NetworkDown),
    ("ENETUNREACH", [101, 51, 51, 10051], NetworkUnreachable),
    ("ENETRESET", [102, 52, 52, 10052], ConnectionReset),
    ("ECONNABORTED", [103, 53, 53, 10053], ConnectionAborted),
    ("ECONNRESET", [104, 54, 54, 10054], ConnectionReset),
    ("ENOBUFS", [105, 55, 55, 10055], NoBuffers),
    ("EISCONN", [106, 56, 56, 10056], InvalidInput),
    ("ENOTCONN", [107, 57, 57, 10057], NotConnected),
    ("ESHUTDOWN", [108, 58, 58, 10058], BrokenPipe),
    ("ETOOMANYREFS", [109, 59, 59, 10059], DescriptorsExhausted),
    ("ETIMEDOUT", [110, 60, 60, 10060], TimedOut),
    ("ECONNREFUSED", [111, 61, 61, 10061], ConnectionRefused),
    ("EHOSTDOWN", [112, 64, 64, 10064], HostUnreachable),
    ("EHOSTUNREACH", [113, 65, 65, 10065], HostUnreachable),
    ("EALREADY", [114, 37, 37, 10037], WouldBlock),
    ("EINPROGRESS", [115, 36, 36, 10036], WouldBlock),
    ("ESTALE", [116, 70, 70, 10070], Other),
    ("EDQUOT", [122, 69, 69, 10069], StorageFull),
    ("ECANCELED", [125, 89, 0, 0], ConnectionAborted),
    ("ERFKILL", [132, 0, 0, 0], NetworkDown),
    ("EPROCLIM", [0, 67, 67, 10067], NoBuffers),
    ("EQFULL", [0, 106, 0, 0], NoBuffers),
    ("SYSNOTREADY", [0, 0, 0, 10091], NetworkDown),
    ("VERNOTSUPPORTED", [0, 0, 0, 10092], Unsupported),
    ("NOTINITIALISED", [0, 0, 0, 10093], Other),
    ("EDISCON", [0, 0, 0, 10101], UnexpectedEnd),
    ("ENOMORE", [0, 0, 0, 10102], Other),
    ("ECANCELLED", [0, 0, 0, 10103], ConnectionAborted),
    ("EINVALIDPROCTABLE", [0, 0, 0, 10104], Unsupported),
    ("EINVALIDPROVIDER", [0, 0, 0, 10105], Unsupported),
    ("EPROVIDERFAILEDINIT", [0, 0, 0, 10106], NetworkDown),
    ("SYSCALLFAILURE", [0, 0, 0, 10107], Other),
    ("SERVICE_NOT_FOUND", [0, 0, 0, 10108], ServiceNotFound),
    ("TYPE_NOT_FOUND", [0, 0, 0, 10109], ServiceNotFound),
    ("_E_NO_MORE", [0, 0, 0, 10110], Other),
    ("_E_CANCELLED", [0, 0, 0, 10111], ConnectionAborted),
    ("EREFUSED", [0, 0, 0, 10112], ConnectionRefused),
    ("HOST_NOT_FOUND", [0, 0, 0, 11001], HostNotFound),
    ("TRY_AGAIN", [0, 0, 0, 11002], TryAgain),
    ("NO_RECOVERY", [0, 0, 0, 11003], ResolverFailed),
    ("NO_DATA", [0, 0, 0, 11004], NoData),
    ("_SECURE_HOST_NOT_FOUND", [0, 0, 0, 11032], HostNotFound),
    ("_IPSEC_NAME_POLICY_ERROR", [0, 0, 0, 11033], ResolverFailed),
    ("ERROR_FILE_NOT_FOUND", [0, 0, 0, 2], NotFound),
    ("ERROR_PATH_NOT_FOUND", [0, 0, 0, 3], NotFound),
    ("ERROR_TOO_MANY_OPEN_FILES", [0, 0, 0, 4], DescriptorsExhausted),
    ("ERROR_ACCESS_DENIED", [0, 0, 0, 5], PermissionDenied),
    ("ERROR_INVALID_HANDLE", [0, 0, 0, 6], InvalidInput),
    ("ERROR_NOT_ENOUGH_MEMORY", [0, 0, 0, 8], NoBuffers),
    ("ERROR_OUTOFMEMORY", [0, 0, 0, 14], NoBuffers),
    ("ERROR_NOT_SUPPORTED", [0, 0, 0, 50], Unsupported),
    ("ERROR_NETNAME_DELETED", [0, 0, 0, 64], ConnectionReset),
    ("ERROR_INVALID_PARAMETER", [0, 0, 0, 87], InvalidInput),
    ("ERROR_BROKEN_PIPE", [0, 0, 0, 109], BrokenPipe),
    ("ERROR_SEM_TIMEOUT", [0, 0, 0, 121], TimedOut),
    ("ERROR_NO_DATA", [0, 0, 0, 232], BrokenPipe),
    ("ERROR_MORE_DATA", [0, 0, 0, 234], MessageTooLong),
    ("WAIT_TIMEOUT", [0, 0, 0, 258], TimedOut),
    ("ERROR_OPERATION_ABORTED", [0, 0, 0, 995], TimedOut),
    ("ERROR_IO_PENDING", [0, 0, 0, 997], WouldBlock),
    ("ERROR_CONNECTION_REFUSED", [0, 0, 0, 1225], ConnectionRefused),
    ("ERROR_ADDRESS_ALREADY_ASSOCIATED", [0, 0, 0, 1227], AddressInUse),
    ("ERROR_CONNECTION_INVALID", [0, 0, 0, 1229], NotConnected),
    ("ERROR_NETWORK_UNREACHABLE", [0, 0, 0, 1231], NetworkUnreachable),
    ("ERROR_HOST_UNREACHABLE", [0, 0, 0, 1232], HostUnreachable),
    ("ERROR_PROTOCOL_UNREACHABLE", [0, 0, 0, 1233], Unsupported),
    ("ERROR_PORT_UNREACHABLE", [0, 0, 0, 1234], ConnectionRefused),
    ("ERROR_CONNECTION_ABORTED", [0, 0, 0, 1236], ConnectionAborted),
    ("ERROR_NO_SYSTEM_RESOURCES", [0, 0, 0, 1450], NoBuffers),
    ("ERROR_TIMEOUT", [0, 0, 0, 1460], TimedOut),
];

/// Returns the name of a getaddrinfo(3) code on this system and the kind that it stands for.
/// Returns `None` if the table does not have the code, and for `EAI_SYSTEM`, which stands for
/// `errno`.
pub(crate) fn lookup_code(code: i32) -> Option<(&'static str, ErrorKind)> {
    lookup_code_on(RESOLVER_HERE, code)
}

/// A set of getaddrinfo(3) codes: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolver {
    /// Negative codes: glibc, musl, OpenBSD.
    Negative,
    /// Positive codes: Apple's systems, FreeBSD, DragonFly, NetBSD, Android.
    Positive,
    /// Winsock's codes under other names.
    Windows,
}

pub(crate) const RESOLVER_HERE: Resolver = if cfg!(windows) {
    Resolver::Windows
} else if cfg!(any(target_os = "linux", target_os = "openbsd")) {
    Resolver::Negative
} else {
    Resolver::Positive
};

pub(crate) fn lookup_code_on(resolver: Resolver, code: i32) -> Option<(&'static str, ErrorKind)> {
    let here = |(_, codes, _): &&(_, [i32; 3], _)| code != 0 && codes[resolver as usize] == code;
    LOOKUP_CODES.iter().find(here).map(|&(name, _, kind)| (name, kind))
}

/// Resolver codes; as [`CODES`], in the order of [`Resolver`].
#[rustfmt::skip]
const LOOKUP_CODES: &[(&str, [i32; 3], ErrorKind)] = &[
    ("EAI_BADFLAGS", [-1, 3, 10022], InvalidInput),
    ("EAI_NONAME", [-2, 8, 11001], HostNotFound),
    ("EAI_AGAIN", [-3, 2, 11002], TryAgain),
    ("EAI_FAIL", [-4, 4, 11003], ResolverFailed),
    ("EAI_NODATA", [-5, 7, 11004], NoData),
    ("EAI_FAMILY", [-6, 5, 10047], Unsupported),
    ("EAI_SOCKTYPE", [-7, 10, 10044], Unsupported),
    ("EAI_SERVICE", [-8, 9, 10109], ServiceNotFound),
    // The name has an address, but none in the requested family.
    ("EAI_ADDRFAMILY", [-9, 1, 0], NoData),
    ("EAI_MEMORY", [-10, 6, 8], NoBuffers),
    ("EAI_OVERFLOW", [-12, 14, 0], Other),
    ("EAI_BADHINTS", [0, 12, 0], InvalidInput),
    ("EAI_PROTOCOL", [0, 13, 0], Unsupported),
    ("EAI_INTR", [-104, 0, 0], Interrupted),
    ("EAI_IDN_ENCODE", [-105, 0, 0], InvalidInput),
];
