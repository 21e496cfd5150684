//! The well-known ports, for systems without a table of their own, such as most containers.
//!
//! Source: the Service Name and Transport Protocol Port Number Registry (RFC 6335), followed by the
//! aliases that /etc/services has on most systems.

use std::str;

use crate::endpoint::Transport;

/// Returns the port of a service, in any case (RFC 6335 section 5.1).
pub(super) fn port(name: &str, transport: Transport) -> Option<u16> {
    let found = rows(transport).find(|row| row.name().eq_ignore_ascii_case(name.as_bytes()));
    found.map(|row| row.port)
}

/// Returns the service on a port: the first name in the table.
pub(super) fn name(port: u16, transport: Transport) -> Option<&'static str> {
    let found = rows(transport).find(|row| row.port == port)?;
    str::from_utf8(found.name()).ok()
}

fn rows(transport: Transport) -> impl Iterator<Item = &'static Packed> {
    PACKED.iter().filter(move |row| match row.on {
        On::Both => transport != Transport::Unix,
        On::Tcp => transport.is_tcp(),
        On::Udp => transport == Transport::Udp,
    })
}

/// A row as a program carries it: a name of its own instead of a pointer to one, which takes twice
/// the bytes with its relocation.
#[derive(Clone, Copy)]
struct Packed {
    port: u16,
    on: On,
    length: u8,
    name: [u8; LONGEST],
}

/// The bytes of the longest name.
const LONGEST: usize = 13;

impl Packed {
    fn name(&self) -> &[u8] {
        &self.name[..usize::from(self.length)]
    }
}

static PACKED: [Packed; WELL_KNOWN.len()] = packed();

const fn packed() -> [Packed; WELL_KNOWN.len()] {
    let mut rows = [Packed { port: 0, on: Both, length: 0, name: [0; LONGEST] }; WELL_KNOWN.len()];
    let mut row = 0;
    while row < rows.len() {
        let (port, name, on) = WELL_KNOWN[row];
        let bytes = name.as_bytes();
        rows[row] = Packed { port, on, length: bytes.len() as u8, name: [0; LONGEST] };
        let mut at = 0;
        while at < bytes.len() {
            rows[row].name[at] = bytes[at];
            at += 1;
        }
        row += 1;
    }
    rows
}

/// The transports that a service is assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    Both,
    Tcp,
    Udp,
}
use On::{Both, Tcp, Udp};

type Row = (u16, &'static str, On);

/// The services by port; an alias follows the name.
pub(super) const WELL_KNOWN: &[Row] = &[
    (7, "echo", Both),
    (9, "discard", Both),
    (11, "systat", Both),
    (13, "daytime", Both),
    (17, "qotd", Both),
    (19, "chargen", Both),
    (20, "ftp-data", Both),
    (21, "ftp", Both),
    (22, "ssh", Both),
    (23, "telnet", Both),
    (25, "smtp", Both),
    (25, "mail", Both),
    (37, "time", Both),
    (43, "whois", Both),
    (43, "nicname", Both),
    (49, "tacacs", Both),
    (53, "domain", Both),
    (67, "bootps", Both),
    (68, "bootpc", Both),
    (69, "tftp", Both),
    (70, "gopher", Both),
    (79, "finger", Both),
    (80, "http", Both),
    (80, "www", Both),
    (88, "kerberos", Both),
    (110, "pop3", Both),
    (110, "pop-3", Both),
    (111, "sunrpc", Both),
    (113, "auth", Both),
    (113, "ident", Both),
    (119, "nntp", Both),
    (123, "ntp", Both),
    (137, "netbios-ns", Both),
    (138, "netbios-dgm", Both),
    (139, "netbios-ssn", Both),
    (143, "imap", Tcp),
    (143, "imap2", Tcp),
    (161, "snmp", Both),
    (162, "snmptrap", Both),
    (179, "bgp", Both),
    (194, "irc", Both),
    (389, "ldap", Both),
    (443, "https", Both),
    (445, "microsoft-ds", Both),
    (465, "submissions", Tcp),
    (465, "smtps", Tcp),
    (512, "exec", Tcp),
    (512, "biff", Udp),
    (513, "login", Tcp),
    (513, "who", Udp),
    (514, "shell", Tcp),
    (514, "syslog", Udp),
    (515, "printer", Both),
    (520, "route", Udp),
    (554, "rtsp", Both),
    (563, "nntps", Both),
    (587, "submission", Both),
    (631, "ipp", Both),
    (636, "ldaps", Both),
    (853, "domain-s", Both),
    (873, "rsync", Both),
    (989, "ftps-data", Both),
    (990, "ftps", Both),
    (992, "telnets", Both),
    (993, "imaps", Tcp),
    (995, "pop3s", Both),
    (1080, "socks", Both),
    (1812, "radius", Both),
    (1883, "mqtt", Both),
    (2049, "nfs", Both),
    (3306, "mysql", Both),
    (3389, "ms-wbt-server", Both),
    (3478, "stun", Both),
    (5060, "sip", Both),
    (5061, "sips", Both),
    (5222, "xmpp-client", Tcp),
    (5269, "xmpp-server", Tcp),
    (5353, "mdns", Both),
    (5432, "postgresql", Both),
    (5671, "amqps", Both),
    (5672, "amqp", Both),
    (6000, "x11", Both),
    (6379, "redis", Tcp),
    (6514, "syslog-tls", Both),
    (6697, "ircs-u", Tcp),
    (8080, "http-alt", Both),
    (8883, "secure-mqtt", Both),
    (9418, "git", Both),
    (11211, "memcache", Both),
];
