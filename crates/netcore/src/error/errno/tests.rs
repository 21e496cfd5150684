use super::*;

const SYSTEMS: [System; 4] = [System::Linux, System::Apple, System::Bsd, System::Windows];
const RESOLVERS: [Resolver; 3] = [Resolver::Negative, Resolver::Positive, Resolver::Windows];

/// Returns the kind that a code of `system` stands for.
fn kind_on(system: System, code: i32) -> Option<ErrorKind> {
    row(system, code).map(|&(_, _, kind)| kind)
}

/// Returns the C name of a code of `system`.
fn name_on(system: System, code: i32) -> Option<String> {
    row(system, code).map(|&(name, ..)| full_name(system, name, code))
}

fn row(system: System, code: i32) -> Option<&'static Row> {
    CODES.iter().find(|(_, codes, _)| code != 0 && codes[system as usize] == code)
}

#[test]
fn a_program_has_all_codes_of_its_system_and_no_others() {
    let Some(system) = HERE else {
        assert!(OWN_CODES.is_empty());
        return;
    };
    let own = |(name, codes, kind): &Row| (*name, codes[system as usize], *kind);
    let expected: Vec<OwnRow> = CODES.iter().map(own).filter(|(_, code, _)| *code != 0).collect();
    assert_eq!(OWN_CODES[..], expected);
    for code in [0, -1, i32::MAX] {
        assert_eq!((code_kind(code), code_name(code)), (None, None));
    }
}

#[test]
fn no_code_and_no_name_stands_twice() {
    for (at, (name, codes, _)) in CODES.iter().enumerate() {
        assert!(codes.iter().any(|code| *code != 0), "{name}");
        for (other, others, _) in &CODES[at + 1..] {
            assert_ne!(name, other);
            for (system, code) in SYSTEMS.iter().zip(codes) {
                assert!(*code == 0 || others[*system as usize] != *code, "{name}, {other}");
            }
        }
    }
    for (at, (name, codes, _)) in LOOKUP_CODES.iter().enumerate() {
        for (other, others, _) in &LOOKUP_CODES[at + 1..] {
            assert_ne!(name, other);
            for (resolver, code) in RESOLVERS.iter().zip(codes) {
                assert!(*code == 0 || others[*resolver as usize] != *code, "{name}, {other}");
            }
        }
    }
}

/// The kinds that callers match on, written down a second time from each system's own list.
#[test]
fn every_system_has_the_kinds_that_callers_match_on() {
    use ErrorKind as K;

    let expected = [
        (K::WouldBlock, [11, 35, 35, 10035]),
        (K::WouldBlock, [115, 36, 36, 10036]),
        (K::PermissionDenied, [13, 13, 13, 10013]),
        (K::DescriptorsExhausted, [24, 24, 24, 10024]),
        (K::MessageTooLong, [90, 40, 40, 10040]),
        (K::Unsupported, [92, 42, 42, 10042]),
        (K::Unsupported, [95, 102, 45, 10045]),
        (K::Unsupported, [97, 47, 47, 10047]),
        (K::AddressInUse, [98, 48, 48, 10048]),
        (K::AddressNotAvailable, [99, 49, 49, 10049]),
        (K::NetworkDown, [100, 50, 50, 10050]),
        (K::NetworkUnreachable, [101, 51, 51, 10051]),
        (K::ConnectionAborted, [103, 53, 53, 10053]),
        (K::ConnectionReset, [104, 54, 54, 10054]),
        (K::NoBuffers, [105, 55, 55, 10055]),
        (K::NotConnected, [107, 57, 57, 10057]),
        (K::TimedOut, [110, 60, 60, 10060]),
        (K::ConnectionRefused, [111, 61, 61, 10061]),
        (K::HostUnreachable, [113, 65, 65, 10065]),
    ];
    for (kind, codes) in expected {
        for (system, code) in SYSTEMS.into_iter().zip(codes) {
            assert_eq!(kind_on(system, code), Some(kind), "{system:?} {code}");
        }
    }
    for (kind, codes) in [
        (K::HostNotFound, [-2, 8, 11001]),
        (K::TryAgain, [-3, 2, 11002]),
        (K::ResolverFailed, [-4, 4, 11003]),
        (K::NoData, [-5, 7, 11004]),
        (K::ServiceNotFound, [-8, 9, 10109]),
    ] {
        for (resolver, code) in RESOLVERS.into_iter().zip(codes) {
            let found = lookup_code_on(resolver, code).map(|(_, kind)| kind);
            assert_eq!(found, Some(kind), "{resolver:?} {code}");
        }
    }
}

