//! The way of a request without the feature `proxy`: straight to its origin.

use crate::error::Error;
use crate::protocol::RequestHead;
use crate::url::{Origin, Url};

/// The way of a request. Requests with equal routes can share a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route(Origin);

/// The routes of one transfer, with its redirects.
#[derive(Debug)]
pub(crate) struct Routes;

impl Routes {
    /// Returns the route of a request.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with the feature")]
    pub(crate) fn find(&mut self, url: &Url, _: &RequestHead) -> Result<Route, Error> {
        Ok(Route::to(url))
    }
}

impl Route {
    /// Returns the route straight to the server of `url`.
    pub(crate) fn to(url: &Url) -> Route {
        Route(url.origin())
    }

    /// Appends the encoded request to `out`.
    #[allow(clippy::unused_self, reason = "as with the feature")]
    pub(crate) fn encode(&self, head: &RequestHead, _: &Url, out: &mut Vec<u8>) {
        head.encode(out);
    }
}
