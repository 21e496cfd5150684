//! TLS of a program that was built without the feature `tls`: endpoints with `tls://` are refused.

use netcore::{Connector, Endpoint, Transport};

use crate::args::common::TlsConnectArgs;
use crate::exit::{self, Failure};

/// Returns `connector`.
///
/// # Errors
///
/// 1: an endpoint is `tls://`.
pub(crate) fn with_tls(
    connector: Connector,
    _: &TlsConnectArgs,
    endpoints: &[Endpoint],
) -> Result<Connector, Failure> {
    refuse(endpoints).map(|()| connector)
}

/// Fails if an endpoint is `tls://`.
pub(crate) fn refuse(endpoints: &[Endpoint]) -> Result<(), Failure> {
    match endpoints.iter().find(|endpoint| endpoint.transport() == Transport::Tls) {
        Some(endpoint) => {
            let message = format!("{endpoint}: this program was built without the feature `tls`");
            Err(Failure::new(exit::OTHER, message))
        }
        None => Ok(()),
    }
}
