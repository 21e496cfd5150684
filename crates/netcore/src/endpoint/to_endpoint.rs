//! Values that name an endpoint.

use std::net::SocketAddr;

use crate::endpoint::{Endpoint, Transport};
use crate::error::Error;

/// A value that names an endpoint: an [`Endpoint`], a text or a socket address.
///
/// ```
/// use netcore::endpoint::ToEndpoint;
/// use netcore::{Datagram, Listener, Transport};
///
/// let listener = Listener::bind("127.0.0.1:0")?;
/// assert_eq!(listener.endpoint().transport(), Transport::Tcp);
/// let datagrams = Datagram::bind("127.0.0.1:0")?;
/// assert_eq!(datagrams.endpoint().transport(), Transport::Udp);
/// let endpoint = "127.0.0.1:53".to_endpoint(Transport::Udp)?;
/// assert_eq!(endpoint.to_string(), "udp://127.0.0.1:53");
/// # Ok::<(), netcore::Error>(())
/// ```
pub trait ToEndpoint {
    /// Returns the endpoint. `transport` is the transport of a socket address and of a text without
    /// a scheme.
    ///
    /// # Errors
    ///
    /// [`Operation::Parse`](crate::Operation::Parse) with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if the text is no endpoint.
    fn to_endpoint(&self, transport: Transport) -> Result<Endpoint, Error>;
}

impl ToEndpoint for Endpoint {
    fn to_endpoint(&self, _: Transport) -> Result<Endpoint, Error> {
        Ok(self.clone())
    }
}

impl ToEndpoint for str {
    fn to_endpoint(&self, transport: Transport) -> Result<Endpoint, Error> {
        Endpoint::parse(self, transport).map_err(Error::from)
    }
}

impl ToEndpoint for String {
    fn to_endpoint(&self, transport: Transport) -> Result<Endpoint, Error> {
        self.as_str().to_endpoint(transport)
    }
}

impl ToEndpoint for SocketAddr {
    fn to_endpoint(&self, transport: Transport) -> Result<Endpoint, Error> {
        Ok(match transport {
            Transport::Udp => Endpoint::udp(*self),
            Transport::Tcp | Transport::Unix => Endpoint::tcp(*self),
        })
    }
}

impl<T: ToEndpoint + ?Sized> ToEndpoint for &T {
    fn to_endpoint(&self, transport: Transport) -> Result<Endpoint, Error> {
        (**self).to_endpoint(transport)
    }
}
