//! The reasons why a cookie is not stored, and a line of a file is skipped.

use netcore::error::debug_as_chain;

/// The reason why a cookie is not stored. The message does not show the cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CookieRefusal {
    /// It has a control character.
    #[error("it has a control character")]
    ControlCharacter,
    /// It has no name, or no `=` behind the name.
    #[error("it has no name")]
    NoName,
    /// Name and value are longer than [`CookieLimits::pair`](super::CookieLimits::pair).
    #[error("name and value have more than {limit} bytes")]
    #[non_exhaustive]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Its path is longer than 1024 bytes (RFC 6265bis section 5.6).
    #[error("its path is longer than 1024 bytes")]
    Path,
    /// Its domain is not that of the host.
    #[error("its domain is not that of the host")]
    Domain,
    /// Its domain is a public suffix, such as `co.uk`: it would go to the hosts of strangers.
    #[error("its domain is a public suffix")]
    PublicSuffix,
    /// It is `Secure`, but came without TLS.
    #[error("it is Secure, but came without TLS")]
    Insecure,
    /// Its name begins with `__Secure-` or `__Host-`, but its attributes do not fit.
    #[error("its name promises what it does not have (RFC 6265bis section 4.1.3)")]
    Prefix,
    /// It came without TLS and would replace or hide a `Secure` cookie.
    #[error("it came without TLS and would replace a Secure cookie")]
    Replaces,
    /// `Secure` cookies leave no room for it.
    #[error("there are {limit} cookies that count more")]
    #[non_exhaustive]
    Full {
        /// The limit of cookies.
        limit: usize,
    },
}

debug_as_chain!(enum CookieRefusal {
    ControlCharacter,
    NoName,
    TooLarge { limit },
    Path,
    Domain,
    PublicSuffix,
    Insecure,
    Prefix,
    Replaces,
    Full { limit },
});

/// The reason why a line of a cookie file is skipped. The message does not show the line, whose
/// value may be a secret.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadLine {
    /// It has not seven fields with tabs between them.
    #[error("it has not seven fields with tabs between them")]
    Fields,
    /// A flag is neither TRUE nor FALSE.
    #[error("a flag is neither TRUE nor FALSE")]
    Flag,
    /// The expiry is not a number.
    #[error("the expiry is not a number")]
    Expiry,
    /// Domain, path, name or value is malformed.
    #[error("domain, path, name or value is malformed")]
    Text,
    /// It is too long to be a cookie.
    #[error("it is too long")]
    Long,
    /// The cookie breaks a rule.
    #[error("{0}")]
    Refused(CookieRefusal),
}

debug_as_chain!(
    enum BadLine {
        Fields,
        Flag,
        Expiry,
        Text,
        Long,
        Refused(refusal),
    }
);
