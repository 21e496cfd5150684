//! The way of a request: straight to its origin, or through a proxy.

use std::sync::Arc;

use http::HeaderValue;
use http::header::USER_AGENT;

use crate::error::{Error, ErrorKind};
use crate::protocol::RequestHead;
use crate::protocol::request::ByHand;
use crate::proxy::{Proxy, ProxyRules};
use crate::url::{Origin, Url};

#[cfg(test)]
mod tests;

/// The way of a request. Requests with equal routes can share a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// `None` for requests in absolute form: one connection to their proxy serves all origins.
    origin: Option<Origin>,
    via: Option<Arc<Via>>,
}

/// The proxy of a route.
#[derive(Clone, Debug)]
pub(crate) struct Via {
    pub(crate) proxy: Proxy,
    /// The value of `Proxy-Authorization`, for an HTTP proxy.
    pub(crate) authorization: Option<HeaderValue>,
    /// `true` if requests go through a tunnel, `false` if they go to the proxy in absolute form.
    pub(crate) tunnel: bool,
    /// The `User-Agent` for CONNECT. It does not tell one connection from another.
    pub(crate) agent: Option<HeaderValue>,
}

impl PartialEq for Via {
    fn eq(&self, other: &Via) -> bool {
        let Via { proxy, authorization, tunnel, agent: _ } = self;
        (proxy, authorization, tunnel) == (&other.proxy, &other.authorization, &other.tunnel)
    }
}

impl Eq for Via {}

/// The routes of one transfer, with its redirects.
#[derive(Debug)]
pub(crate) struct Routes<'a> {
    /// `None` if a Unix socket takes the place of proxies.
    rules: Option<&'a ProxyRules>,
    /// `Proxy-Authorization` as the user set it, which is for the first proxy only.
    by_hand: ByHand,
    first: Option<Proxy>,
}

impl<'a> Routes<'a> {
    /// Returns the routes of the request with this head. Takes `Proxy-Authorization` out of it: no
    /// origin gets that field (RFC 9110 section 11.7.2).
    pub(crate) fn new(rules: Option<&'a ProxyRules>, head: &mut RequestHead) -> Routes<'a> {
        Routes { rules, by_hand: head.take_proxy_authorization(), first: None }
    }

    /// Returns the route of a request.
    pub(crate) fn find(&mut self, url: &Url, head: &RequestHead) -> Result<Route, Error> {
        let Some(rules) = self.rules else { return Ok(Route::to(url)) };
        let invalid = |error| Error::new(ErrorKind::InvalidProxy).with_cause(error);
        let proxy = rules.find(url).map_err(invalid)?;
        let Some(proxy) = proxy else { return Ok(Route::to(url)) };
        let tunnel = rules.needs_tunnel(proxy, url);
        let via = Via {
            authorization: self.authorization(proxy),
            agent: head.value(&USER_AGENT).filter(|value| !value.is_sensitive()).cloned(),
            proxy: proxy.clone(),
            tunnel,
        };
        Ok(Route { origin: tunnel.then(|| url.origin()), via: Some(Arc::new(via)) })
    }

    fn authorization(&mut self, proxy: &Proxy) -> Option<HeaderValue> {
        if !proxy.scheme().is_http() {
            return None;
        }
        let first = self.first.get_or_insert_with(|| proxy.clone());
        match &self.by_hand {
            ByHand::Value(value) if first == proxy => Some(value.clone()),
            ByHand::Removed if first == proxy => None,
            _ => proxy.credentials().map(|credentials| credentials.basic()),
        }
    }
}

impl Route {
    /// Returns the route straight to the server of `url`.
    pub(crate) fn to(url: &Url) -> Route {
        Route { origin: Some(url.origin()), via: None }
    }

    /// Returns the proxy.
    pub(crate) fn via(&self) -> Option<&Via> {
        self.via.as_deref()
    }

    /// Appends the encoded request to `out`.
    pub(crate) fn encode(&self, head: &RequestHead, url: &Url, out: &mut Vec<u8>) {
        match self.via() {
            Some(Via { authorization, tunnel: false, .. }) => {
                head.encode_absolute(url, authorization.as_ref(), out);
            }
            _ => head.encode(out),
        }
    }
}
