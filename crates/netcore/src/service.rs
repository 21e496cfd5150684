//! The well-known ports, for systems whose own table is missing, as in most containers.

#[cfg(test)]
mod tests;

/// The port that IANA has assigned to a service, for the common ones. Case does not count.
///
/// Source: the Service Name and Transport Protocol Port Number Registry (RFC 6335).
pub(crate) fn well_known_port(name: &str) -> Option<u16> {
    WELL_KNOWN.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|&(_, port)| port)
}

const WELL_KNOWN: &[(&str, u16)] = &[
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("chargen", 19),
    ("ftp-data", 20),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("time", 37),
    ("whois", 43),
    ("domain", 53),
    ("tftp", 69),
    ("gopher", 70),
    ("finger", 79),
    ("http", 80),
    ("pop3", 110),
    ("nntp", 119),
    ("ntp", 123),
    ("imap", 143),
    ("snmp", 161),
    ("irc", 194),
    ("ldap", 389),
    ("https", 443),
    ("submissions", 465),
    ("syslog", 514),
    ("nntps", 563),
    ("submission", 587),
    ("ldaps", 636),
    ("domain-s", 853),
    ("ftps", 990),
    ("imaps", 993),
    ("pop3s", 995),
    ("mysql", 3306),
    ("postgresql", 5432),
    ("amqp", 5672),
    ("redis", 6379),
    ("ircs-u", 6697),
];
