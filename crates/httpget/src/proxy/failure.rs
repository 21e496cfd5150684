//! The error of a proxy that did not open a tunnel.

use netcore::error::debug_as_chain;

use super::address::Proxy;
use crate::protocol::proxy::{ProxyError, TunnelTarget};

/// A proxy that did not open a tunnel: the proxy, the server behind it, and the reason.
///
/// Prints as `proxy p:3128 refused the tunnel to h:443: 407 Proxy Authentication Required`, and as
/// `SOCKS5 proxy p:1080: no tunnel to h:443: host unreachable`.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{proxy}{}{target}: {error}", said(error))]
pub struct ProxyFailure {
    proxy: Box<str>,
    target: Box<str>,
    error: ProxyError,
}

debug_as_chain!(ProxyFailure { proxy, target, error });

fn said(error: &ProxyError) -> &'static str {
    match error {
        ProxyError::Status(_) => " refused the tunnel to ",
        _ => ": no tunnel to ",
    }
}

impl ProxyFailure {
    pub(crate) fn new(proxy: &Proxy, target: &TunnelTarget, error: ProxyError) -> ProxyFailure {
        ProxyFailure { proxy: proxy.name().into(), target: target.to_string().into(), error }
    }

    /// Returns the name of the proxy: `proxy p:3128`, `SOCKS5 proxy p:1080`.
    #[must_use]
    pub fn proxy(&self) -> &str {
        &self.proxy
    }

    /// Returns the host and port of the server behind it.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns the reason.
    #[must_use]
    pub fn error(&self) -> &ProxyError {
        &self.error
    }
}
