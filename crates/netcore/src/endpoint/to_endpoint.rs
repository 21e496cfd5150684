//! [`ToEndpoint`] for endpoints, texts and socket addresses.

use std::net::SocketAddr;

use crate::endpoint::{Endpoint, ToEndpoint, Transport};
use crate::error::Error;

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
            Transport::Tls => Endpoint::tls(*self),
            Transport::Tcp | Transport::Unix => Endpoint::tcp(*self),
        })
    }
}

impl<T: ToEndpoint + ?Sized> ToEndpoint for &T {
    fn to_endpoint(&self, transport: Transport) -> Result<Endpoint, Error> {
        (**self).to_endpoint(transport)
    }
}
