//! Sockets and messages of systemd, for the commands that listen.

use netcore::Endpoint;
#[cfg(unix)]
use netcore::server::Server;
#[cfg(unix)]
use netcore::systemd::{self, PassedSocket, Socket};
#[cfg(all(unix, feature = "tls"))]
use netcore::tls::TlsAcceptor;
#[cfg(unix)]
use netcore::{Datagram, Error, Listener};

#[cfg(unix)]
use crate::exit;
use crate::exit::Failure;

/// Name of the passed sockets whose connections are encrypted (`FileDescriptorName=`).
#[cfg(unix)]
const TLS: &str = "tls";

/// The sockets that the program was started with, in place of those that the command line names.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    #[cfg(unix)]
    sockets: Vec<PassedSocket>,
}

impl Passed {
    /// Takes the sockets. Without systemd there are none.
    ///
    /// # Errors
    ///
    /// A socket is not of use, or a variable of systemd's is malformed.
    pub(crate) fn take() -> Result<Passed, Failure> {
        #[cfg(unix)]
        {
            let sockets = systemd::take_sockets();
            let failed = |error: Error| Failure::new(exit::OTHER, exit::chain(&error));
            Ok(Passed { sockets: sockets.map_err(failed)? })
        }
        #[cfg(not(unix))]
        Ok(Passed::default())
    }

    /// Returns `true` if the program was started without sockets.
    pub(crate) fn is_empty(&self) -> bool {
        #[cfg(unix)]
        return self.sockets.is_empty();
        #[cfg(not(unix))]
        true
    }

    /// Returns the endpoints, those of sockets named `tls` as `tls://`.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        #[cfg(unix)]
        return self.sockets.iter().map(endpoint_of).collect();
        #[cfg(not(unix))]
        Vec::new()
    }

    /// Adds the sockets to a server.
    ///
    /// # Errors
    ///
    /// The poller does not take a socket.
    #[cfg(unix)]
    pub(crate) fn add_to(
        self,
        server: &mut Server,
        #[cfg(feature = "tls")] acceptor: Option<&TlsAcceptor>,
    ) -> Result<(), Error> {
        for PassedSocket { name, socket, .. } in self.sockets {
            match socket {
                #[cfg(feature = "tls")]
                Socket::Listener(listener) => {
                    let acceptor = acceptor.filter(|_| name == TLS);
                    server.add_listener(encrypted(listener, acceptor))?;
                }
                #[cfg(not(feature = "tls"))]
                Socket::Listener(listener) => server.add_listener(listener)?,
                Socket::Datagram(socket) => server.add_datagram(socket)?,
                _ => log::warn!("socket {name} of systemd: not served: its kind is unknown"),
            }
        }
        Ok(())
    }

    /// Returns the listeners, for a command that serves no datagrams with others.
    ///
    /// # Errors
    ///
    /// A socket is one of datagrams.
    #[cfg(unix)]
    pub(crate) fn listeners(self) -> Result<Vec<Listener>, Failure> {
        let listeners = self.sockets.into_iter().map(|passed| match passed.socket {
            Socket::Listener(listener) => Ok(listener),
            _ => Err(foreign(&passed, "needs connections; udp:// serves datagrams")),
        });
        listeners.collect()
    }

    /// Returns the datagram sockets, for a command that serves no connections with them.
    ///
    /// # Errors
    ///
    /// A socket is one of connections.
    #[cfg(unix)]
    pub(crate) fn datagrams(self) -> Result<Vec<Datagram>, Failure> {
        let sockets = self.sockets.into_iter().map(|passed| match passed.socket {
            Socket::Datagram(socket) => Ok(socket),
            _ => Err(foreign(
                &passed,
                "needs datagrams; an endpoint without udp:// serves connections",
            )),
        });
        sockets.collect()
    }
}

/// Returns the failure of a command that cannot serve a socket of systemd's.
#[cfg(unix)]
fn foreign(passed: &PassedSocket, reason: &str) -> Failure {
    let message = format!("the socket {} of systemd: the endpoint {reason}", endpoint_of(passed));
    Failure::new(exit::USAGE, message)
}

#[cfg(not(unix))]
impl Passed {
    /// Returns no listeners.
    pub(crate) fn listeners(self) -> Result<Vec<netcore::Listener>, Failure> {
        Ok(Vec::new())
    }

    /// Returns no datagram sockets.
    pub(crate) fn datagrams(self) -> Result<Vec<netcore::Datagram>, Failure> {
        Ok(Vec::new())
    }
}

#[cfg(unix)]
fn endpoint_of(passed: &PassedSocket) -> Endpoint {
    match &passed.socket {
        Socket::Listener(listener) => {
            let address = listener.local_address().ok().and_then(|address| address.inet());
            match address.filter(|_| passed.name == TLS) {
                Some(address) => Endpoint::tls(address),
                None => listener.endpoint().clone(),
            }
        }
        Socket::Datagram(socket) => socket.endpoint().clone(),
        _ => Endpoint::unix(""),
    }
}

#[cfg(all(unix, feature = "tls"))]
fn encrypted(listener: Listener, acceptor: Option<&TlsAcceptor>) -> Listener {
    match acceptor {
        Some(acceptor) => listener.with_tls(acceptor.clone()),
        None => listener,
    }
}

/// Tells systemd that the server serves, and where.
pub(crate) fn notify_ready(endpoints: &[Endpoint]) {
    let names: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
    notify(&format!("READY=1\nSTATUS=listening on {}", names.join(", ")));
}

/// Tells systemd that the server stops.
pub(crate) fn notify_stopping() {
    notify("STOPPING=1\nSTATUS=stopping");
}

/// Sends a message to systemd. A failure is no reason to stop.
fn notify(message: &str) {
    #[cfg(unix)]
    if let Err(error) = systemd::notify(message) {
        log::warn!("NOTIFY_SOCKET: {}", exit::chain(&error));
    }
    #[cfg(not(unix))]
    let _ = message;
}
