//! Sockets that were bound elsewhere.

use super::Server;
use crate::datagram::Datagram;
use crate::error::Error;
use crate::listener::Listener;
use crate::server::worker;

/// Index of the sockets that stand behind no given endpoint, in
/// [`Service::open_on`](crate::server::Service::open_on).
const NOT_GIVEN: usize = usize::MAX;

impl Server {
    /// Adds a listener that was bound elsewhere, such as one of
    /// [systemd's](crate::systemd::take_sockets). Its connections are encrypted if it has a
    /// [certificate](Listener::with_tls).
    ///
    /// Its index in [`Service::open_on`](crate::server::Service::open_on) is [`usize::MAX`].
    ///
    /// # Errors
    ///
    /// Fails with [`Operation::Listen`](crate::Operation::Listen) if the poller does not take it.
    pub fn add_listener(&mut self, listener: Listener) -> Result<(), Error> {
        let endpoint = listener.endpoint().clone();
        let Server { setups, .. } = self;
        let Some(first) = setups.first_mut() else { return Ok(()) };
        if let Some(acceptor) = first.acceptor.as_mut() {
            let token = worker::listener_token(acceptor.listeners());
            acceptor.add(listener, NOT_GIVEN, first.poll.registry(), token)?;
        }
        self.endpoints.push(endpoint);
        self.given.push(NOT_GIVEN);
        Ok(())
    }

    /// Adds a datagram socket that was bound elsewhere.
    ///
    /// # Errors
    ///
    /// Fails with [`Operation::Listen`](crate::Operation::Listen) if the poller does not take it.
    pub fn add_datagram(&mut self, socket: Datagram) -> Result<(), Error> {
        let endpoint = socket.endpoint().clone();
        let worker = self.endpoints.len() % self.setups.len();
        self.setups[worker].add(socket)?;
        self.endpoints.push(endpoint);
        self.given.push(NOT_GIVEN);
        Ok(())
    }
}
