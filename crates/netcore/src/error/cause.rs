//! The last link of an error's chain.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use dns_lookup::{LookupError, LookupErrorKind};

use crate::error::errno;
use crate::error::kind::ErrorKind;

/// The last link of an error's chain: the system's reason, in words that the [`ErrorKind`] has not
/// used.
#[derive(Debug)]
pub(crate) enum Cause {
    /// An `errno` or Winsock code.
    System { code: i32 },
    /// An `EAI_` code of `getaddrinfo` or `getnameinfo`.
    Lookup { code: i32, name: &'static str },
    /// An error without a code.
    Io(io::Error),
    /// The reasons of several attempts, each as `address code after time`.
    Attempts(Box<str>),
}

impl Cause {
    /// Returns `None` for a bare [`io::ErrorKind`], which says no more than the [`ErrorKind`].
    pub(super) fn from_io(error: io::Error) -> Option<Cause> {
        match error.raw_os_error() {
            Some(code) => Some(Cause::System { code }),
            None if error.get_ref().is_none() => None,
            None => Some(Cause::Io(error)),
        }
    }

    pub(super) fn code(&self) -> Option<i32> {
        match self {
            Cause::System { code } | Cause::Lookup { code, .. } => Some(*code),
            Cause::Io(_) | Cause::Attempts(_) => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::System { code } => match errno::code_name(*code) {
                Some(name) => write!(f, "{name} (os error {code})"),
                None => write!(f, "os error {code}"),
            },
            Cause::Lookup { code, name } => write!(f, "{name} (resolver error {code})"),
            Cause::Io(error) => error.fmt(f),
            Cause::Attempts(text) => f.write_str(text),
        }
    }
}

impl StdError for Cause {}

/// Converts an error of getaddrinfo(3). `EAI_SYSTEM` stands for the code in `errno`.
pub(super) fn from_lookup(error: LookupError) -> (ErrorKind, Option<Cause>) {
    let code = error.error_num();
    if let Some((name, kind)) = errno::lookup_code(code) {
        return (kind, Some(Cause::Lookup { code, name }));
    }
    if code != 0 && !matches!(error.kind(), LookupErrorKind::System) {
        return (ErrorKind::Other, Some(Cause::Lookup { code, name: "unknown code" }));
    }
    let error = io::Error::from(error);
    (errno::kind_of(&error), Cause::from_io(error))
}
