//! The reply codes of SOCKS, in words.

use std::fmt;

/// The reply code by which a SOCKS proxy refuses a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocksRefusal {
    /// SOCKS5 code 1.
    GeneralFailure,
    /// SOCKS5 code 2.
    NotAllowed,
    /// SOCKS5 code 3.
    NetworkUnreachable,
    /// SOCKS5 code 4.
    HostUnreachable,
    /// SOCKS5 code 5.
    ConnectionRefused,
    /// SOCKS5 code 6.
    TtlExpired,
    /// SOCKS5 code 7.
    CommandNotSupported,
    /// SOCKS5 code 8.
    AddressTypeNotSupported,
    /// A code of SOCKS5 that RFC 1928 does not assign.
    Unassigned(u8),
    /// SOCKS4 code 91: not allowed, or the server was not reached.
    Rejected,
    /// SOCKS4 code 92: the proxy cannot reach identd on the client.
    NoIdentd,
    /// SOCKS4 code 93: identd on the client reports another user.
    OtherUser,
}

impl SocksRefusal {
    /// Returns the refusal for a code of SOCKS5 other than 0 (RFC 1928 section 6).
    pub(super) fn of_socks5(code: u8) -> SocksRefusal {
        match code {
            1 => SocksRefusal::GeneralFailure,
            2 => SocksRefusal::NotAllowed,
            3 => SocksRefusal::NetworkUnreachable,
            4 => SocksRefusal::HostUnreachable,
            5 => SocksRefusal::ConnectionRefused,
            6 => SocksRefusal::TtlExpired,
            7 => SocksRefusal::CommandNotSupported,
            8 => SocksRefusal::AddressTypeNotSupported,
            code => SocksRefusal::Unassigned(code),
        }
    }

    /// Returns `true` if the same request may succeed later.
    pub(super) fn is_retryable(self) -> bool {
        matches!(
            self,
            SocksRefusal::GeneralFailure
                | SocksRefusal::NetworkUnreachable
                | SocksRefusal::HostUnreachable
                | SocksRefusal::ConnectionRefused
                | SocksRefusal::TtlExpired
                | SocksRefusal::Rejected
        )
    }
}

impl fmt::Display for SocksRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SocksRefusal::GeneralFailure => "general failure of the proxy",
            SocksRefusal::NotAllowed => "not allowed by the rules of the proxy",
            SocksRefusal::NetworkUnreachable => "network unreachable",
            SocksRefusal::HostUnreachable => "host unreachable",
            SocksRefusal::ConnectionRefused => "connection refused",
            SocksRefusal::TtlExpired => "TTL expired",
            SocksRefusal::CommandNotSupported => "command not supported",
            SocksRefusal::AddressTypeNotSupported => "address type not supported",
            SocksRefusal::Unassigned(code) => return write!(f, "refused with the code {code}"),
            SocksRefusal::Rejected => "request rejected or failed",
            SocksRefusal::NoIdentd => {
                "rejected because the proxy cannot reach identd on the client"
            }
            SocksRefusal::OtherUser => "rejected because identd reports another user",
        })
    }
}