/// Winsock2.h: "Windows Sockets definitions of regular Berkeley error constants".
#[test]
fn winsock_codes_are_the_bsd_codes_plus_ten_thousand() {
    let mut compared = 0;
    for (name, [_, _, bsd, windows], kind) in CODES {
        if (10_000..10_091).contains(windows) && !matches!(*windows, 10035) {
            assert_eq!(bsd + 10_000, *windows, "{name}");
            assert_eq!(kind_on(System::Bsd, *bsd), Some(*kind));
            compared += 1;
        }
    }
    assert!(compared > 35, "{compared}");
    assert_eq!(kind_on(System::Bsd, 35), kind_on(System::Windows, 10035));
}

#[test]
fn names_are_those_of_the_system() {
    for (system, code, name) in [
        (System::Linux, 111, "ECONNREFUSED"),
        (System::Apple, 61, "ECONNREFUSED"),
        (System::Windows, 10061, "WSAECONNREFUSED"),
        (System::Windows, 11001, "WSAHOST_NOT_FOUND"),
        (System::Windows, 10111, "WSA_E_CANCELLED"),
        (System::Windows, 64, "ERROR_NETNAME_DELETED"),
    ] {
        assert_eq!(name_on(system, code).as_deref(), Some(name));
    }
    for system in SYSTEMS {
        for unknown in [0, -1, 1_000_000, i32::MIN, i32::MAX] {
            assert_eq!((name_on(system, unknown), kind_on(system, unknown)), (None, None));
        }
    }
    for resolver in RESOLVERS {
        assert_eq!(lookup_code_on(resolver, 0), None);
        assert_eq!(lookup_code_on(resolver, i32::MIN), None);
    }
}

/// Compares every name of the running system's column with libc's constant of that name.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
#[test]
fn the_column_of_this_system_agrees_with_libc() {
    macro_rules! constants {
        ($($name:ident)*) => { vec![$((stringify!($name), libc::$name)),*] };
    }
    let Some(system) = HERE else {
        println!("no column for this architecture: nothing is compared");
        return;
    };
    let mut constants = constants![
        EPERM ENOENT EINTR EIO ENXIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV ENOTDIR
        EISDIR EINVAL ENFILE EMFILE ENOTTY EFBIG ENOSPC ESPIPE EROFS EPIPE EDOM ERANGE ENAMETOOLONG
        ENOSYS ENOTEMPTY ELOOP ETIME EREMOTE EPROTO EBADMSG EOVERFLOW EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
        EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT
        EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS
        EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH
        EALREADY EINPROGRESS ESTALE EDQUOT ECANCELED
    ];
    #[cfg(target_os = "linux")]
    constants.extend(constants![ENONET ERFKILL]);
    #[cfg(target_vendor = "apple")]
    constants.extend(constants![ENOTSUP EPROCLIM EQFULL]);
    for (name, code) in &constants {
        assert_eq!(name_on(system, *code).as_deref(), Some(*name), "{code}");
    }
    let column = CODES.iter().filter(|(_, codes, _)| codes[system as usize] != 0).count();
    assert_eq!(column, constants.len(), "every row of the column must be compared");

    for (name, code) in constants![
        EAI_BADFLAGS EAI_NONAME EAI_AGAIN EAI_FAIL EAI_NODATA EAI_FAMILY EAI_SOCKTYPE EAI_SERVICE
        EAI_MEMORY EAI_OVERFLOW
    ] {
        assert_eq!(lookup_code(code).map(|(name, _)| name), Some(name), "{code}");
    }
    assert_eq!(lookup_code(libc::EAI_SYSTEM), None);
}
