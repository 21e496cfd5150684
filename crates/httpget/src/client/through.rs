//! Connects through a proxy.

use std::net::SocketAddr;
use std::time::Instant;

use netcore::connect::MAX_ADDRESSES;
use netcore::resolve::{Family, resolve};
use netcore::{Endpoint, Stream};

use super::connect::{ConnectStep, Connecting};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::limits::Limits;
use crate::protocol::proxy::{
    Connect, Handshake, Progress, ProxyError, Socks4, Socks5, SocksRefusal, TunnelHost,
    TunnelTarget,
};
use crate::proxy::{Proxy, ProxyFailure, ProxyScheme};
use crate::route::Via;
use crate::timeouts::Phase;
use crate::url::Url;

#[cfg(test)]
mod tests;

impl<R: FnMut(ConnectStep, Instant)> Connecting<'_, R> {
    /// Connects to the proxy of a route, and opens a tunnel to the server of `url` if the route
    /// needs one.
    pub(super) fn through(&mut self, via: &Via, url: &Url) -> Result<Connection, Error> {
        let proxy = &via.proxy;
        if !via.tunnel {
            return Ok(Connection::new(self.open_proxy(proxy)?));
        }
        let mut targets = self.targets(proxy, url)?;
        loop {
            let target = targets.remove(0);
            match self.tunnel(via, &target) {
                Err(error) if !targets.is_empty() && is_about_address(&error) => {
                    log::debug!("{error}; the next address is tried");
                }
                Err(error) => return Err(error),
                Ok(connection) => return self.use_tunnel(connection, proxy, &target, url),
            }
        }
    }

    /// Connects to `proxy`, by TLS if its scheme says so.
    fn open_proxy(&mut self, proxy: &Proxy) -> Result<Stream, Error> {
        let endpoint = match self.client.settings.address_of(proxy.host(), proxy.port()) {
            Some(address) => Endpoint::tcp(address).called(&proxy.name()),
            None => proxy.endpoint(),
        };
        let stream = self.open(&endpoint).map_err(|error| match error.kind() {
            ErrorKind::Resolve => error.with_kind(ErrorKind::ResolveProxy),
            _ => error,
        })?;
        if proxy.scheme() != ProxyScheme::Https {
            return Ok(stream);
        }
        self.encrypt_to_proxy(stream, proxy)
    }

    #[cfg(feature = "tls")]
    fn encrypt_to_proxy(&mut self, stream: Stream, proxy: &Proxy) -> Result<Stream, Error> {
        let stream = self.encrypt(stream, proxy.host())?;
        if let Some(info) = stream.tls() {
            (self.observer)(Event::ProxyEncrypted(&info));
        }
        Ok(stream)
    }

    #[cfg(not(feature = "tls"))]
    fn encrypt_to_proxy(&mut self, _: Stream, _: &Proxy) -> Result<Stream, Error> {
        Err(Error::new(ErrorKind::UnsupportedScheme)
            .with_cause("https proxies are not supported without the feature tls"))
    }

    /// Returns the targets of a tunnel, to be tried in turn: the server as the URL names it, or its
    /// addresses if names are resolved here.
    fn targets(&self, proxy: &Proxy, url: &Url) -> Result<Vec<TunnelTarget>, Error> {
        let target = TunnelTarget::of(url);
        if !proxy.scheme().resolves_here() || matches!(target.host(), TunnelHost::Ip(_)) {
            return Ok(vec![target]);
        }
        let settings = &self.client.settings;
        if let Some(address) = settings.address_of(url.host(), url.port()) {
            return Ok(vec![address.into()]);
        }
        let family = match proxy.scheme() {
            ProxyScheme::Socks4 => Family::Ipv4,
            _ => settings.connector.family(),
        };
        let addresses = resolve(&url.endpoint(), family, self.until())
            .map_err(|error| self.step.error(error, Phase::Resolve, 0))?;
        let addresses = addresses.into_iter().take(MAX_ADDRESSES);
        Ok(addresses.map(|address: SocketAddr| address.into()).collect())
    }

    /// Connects to the proxy and asks it for a tunnel.
    fn tunnel(&mut self, via: &Via, target: &TunnelTarget) -> Result<Connection, Error> {
        let mut handshake = handshake(via, target, &self.client.settings.limits)
            .map_err(|error| failed(via, target, error))?;
        let stream = self.open_proxy(&via.proxy)?;
        let mut connection = Connection::new(stream).with_token(self.token.cloned());
        self.negotiate(&mut connection, via, target, &mut *handshake)?;
        Ok(connection)
    }

    /// Runs the handshake with the proxy.
    fn negotiate(
        &mut self,
        connection: &mut Connection,
        via: &Via,
        target: &TunnelTarget,
        handshake: &mut dyn Handshake,
    ) -> Result<(), Error> {
        let step = self.step;
        let broken = |error: Error| match (error.kind(), via.proxy.scheme().is_http()) {
            (ErrorKind::Transport { .. }, false) => error.with_kind(ErrorKind::Socks),
            _ => error,
        };
        let failed = |error| failed(via, target, error);
        connection.write(handshake.start(), step, Phase::Proxy).map_err(broken)?;
        if via.proxy.scheme().is_http() {
            (self.observer)(Event::TunnelRequest(handshake.start()));
        }
        loop {
            match connection.fill(step, (Phase::Proxy, 0)) {
                Ok(1..) => {}
                Err(error) if !error.is_unexpected_end() => return Err(broken(error)),
                Ok(0) | Err(_) => return Err(failed(handshake.closed())),
            }
            loop {
                let (used, progress) = handshake.receive(connection.unread()).map_err(failed)?;
                connection.consume(used);
                match progress {
                    Progress::NeedMore => break,
                    Progress::Send(message) => {
                        connection.write(message, step, Phase::Proxy).map_err(broken)?;
                    }
                    Progress::Interim(head) | Progress::Reply(head) => {
                        (self.observer)(Event::TunnelReply(&head));
                    }
                    Progress::Open => {
                        // The client speaks first, so these are not bytes of the server's protocol.
                        let early = connection.unread().len();
                        return match early {
                            0 => Ok(()),
                            count => Err(failed(ProxyError::Early { count })),
                        };
                    }
                }
            }
        }
    }

    /// Returns the connection through an open tunnel, encrypted for `https://`.
    fn use_tunnel(
        &mut self,
        connection: Connection,
        proxy: &Proxy,
        target: &TunnelTarget,
        url: &Url,
    ) -> Result<Connection, Error> {
        (self.reached)(ConnectStep::Tunneled, Instant::now());
        (self.observer)(Event::Tunnel { target });
        let name = format!("{}:{} through {}", url.host(), url.port(), proxy.name());
        let (stream, buffer) = connection.into_parts();
        let stream = self.secure(stream.called(&name), url)?;
        Ok(Connection::with_buffer(stream, buffer))
    }
}

