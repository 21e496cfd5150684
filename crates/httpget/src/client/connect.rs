//! Connects to the server of a URL.

use std::time::Instant;

use netcore::connect::ConnectEvent;
use netcore::{CancelToken, Endpoint, Operation, Stream, Until};

use super::Client;
use crate::connection::Connection;
use crate::deadlines::{Deadlines, StepDeadline};
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::route::Route;
use crate::timeouts::{Phase, Timeout};
use crate::url::{Scheme, Url};

/// The steps of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectStep {
    /// The addresses of the host are known.
    Resolved,
    /// The connection is established.
    Connected,
    /// The tunnel through a proxy is open.
    #[cfg(feature = "proxy")]
    Tunneled,
    /// The TLS handshake is done.
    #[cfg(feature = "tls")]
    Encrypted,
}

impl Client {
    /// Connects to the server of `url` by its route. Calls `reached` after each step.
    pub(crate) fn connect(
        &self,
        url: &Url,
        route: &Route,
        deadlines: &Deadlines,
        observer: &mut dyn FnMut(Event<'_>),
        reached: impl FnMut(ConnectStep, Instant),
    ) -> Result<Connection, Error> {
        if cfg!(not(feature = "tls")) && url.scheme() == Scheme::Https {
            return Err(Error::new(ErrorKind::UnsupportedScheme)
                .with_cause("https is not supported without the feature tls"));
        }
        let step = deadlines.step(Timeout::Connect, Instant::now());
        let token = deadlines.token();
        let mut connecting = Connecting { client: self, step, token, observer, reached };
        #[cfg(feature = "proxy")]
        if let Some(via) = route.via() {
            return connecting.through(via, url);
        }
        #[cfg(not(feature = "proxy"))]
        let _ = route;
        let stream = connecting.open(&self.endpoint(url))?;
        Ok(Connection::new(connecting.secure(stream, url)?))
    }

    fn endpoint(&self, url: &Url) -> Endpoint {
        if let Some(path) = &self.settings.unix_socket {
            return Endpoint::unix(path);
        }
        match self.settings.address_of(url.host(), url.port()) {
            Some(address) => Endpoint::tcp(address),
            None => url.endpoint(),
        }
    }
}

/// A connection that is being made.
pub(super) struct Connecting<'a, R> {
    pub(super) client: &'a Client,
    /// The deadline of all steps together.
    pub(super) step: StepDeadline,
    /// The token that cancels the transfer.
    pub(super) token: Option<&'a CancelToken>,
    pub(super) observer: &'a mut dyn FnMut(Event<'_>),
    /// The function that is called after each step.
    pub(super) reached: R,
}

impl<'a, R: FnMut(ConnectStep, Instant)> Connecting<'a, R> {
    /// Returns the end of all waits.
    pub(super) fn until(&self) -> Until<'a> {
        self.step.deadline.or_cancelled(self.token)
    }

    /// Connects a stream.
    pub(super) fn open(&mut self, endpoint: &Endpoint) -> Result<Stream, Error> {
        let until = self.until();
        let Connecting { client, step, observer, reached, .. } = self;
        let connector = &client.settings.connector;
        let connected = connector.connect_observed(endpoint, until, |event| {
            if let ConnectEvent::Resolved { .. } = event {
                reached(ConnectStep::Resolved, Instant::now());
            }
            observer(Event::Connect(*event));
        });
        match connected {
            Ok(stream) => {
                reached(ConnectStep::Connected, Instant::now());
                Ok(stream)
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

    /// Encrypts a stream to the server of an `https://` URL.
    #[cfg(feature = "tls")]
    pub(super) fn secure(&mut self, stream: Stream, url: &Url) -> Result<Stream, Error> {
        if url.scheme() != Scheme::Https {
            return Ok(stream);
        }
        let stream = self.encrypt(stream, url.host())?;
        (self.reached)(ConnectStep::Encrypted, Instant::now());
        if let Some(info) = stream.tls() {
            (self.observer)(Event::Encrypted(&info));
        }
        Ok(stream)
    }

    /// Returns the stream: [`Client::connect`] has refused `https://`.
    #[cfg(not(feature = "tls"))]
    #[allow(clippy::unused_self, reason = "as with the feature")]
    pub(super) fn secure(&mut self, stream: Stream, _: &Url) -> Result<Stream, Error> {
        Ok(stream)
    }

    /// Encrypts the connection to `host`, whose certificate must name it.
    #[cfg(feature = "tls")]
    pub(super) fn encrypt(&self, stream: Stream, host: &str) -> Result<Stream, Error> {
        // A scope belongs to this machine and is in no certificate.
        let name = host.split_once('%').map_or(host, |(ip, _)| ip);
        let tls = self.client.settings.tls.connector();
        tls.and_then(|tls| tls.connect(stream, name, self.until()))
            .map_err(|error| self.step.error(error, Phase::Handshake, 0))
    }
}
