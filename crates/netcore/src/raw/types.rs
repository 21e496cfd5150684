//! The three arguments of socket(2).

use std::fmt;

/// One line for each value: documentation, name, printed text, and socket2's value.
macro_rules! selector {
    (
        $(#[$doc:meta])* $name:ident, $word:literal;
        $($(#[$value_doc:meta])* $value:ident = $text:literal, $system:expr;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
            /// Another value, by the system's number.
            Other(i32),
        }

        impl $name {
            pub(super) fn to_system(self) -> socket2::$name {
                match self {
                    $($name::$value => $system,)*
                    $name::Other(number) => socket2::$name::from(number),
                }
            }

            pub(super) fn from_system(system: socket2::$name) -> $name {
                $(if system == $system {
                    return $name::$value;
                })*
                $name::Other(system.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $($name::$value => f.write_str($text),)*
                    $name::Other(number) => write!(f, concat!($word, " {}"), number),
                }
            }
        }
    };
}

selector! {
    /// The address family, an `AF_` constant.
    Domain, "domain";
    /// `AF_INET`
    Ipv4 = "ipv4", socket2::Domain::IPV4;
    /// `AF_INET6`
    Ipv6 = "ipv6", socket2::Domain::IPV6;
    /// `AF_UNIX`
    Unix = "unix", socket2::Domain::UNIX;
}

selector! {
    /// The type of a socket, a `SOCK_` constant.
    Type, "type";
    /// `SOCK_STREAM`: bytes in order, over a connection.
    Stream = "stream", socket2::Type::STREAM;
    /// `SOCK_DGRAM`: independent messages.
    Datagram = "datagram", socket2::Type::DGRAM;
    /// `SOCK_SEQPACKET`: messages in order, over a connection.
    SeqPacket = "seqpacket", socket2::Type::SEQPACKET;
    /// `SOCK_RAW`: packets of the layer below, usually for privileged processes only.
    Raw = "raw", socket2::Type::RAW;
}

selector! {
    /// The protocol, an `IPPROTO_` constant or a constant of its family.
    Protocol, "protocol";
    /// 0: the default protocol of the domain and type.
    Default = "default", socket2::Protocol::from(0);
    /// `IPPROTO_TCP`
    Tcp = "tcp", socket2::Protocol::TCP;
    /// `IPPROTO_UDP`
    Udp = "udp", socket2::Protocol::UDP;
    /// `IPPROTO_ICMP`
    Icmp = "icmp", socket2::Protocol::ICMPV4;
    /// `IPPROTO_ICMPV6`
    Icmpv6 = "icmpv6", socket2::Protocol::ICMPV6;
}
