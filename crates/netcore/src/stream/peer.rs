//! The addresses of a stream, and the names by which its errors call the peer.

use crate::address::Address;
use crate::bind::local_address;
use crate::error::{Error, Operation};
use crate::stream::Stream;

impl Stream {
    /// Returns the stream under another name, by which its errors call the peer: the name of a
    /// server behind a tunnel, for example. See also
    /// [`Endpoint::called`](crate::Endpoint::called).
    #[must_use]
    pub fn called(self, name: &str) -> Stream {
        Stream { endpoint: Some(name.into()), ..self }
    }

    /// Returns the address of the peer.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`], if the stream was taken over from an unconnected socket.
    pub fn peer_address(&self) -> Result<Address, Error> {
        match &self.peer {
            Some(peer) => Ok(peer.clone()),
            None => match self.socket.peer_addr() {
                Ok(peer) => Ok(Address::from_system(&peer)),
                Err(error) => Err(self.name(Error::from_io(Operation::Inspect, error))),
            },
        }
    }

    /// Returns the address of this side.
    ///
    /// # Errors
    ///
    /// [`Operation::Inspect`], if the system fails.
    pub fn local_address(&self) -> Result<Address, Error> {
        local_address(&self.socket).map_err(|error| self.name(error))
    }

    /// Returns the text that errors call the peer.
    pub(crate) fn peer_name(&self) -> Option<String> {
        match (&self.endpoint, &self.peer) {
            (Some(endpoint), _) => Some(endpoint.to_string()),
            (None, Some(Address::Unix(None)) | None) => None,
            (None, Some(peer)) => Some(peer.to_string()),
        }
    }

    /// Adds the names of the peer to the error.
    pub(crate) fn name(&self, error: Error) -> Error {
        let error = match &self.endpoint {
            Some(endpoint) => error.at(&**endpoint),
            None => error,
        };
        match &self.peer {
            Some(Address::Unix(None)) | None => error,
            Some(peer) => error.on(peer.clone()),
        }
    }
}
