//! Connects to the server of a URL.

use std::time::Instant;

use netcore::connect::ConnectEvent;
use netcore::{Endpoint, Operation};

use super::Client;
use crate::connection::Connection;
use crate::deadlines::Deadlines;
use crate::error::Error;
use crate::event::Event;
use crate::timeouts::{Phase, Timeout};
use crate::url::Url;

/// The two steps of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectStep {
    /// The addresses of the host are known.
    Resolved,
    /// The connection is established.
    Connected,
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
