//! The arguments of `sockit get` about proxies.

use std::convert::Infallible;

use clap::Args as Group;
use httpget::Secret;

/// The arguments of `sockit get` about proxies.
#[derive(Debug, Group)]
#[command(next_help_heading = "Options of proxies")]
pub(crate) struct ProxyArgs {
    /// Proxy for all URLs: [SCHEME://][USER:PASSWORD@]HOST[:PORT] with http, https, socks4,
    /// socks4a, socks5 or socks5h as SCHEME; '' means none; without it, http_proxy, https_proxy and
    /// all_proxy in the environment count
    #[arg(short = 'x', long, value_name = "URL", value_parser = secret)]
    pub(crate) proxy: Option<Secret>,
    /// Hosts to reach without a proxy, separated by commas: names with their subdomains, addresses,
    /// networks such as 10.0.0.0/8, each with :PORT or without; * means all; '' means none;
    /// without it, no_proxy in the environment counts
    #[arg(long, value_name = "LIST")]
    pub(crate) noproxy: Option<String>,
    /// User and password for proxies whose URL has none, percent-encoded
    #[arg(short = 'U', long, value_name = "USER:PASSWORD", value_parser = secret)]
    pub(crate) proxy_user: Option<Secret>,
    /// Request a tunnel from an HTTP proxy for http:// URLs too
    #[arg(short = 'p', long)]
    pub(crate) proxytunnel: bool,
}

/// Returns the text as a value that does not print itself.
#[allow(clippy::unnecessary_wraps, reason = "a parser of clap")]
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}
