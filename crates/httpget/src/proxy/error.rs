//! The error of a text that is not a proxy.

use std::fmt;

use netcore::error::debug_as_chain;

use crate::url::error::{Reason, Refusal, quoted};

/// The reason why a text is not a [`Proxy`](crate::proxy::Proxy).
///
/// The message quotes the text, with an offset and the expected syntax. Characters that could
/// disturb a terminal are escaped, and a possible password is left out.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{text} is not a proxy: at byte {offset}: {}", From(variable), Expected(reason))]
pub struct ParseProxyError {
    /// The environment variable with the text.
    variable: Option<&'static str>,
    text: Box<str>,
    offset: usize,
    reason: Reason,
}

debug_as_chain!(ParseProxyError { variable, text, offset, reason });

impl ParseProxyError {
    pub(super) fn new(text: &str, refusal: Refusal) -> ParseProxyError {
        let Refusal { offset, reason } = refusal;
        let text = quoted(text.as_bytes()).into_boxed_str();
        ParseProxyError { variable: None, text, offset, reason }
    }

    /// Names the environment variable with the text.
    pub(super) fn of_variable(self, variable: &'static str) -> ParseProxyError {
        ParseProxyError { variable: Some(variable), ..self }
    }

    /// Returns the offset of the byte at which parsing failed, or the length of the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

struct From<'a>(&'a Option<&'static str>);

impl fmt::Display for From<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(variable) => write!(f, "{variable}="),
            None => Ok(()),
        }
    }
}

struct Expected<'a>(&'a Reason);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reason::Scheme(scheme) => write!(
                f,
                "the scheme {scheme:?} is none of http, https, socks4, socks4a, socks5 and socks5h"
            ),
            reason => write!(f, "{reason}"),
        }
    }
}
