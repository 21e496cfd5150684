//! Proxies: their addresses, and the rules that choose one for a URL.

mod address;
mod environment;
mod error;
mod failure;
mod no_proxy;
mod rules;

pub use address::{Proxy, ProxyScheme};
pub use error::ParseProxyError;
pub use failure::ProxyFailure;
pub use no_proxy::NoProxy;
pub use rules::ProxyRules;

#[cfg(test)]
mod tests;