/// Returns the handshake of a route. Nothing is sent if the proxy's protocol can't express it.
fn handshake(
    via: &Via,
    target: &TunnelTarget,
    limits: &Limits,
) -> Result<Box<dyn Handshake>, ProxyError> {
    let credentials = via.proxy.credentials();
    Ok(match via.proxy.scheme() {
        ProxyScheme::Socks4 | ProxyScheme::Socks4a => {
            let user = credentials.map(|it| it.user()).unwrap_or_default();
            Box::new(Socks4::new(target, user)?)
        }
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => Box::new(Socks5::new(target, credentials)?),
        ProxyScheme::Http | ProxyScheme::Https => {
            let fields = [
                (http::header::PROXY_AUTHORIZATION, &via.authorization),
                (http::header::USER_AGENT, &via.agent),
            ];
            let connect = Connect::new(target, limits);
            Box::new(fields.into_iter().fold(connect, |connect, (name, value)| match value {
                Some(value) => connect.with_field(&name, value),
                None => connect,
            }))
        }
    })
}

fn failed(via: &Via, target: &TunnelTarget, error: ProxyError) -> Error {
    let kind = match &error {
        ProxyError::Status(status) => ErrorKind::TunnelRefused(*status),
        _ if via.proxy.scheme().is_http() => ErrorKind::Tunnel,
        _ => ErrorKind::Socks,
    };
    Error::new(kind).with_cause(ProxyFailure::new(&via.proxy, target, error))
}

/// Returns `true` if another address of the same server may be reached.
fn is_about_address(error: &Error) -> bool {
    let failure = error.proxy_failure().map(ProxyFailure::error);
    matches!(
        failure,
        Some(ProxyError::Refused(
            SocksRefusal::GeneralFailure
                | SocksRefusal::NetworkUnreachable
                | SocksRefusal::HostUnreachable
                | SocksRefusal::ConnectionRefused
                | SocksRefusal::TtlExpired
                | SocksRefusal::AddressTypeNotSupported
                | SocksRefusal::Rejected
        ))
    )
}
