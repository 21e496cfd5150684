//! Connections over TLS with the times of their steps.

use std::time::Duration;

use netcore::connect::ConnectEvent;
use netcore::{Connector, Deadline, Endpoint, Error, Stream};

/// The steps of a connection with TLS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handshake {
    /// The time of connecting, without the handshake.
    pub(crate) connect: Duration,
    /// The time of the handshake.
    pub(crate) handshake: Duration,
    /// `true` if the handshake resumed an earlier session.
    pub(crate) resumed: bool,
}

/// Connects a stream. Returns no handshake if it is not encrypted.
pub(crate) fn connect(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<(Stream, Option<Handshake>), Error> {
    let (mut connect, mut handshake) = (Duration::ZERO, None);
    let stream = connector.connect_observed(endpoint, deadline, |event| match *event {
        ConnectEvent::Connected { elapsed, .. } => connect = elapsed,
        ConnectEvent::Encrypted { elapsed, .. } => handshake = Some(elapsed),
        _ => {}
    })?;
    #[cfg(feature = "tls")]
    let resumed = stream.tls().is_some_and(|tls| tls.is_resumed());
    #[cfg(not(feature = "tls"))]
    let resumed = false;
    Ok((stream, handshake.map(|handshake| Handshake { connect, handshake, resumed })))
}
