//! Encrypted connections of the harness, and the client's side of them.

use std::io;

use super::{Harness, Peer};
use crate::error::Error;
use crate::server::encrypted::Encrypted;
use crate::server::service::Service;
use crate::server::transport::Transport;
use crate::tls::session::Session;
use crate::tls::{TlsAcceptor, TlsConnector};

/// The client's side of an encrypted connection, without I/O.
///
/// [`send`](Self::send) and [`outgoing`](Self::outgoing) turn plaintext into bytes for
/// [`Peer::send`], and [`receive`](Self::receive) takes those of [`Peer::received`].
/// [`exchange`](Self::exchange) does both.
#[derive(Debug)]
pub struct TlsClient {
    session: Session,
    /// Plaintext that waits for the handshake.
    waiting: Vec<u8>,
    received: Vec<u8>,
    outgoing: Vec<u8>,
    is_finishing: bool,
    end: Option<io::Result<()>>,
}

impl<S: Service> Harness<S> {
    /// Connects a peer over TLS. The [`Peer`] has the ciphertext; a [`TlsClient`] can make it.
    ///
    /// # Errors
    ///
    /// Fails if `acceptor` cannot be used.
    pub fn connect_over_tls(&mut self, acceptor: &TlsAcceptor) -> Result<Peer, Error> {
        let session = acceptor.session()?;
        // As the acceptor of a server does.
        self.shared.count_handshake(0);
        let address = self.next_address();
        Ok(self.open(&address, 0, |end| Transport::Tls(Encrypted::new(end, session).into())))
    }
}

impl TlsClient {
    /// Returns a client that connects to `host`.
    ///
    /// # Errors
    ///
    /// Fails if `host` is neither a DNS name nor an IP address.
    pub fn new(connector: &TlsConnector, host: &str) -> Result<TlsClient, Error> {
        Ok(TlsClient::over(connector.session(host)?))
    }

    pub(crate) fn over(session: Session) -> TlsClient {
        TlsClient {
            session,
            waiting: Vec::new(),
            received: Vec::new(),
            outgoing: Vec::new(),
            is_finishing: false,
            end: None,
        }
    }

    /// Sends `bytes`, after the handshake.
    pub fn send(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// Sends close_notify behind everything else.
    pub fn finish(&mut self) {
        self.is_finishing = true;
    }

    /// Takes the ciphertext to send.
    pub fn outgoing(&mut self) -> Vec<u8> {
        let TlsClient { session, waiting, outgoing, .. } = self;
        let mut taken = 0;
        while session.is_established() && taken < waiting.len() {
            match session.send(&waiting[taken..], usize::MAX, |bytes| take(outgoing, bytes)) {
                Ok(more) => taken += more,
                Err(_) => break,
            }
        }
        waiting.drain(..taken);
        if self.is_finishing && waiting.is_empty() && session.is_established() {
            session.end();
        }
        // The buffer takes everything.
        let _ = session.flush(|bytes| take(outgoing, bytes));
        std::mem::take(outgoing)
    }

    /// Receives ciphertext from the server.
    pub fn receive(&mut self, mut ciphertext: &[u8]) {
        while !ciphertext.is_empty() && self.end.is_none() {
            self.receive_once(|room| {
                let length = room.len().min(ciphertext.len());
                room[..length].copy_from_slice(&ciphertext[..length]);
                ciphertext = &ciphertext[length..];
                Ok(length)
            });
        }
    }

    /// Receives the end of the connection.
    pub fn receive_end(&mut self) {
        while self.end.is_none() {
            self.receive_once(|_| Ok(0));
        }
    }

    fn receive_once(&mut self, read: impl FnOnce(&mut [u8]) -> io::Result<usize>) {
        let mut buffer = [0; 1024];
        let mut result = self.session.receive(read, &mut buffer).map(|(length, _)| Some(length));
        loop {
            match result {
                Ok(Some(length)) if length > 0 => self.received.extend(&buffer[..length]),
                Err(error) => return self.end = Some(Err(error)),
                Ok(_) => {}
            }
            result = self.session.take(&mut buffer);
            match result {
                Ok(None) => return,
                Ok(Some(0)) => return self.end = Some(Ok(())),
                _ => {}
            }
        }
    }

    /// Runs the harness, and passes bytes in both directions, until none is left.
    pub fn exchange<S: Service>(&mut self, peer: &Peer, harness: &mut Harness<S>) {
        loop {
            let outgoing = self.outgoing();
            if !outgoing.is_empty() {
                peer.send(&outgoing);
            }
            harness.run();
            let incoming = peer.received();
            self.receive(&incoming);
            if outgoing.is_empty() && incoming.is_empty() {
                break;
            }
        }
        if peer.is_closed() {
            self.receive_end();
        }
    }

    /// Takes the plaintext that has arrived.
    pub fn received(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received)
    }

    /// Returns `true` if the handshake is done.
    pub fn is_established(&self) -> bool {
        self.session.is_established()
    }

    /// Returns `true` if the server has ended with close_notify.
    pub fn has_ended(&self) -> bool {
        matches!(self.end, Some(Ok(())))
    }

    /// Returns the reason if the connection has failed.
    pub fn error(&self) -> Option<&io::Error> {
        self.end.as_ref()?.as_ref().err()
    }
}

fn take(to: &mut Vec<u8>, bytes: &[u8]) -> io::Result<usize> {
    to.extend_from_slice(bytes);
    Ok(bytes.len())
}
