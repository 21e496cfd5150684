//! The credentials for a URL: its own, or those of a netrc file.

#[cfg(feature = "netrc")]
use std::sync::Arc;

#[cfg(feature = "netrc")]
use super::Client;
use super::Settings;
use crate::error::Error;
#[cfg(feature = "netrc")]
use crate::netrc::Netrc;
use crate::url::Url;

#[cfg(test)]
#[cfg(feature = "netrc")]
mod tests;

#[cfg(feature = "netrc")]
impl Client {
    /// Takes users and passwords from a netrc file, for each URL that has none, redirects included.
    /// A URL with a user but no password gets the password of that user. Feature `netrc`.
    ///
    /// A request for an `https://` URL that is redirected to `http://` gets none there.
    #[must_use]
    pub fn with_netrc(self, netrc: Netrc) -> Client {
        self.with(|settings| settings.netrc = Some(Arc::new(netrc)))
    }
}

impl Settings {
    /// Returns the URL with the credentials of the netrc file, unless it has its own.
    #[cfg(feature = "netrc")]
    pub(crate) fn authorize(&self, url: Url) -> Result<Url, Error> {
        let own = url.credentials();
        let is_complete = own.is_some_and(|own| !own.password().expose().is_empty());
        let (Some(netrc), false) = (&self.netrc, is_complete) else { return Ok(url) };
        let user = own.map(|own| own.user());
        match netrc.find(url.host(), user) {
            Ok(Some(credentials)) => Ok(url.with_credentials(credentials)),
            Ok(None) => Ok(url),
            Err(error) => Err(Error::from(error).with_url(&url)),
        }
    }

    /// Returns the URL with its own credentials: there is no netrc file.
    #[cfg(not(feature = "netrc"))]
    pub(crate) fn authorize(&self, url: Url) -> Result<Url, Error> {
        Ok(url)
    }
}
