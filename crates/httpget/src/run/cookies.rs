//! The cookies of a request and of its redirects.

use std::time::SystemTime;

use http::HeaderValue;
use http::header::{COOKIE, SET_COOKIE};

use crate::cookies::jar::CookieJar;
use crate::event::Event;
use crate::protocol::{RequestHead, ResponseHead};
use crate::url::Url;

#[cfg(test)]
mod tests;

/// The cookies of a request: those of the client's jar, and those given by hand.
#[derive(Clone, Debug, Default)]
pub(crate) struct HopCookies {
    jar: Option<CookieJar>,
    /// The cookies given by hand, for the origin of the first URL.
    given: Option<HeaderValue>,
}

impl HopCookies {
    pub(crate) fn new(jar: Option<CookieJar>) -> HopCookies {
        HopCookies { jar, given: None }
    }

    /// Adds cookies by hand, behind those of the jar.
    pub(crate) fn give(&mut self, cookies: &HeaderValue) {
        let given = self.given.iter().chain([cookies]).map(HeaderValue::as_bytes);
        let given = given.collect::<Vec<_>>().join(&b"; "[..]);
        self.given = HeaderValue::from_bytes(&given).ok().map(sensitive);
    }

    /// Sets the `Cookie` of a request for `url`, unless it was set by hand.
    pub(crate) fn send(&self, url: &Url, head: &mut RequestHead) {
        let stored = self.jar.as_ref().and_then(|jar| jar.field(url, SystemTime::now()));
        let cookie = match (stored, &self.given) {
            (Some(stored), Some(given)) => {
                let both = [stored.as_bytes(), given.as_bytes()].join(&b"; "[..]);
                HeaderValue::from_bytes(&both).ok().map(sensitive)
            }
            (stored, given) => stored.or_else(|| given.clone()),
        };
        head.set_default(COOKIE, cookie);
    }

    /// Applies the cookies of a response from `url`.
    pub(crate) fn receive(
        &self,
        url: &Url,
        head: &ResponseHead,
        observer: &mut dyn FnMut(Event<'_>),
    ) {
        let Some(jar) = &self.jar else { return };
        for value in head.headers().get_all(SET_COOKIE) {
            observer(Event::Cookie(&jar.receive(url, value.as_bytes(), SystemTime::now())));
        }
    }

    /// Prepares the redirect from one URL to another. Another origin does not get the cookies given
    /// by hand. Those of the jar are chosen anew.
    pub(crate) fn redirect(&mut self, from: &Url, to: &Url, head: &mut RequestHead) {
        if !from.is_same_origin(to) {
            // It is the field of this request that is lost, so the event names it.
            head.set_default(COOKIE, self.given.take());
        }
    }
}

fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}
