//! Connects to the server of a URL.

use std::time::Instant;

#[cfg(feature = "tls")]
use netcore::Stream;
use netcore::connect::ConnectEvent;
use netcore::{Endpoint, Operation};

use super::Client;
use crate::connection::Connection;
use crate::deadlines::Deadlines;
#[cfg(feature = "tls")]
use crate::deadlines::StepDeadline;
use crate::error::Error;
use crate::event::Event;
use crate::timeouts::{Phase, Timeout};
#[cfg(feature = "tls")]
use crate::url::Scheme;
use crate::url::Url;

/// The steps of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectStep {
    /// The addresses of the host are known.
    Resolved,
    /// The connection is established.
    Connected,
    /// The TLS handshake is done.
    #[cfg(feature = "tls")]
    Encrypted,
}

impl Client {
    /// Connects to the server of `url`. Calls `reached` after each step.
    pub(crate) fn connect(
        &self,
        url: &Url,
        deadlines: &Deadlines,
        observer: &mut dyn FnMut(Event<'_>),
        mut reached: impl FnMut(ConnectStep, Instant),
    ) -> Result<Connection, Error> {
        let step = deadlines.step(Timeout::Connect, Instant::now());
        let endpoint = self.endpoint(url);
        let connector = &self.settings.connector;
        let connected = connector.connect_observed(&endpoint, step.deadline, |event| {
            if let ConnectEvent::Resolved { .. } = event {
                reached(ConnectStep::Resolved, Instant::now());
            }
            observer(Event::Connect(*event));
        });
        match connected {
            Ok(stream) => {
                reached(ConnectStep::Connected, Instant::now());
                #[cfg(feature = "tls")]
                if url.scheme() == Scheme::Https {
                    let stream = self.encrypt(stream, url.host(), step)?;
                    reached(ConnectStep::Encrypted, Instant::now());
                    if let Some(info) = stream.tls() {
                        observer(Event::Encrypted(&info));
                    }
                    return Ok(Connection::new(stream));
                }
                Ok(Connection::new(stream))
            }
            Err(error) => {
                let phase = match error.operation() {
                    Operation::Resolve => Phase::Resolve,
                    _ => Phase::Connect,
                };
                Err(step.error(error, phase, 0))
            }
        }
    }

    /// Encrypts the connection to `host`, whose certificate must name it.
    #[cfg(feature = "tls")]
    fn encrypt(&self, stream: Stream, host: &str, step: StepDeadline) -> Result<Stream, Error> {
        // A scope belongs to this machine and is in no certificate.
        let name = host.split_once('%').map_or(host, |(ip, _)| ip);
        let tls = self.settings.tls.connector();
        tls.and_then(|tls| tls.connect(stream, name, step.deadline))
            .map_err(|error| step.error(error, Phase::Handshake, 0))
    }

    fn endpoint(&self, url: &Url) -> Endpoint {
        if let Some(path) = &self.settings.unix_socket {
            return Endpoint::unix(path);
        }
        let wanted = (url.host(), url.port());
        let fixed = |(host, port, _): &&(Box<str>, u16, _)| {
            *port == wanted.1 && host.eq_ignore_ascii_case(wanted.0)
        };
        match self.settings.addresses.iter().find(fixed) {
            Some((_, _, address)) => Endpoint::tcp(*address),
            None => url.endpoint(),
        }
    }
}
