//! `sockit probe`: shows each step of a connection and the options of its socket.

#[cfg(feature = "tls")]
mod encrypted;

use std::net::SocketAddr;
use std::slice;
use std::time::Duration;

use netcore::connect::ConnectEvent;
use netcore::options::{Granted, Report};
use netcore::resolve::{resolve, reverse};
use netcore::{
    Address, Connector, Datagram, Deadline, Endpoint, Error, SocketOptions, Stream, Transport,
};

use crate::args::common::Common;
use crate::args::net::Probe;
use crate::escape::{quote, visible};
use crate::exit::{self, Failure};
use crate::stdio::Stdio;
use crate::tls::with_tls;

/// Time limit for the name of the peer, which is optional: many addresses have none.
const NAME_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs `sockit probe`.
pub(crate) fn probe(args: &Probe, common: &Common, stdio: &Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let deadline = Deadline::after(args.timeout);
    let asked = match endpoint.transport() {
        Transport::Tcp | Transport::Tls => SocketOptions::new().with_nodelay(true),
        _ => SocketOptions::new(),
    };
    let family = args.families.wanted();
    let connector = Connector::new().with_options(asked.clone()).with_family(family);
    let output = ProbeOutput { common, stdio };
    #[cfg(feature = "tls")]
    if endpoint.transport() == Transport::Tls {
        return encrypted::probe(args, &output, connector, &endpoint, &asked, deadline);
    }
    let connector = with_tls(connector, &args.tls, slice::from_ref(&endpoint))?;
    if args.open {
        return output.open(&endpoint, &connector, deadline);
    }
    if endpoint.transport() == Transport::Udp {
        output.addresses(&resolve(&endpoint, family, deadline)?)?;
        let socket = connector.connect_datagram(&endpoint, deadline)?;
        return output.datagram(&socket, &asked, deadline);
    }
    // Attempts can't be interrupted, so the command ends after them if printing fails.
    let mut printed = Ok(());
    let stream = connector.connect_observed(&endpoint, deadline, |event| {
        if printed.is_ok() {
            printed = output.event(event);
        }
    });
    printed?;
    match stream {
        Ok(stream) => output.stream(&stream, &asked, deadline),
        Err(error) if is_for_datagrams(&endpoint, &error) => {
            let socket = connector.connect_datagram(&endpoint, deadline)?;
            output.datagram(&socket, &asked, deadline)
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns `true` if the endpoint is a Unix socket for datagrams: connect(2) then reports the wrong
/// type, which is the only unsupported case of an existing file.
pub(crate) fn is_for_datagrams(endpoint: &Endpoint, error: &Error) -> bool {
    endpoint.transport() == Transport::Unix && error.kind() == netcore::ErrorKind::Unsupported
}

/// The output: lines of text, or JSON objects with a `kind`.
struct ProbeOutput<'a> {
    common: &'a Common,
    stdio: &'a Stdio,
}

impl ProbeOutput<'_> {
    /// Prints only whether the endpoint accepts connections.
    fn open(
        &self,
        endpoint: &Endpoint,
        connector: &Connector,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        if endpoint.transport() == Transport::Udp {
            let message = "-z needs connections: UDP does not show whether a port is open; \
                         try sockit send --wait 2s";
            return Err(Failure::new(exit::USAGE, message));
        }
        let failed = match connector.connect(endpoint, deadline) {
            Err(error) if !is_for_datagrams(endpoint, &error) => Some(error),
            _ => None,
        };
        let (endpoint, open) = (endpoint.to_string(), failed.is_none());
        if open || self.common.json {
            let mut fields = vec![("endpoint", quote(&endpoint)), ("open", open.to_string())];
            let why = failed.as_ref().map(|error| ("error", quote(&error.kind().to_string())));
            fields.extend(why);
            self.line("open", &endpoint, &fields)?;
        }
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    fn addresses(&self, addresses: &[SocketAddr]) -> Result<(), Failure> {
        addresses.iter().try_for_each(|address| {
            let family = if address.is_ipv6() { "IPv6" } else { "IPv4" };
            let fields = [("address", quote(&address.to_string())), ("family", quote(family))];
            self.line("address", &format!("{address} ({family})"), &fields)
        })
    }

    fn event(&self, event: &ConnectEvent<'_>) -> Result<(), Failure> {
        let (address, outcome, elapsed, error) = match *event {
            ConnectEvent::Resolved { addresses, .. } => return self.addresses(addresses),
            ConnectEvent::Failed { address, elapsed, error } => {
                (address, "failed", elapsed, Some(error))
            }
            ConnectEvent::Connected { address, elapsed } => (address, "connected", elapsed, None),
            ConnectEvent::Encrypted { address, elapsed } => (address, "encrypted", elapsed, None),
            ConnectEvent::Cancelled { address, elapsed } => (address, "cancelled", elapsed, None),
            _ if self.common.verbose > 0 && !self.common.json => {
                return self.line("attempt", &event.to_string(), &[]);
            }
            _ => return Ok(()),
        };
        let mut fields = vec![
            ("address", quote(&address.to_string())),
            ("outcome", quote(outcome)),
            ("seconds", format!("{:.6}", elapsed.as_secs_f64())),
        ];
        if let Some(error) = error {
            fields.push(("error", quote(&error.kind().to_string())));
        }
        self.line("attempt", &event.to_string(), &fields)
    }

    fn stream(
        &self,
        stream: &Stream,
        asked: &SocketOptions,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        self.stream_addresses(stream, deadline)?;
        self.options(&SocketOptions::report(stream, Some(asked))?)
    }

    fn stream_addresses(&self, stream: &Stream, deadline: Deadline) -> Result<(), Failure> {
        self.connected(&stream.local_address()?, &stream.peer_address()?, deadline)
    }

    fn datagram(
        &self,
        socket: &Datagram,
        asked: &SocketOptions,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let peer = socket.peer_address().cloned().unwrap_or(Address::Unix(None));
        self.connected(&socket.local_address()?, &peer, deadline)?;
        self.options(&SocketOptions::report(socket, Some(asked))?)
    }

    fn connected(
        &self,
        local: &Address,
        remote: &Address,
        deadline: Deadline,
    ) -> Result<(), Failure> {
        let deadline = deadline.earlier(Deadline::after(NAME_TIMEOUT));
        let name = remote.inet().and_then(|peer| reverse(peer.ip(), deadline).ok());
        let suffix = name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
        let mut fields =
            vec![("local", quote(&local.to_string())), ("remote", quote(&remote.to_string()))];
        fields.extend(name.as_ref().map(|name| ("name", quote(name))));
        self.line("connected", &format!("{local} to {remote}{suffix}"), &fields)
    }

    fn options(&self, report: &Report) -> Result<(), Failure> {
        if !self.common.json {
            return self.stdio.print(&format!("{report}\n"));
        }
        report.rows().iter().try_for_each(|row| {
            let mut fields = vec![("name", quote(row.name()))];
            fields.extend(row.asked().map(|asked| ("asked", quote(asked))));
            fields.push(match row.granted() {
                Granted::Value(value) => ("granted", quote(value)),
                Granted::Failed(error) => ("error", quote(&error.kind().to_string())),
                _ => ("granted", "null".to_owned()),
            });
            fields.extend(row.verdict().map(|verdict| ("verdict", quote(&verdict.to_string()))));
            self.line("option", "", &fields)
        })
    }

    /// Prints a line, or an object with `fields`, whose values are already JSON.
    fn line(&self, kind: &str, text: &str, fields: &[(&str, String)]) -> Result<(), Failure> {
        if !self.common.json {
            // Names come from DNS servers, which are not trusted.
            return self.stdio.print(&format!("{kind:10} {}\n", visible(text)));
        }
        let fields: String =
            fields.iter().map(|(name, value)| format!(",\"{name}\":{value}")).collect();
        self.stdio.print(&format!("{{\"kind\":{}{fields}}}\n", quote(kind)))
    }
}
