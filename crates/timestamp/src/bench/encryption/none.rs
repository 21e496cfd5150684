//! Connections of a load without the feature `tls`: none is encrypted.

use netcore::{Connector, Endpoint, Error, Stream};

use crate::bench::load::Load;

/// The settings of TLS, of which there are none.
#[derive(Debug, Clone)]
pub(super) enum Encryption {}

impl Encryption {
    /// Returns `None`. The connector then refuses `tls://`.
    pub(super) fn of(_: &Load, _: &Endpoint) -> Result<Option<Encryption>, Error> {
        Ok(None)
    }

    pub(super) fn add_to(&self, _: Connector) -> Connector {
        match *self {}
    }

    pub(super) fn begin(&self, _: Stream) -> Result<Stream, Error> {
        match *self {}
    }

    pub(super) fn advance(&self, _: &Stream) -> Result<bool, Error> {
        match *self {}
    }
}
