//! The rules that choose a proxy for a URL.

use super::address::Proxy;
use super::error::ParseProxyError;
use super::no_proxy::NoProxy;
use crate::url::{Credentials, Scheme, Url};

/// The rules that choose a proxy for a URL: a proxy for each scheme, and hosts without one.
///
/// ```
/// use httpget::proxy::{NoProxy, Proxy, ProxyRules};
///
/// let rules = ProxyRules::from(Proxy::parse("http://proxy.example:3128")?)
///     .with_no_proxy(NoProxy::parse("intranet.example"));
/// assert!(rules.find(&"http://example.com/".parse()?)?.is_some());
/// assert!(rules.find(&"http://www.intranet.example/".parse()?)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`ProxyRules::new`] has no proxy, and is the default of a [`Client`](crate::Client). Nothing
/// reads the environment except [`from_env`](ProxyRules::from_env).
#[derive(Clone, Debug, Default)]
pub struct ProxyRules {
    http: Option<Rule>,
    https: Option<Rule>,
    no_proxy: NoProxy,
    tunnel: bool,
}

/// A proxy, or the reason why the text of a variable is none.
pub(super) type Rule = Result<Proxy, ParseProxyError>;

impl ProxyRules {
    /// Returns rules without a proxy.
    #[must_use]
    pub fn new() -> ProxyRules {
        ProxyRules::default()
    }

    /// Returns the rules for a proxy for `http://`, one for `https://`, and one for the schemes
    /// that have none.
    pub(super) fn of([http, https, all]: [Option<Rule>; 3]) -> ProxyRules {
        ProxyRules {
            http: http.or_else(|| all.clone()),
            https: https.or(all),
            ..ProxyRules::default()
        }
    }

    /// Sets the proxy for `http://` URLs.
    #[must_use]
    pub fn with_http(self, proxy: Proxy) -> ProxyRules {
        ProxyRules { http: Some(Ok(proxy)), ..self }
    }

    /// Sets the proxy for `https://` URLs.
    #[must_use]
    pub fn with_https(self, proxy: Proxy) -> ProxyRules {
        ProxyRules { https: Some(Ok(proxy)), ..self }
    }

    /// Sets the hosts that are reached without a proxy.
    #[must_use]
    pub fn with_no_proxy(self, no_proxy: NoProxy) -> ProxyRules {
        ProxyRules { no_proxy, ..self }
    }

    /// Sets the user and password for proxies that have none of their own.
    #[must_use]
    pub fn with_credentials(mut self, credentials: &Credentials) -> ProxyRules {
        for rule in [&mut self.http, &mut self.https] {
            *rule = rule.take().map(|rule| {
                rule.map(|proxy| match proxy.credentials() {
                    Some(_) => proxy,
                    None => proxy.with_credentials(credentials.clone()),
                })
            });
        }
        self
    }

    /// Requests a tunnel from HTTP proxies for `http://` URLs too. The default is `false`.
    #[must_use]
    pub fn with_tunnel(self, tunnel: bool) -> ProxyRules {
        ProxyRules { tunnel, ..self }
    }

    /// Returns the hosts that are reached without a proxy.
    #[must_use]
    pub fn no_proxy(&self) -> &NoProxy {
        &self.no_proxy
    }

    /// Returns the proxy for `url`. Returns `None` if its server is reached without one.
    ///
    /// # Errors
    ///
    /// The environment variable for `url` is not a proxy.
    pub fn find(&self, url: &Url) -> Result<Option<&Proxy>, ParseProxyError> {
        let rule = match url.scheme() {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match rule {
            Some(_) if self.no_proxy.covers(url) => Ok(None),
            Some(Ok(proxy)) => Ok(Some(proxy)),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(None),
        }
    }

    /// Returns `true` if a request for `url` goes through a tunnel of `proxy`, `false` if it goes
    /// to the proxy in absolute form (RFC 9112 section 3.2.2).
    pub(crate) fn needs_tunnel(&self, proxy: &Proxy, url: &Url) -> bool {
        self.tunnel || url.scheme() == Scheme::Https || !proxy.scheme().is_http()
    }
}

impl From<Proxy> for ProxyRules {
    /// Makes rules that use `proxy` for all URLs.
    fn from(proxy: Proxy) -> ProxyRules {
        ProxyRules::new().with_http(proxy.clone()).with_https(proxy)
    }
}
