use std::error::Error as StdError;
use std::fmt;
use std::io;

use dns_lookup::{LookupError, LookupErrorKind};

use super::{Error, ErrorKind};
use crate::sys;

/// The last link of an error's chain: what the system said, in words that its [`ErrorKind`] has not
/// used.
#[derive(Debug)]
pub(crate) enum Cause {
    /// An `errno` or Winsock code.
    System { code: i32 },
    /// An `EAI_` code of `getaddrinfo` or `getnameinfo`.
    Lookup { code: i32, name: &'static str },
    /// An error without a code.
    Io(io::Error),
    /// What each of several attempts came to, as `address code after time`.
    Attempts(Box<str>),
}

impl Cause {
    pub(super) fn from_io(error: io::Error) -> Option<Cause> {
        match error.raw_os_error() {
            Some(code) => Some(Cause::System { code }),
            None if error.get_ref().is_none() => None,
            None => Some(Cause::Io(error)),
        }
    }

    pub(super) fn from_attempts(attempts: &[Error]) -> Option<Cause> {
        let mut text = String::new();
        for attempt in attempts {
            if !text.is_empty() {
                text.push_str("; ");
            }
            if let Some(address) = attempt.address() {
                text.push_str(&address.to_string());
                text.push(' ');
            }
            match &attempt.0.cause {
                Some(cause) => text.push_str(&cause.to_string()),
                None => text.push_str(attempt.kind().as_str()),
            }
            if let Some(elapsed) = attempt.elapsed() {
                text.push_str(&format!(" after {elapsed:.1?}"));
            }
        }
        (!text.is_empty()).then(|| Cause::Attempts(text.into_boxed_str()))
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
            Cause::System { code } => match sys::code_name(*code) {
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

/// getaddrinfo(3): the `EAI_` codes. `EAI_SYSTEM` stands for the code in `errno`.
pub(super) fn from_lookup(error: LookupError) -> (ErrorKind, Option<Cause>) {
    let code = error.error_num();
    if let Some((name, kind)) = sys::lookup_code(code) {
        return (kind, Some(Cause::Lookup { code, name }));
    }
    if code != 0 && !matches!(error.kind(), LookupErrorKind::System) {
        return (ErrorKind::Other, Some(Cause::Lookup { code, name: "unknown code" }));
    }
    let error = io::Error::from(error);
    (ErrorKind::of(&error), Cause::from_io(error))
}
