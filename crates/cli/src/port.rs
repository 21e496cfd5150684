//! `sockit port`: looks up the port of a service, or the service on a port.

use std::time::Duration;

use netcore::resolve::{service_name, service_port};
use netcore::{Deadline, Error, ErrorKind, Transport};

use crate::args::common::Common;
use crate::args::net::Port;
use crate::escape::quote;
use crate::exit::{self, Failure};
use crate::stdio::Stdio;

/// Time limit for the system's table of services, which may be on the network (nsswitch.conf(5)).
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs `sockit port`.
pub(crate) fn port(args: &Port, common: &Common, stdio: &Stdio) -> Result<(), Failure> {
    let text = args.service.as_str();
    let (service, transports) = match text.split_once('/') {
        None => (text, &[Transport::Tcp, Transport::Udp][..]),
        Some((service, "tcp")) => (service, &[Transport::Tcp][..]),
        Some((service, "udp")) => (service, &[Transport::Udp][..]),
        Some((_, other)) => {
            let message = format!("{text}: the protocol is tcp or udp, not {other:?}");
            return Err(Failure::new(exit::USAGE, message));
        }
    };
    let is_number = !service.is_empty() && service.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number {
        let outside = |_| Failure::new(exit::USAGE, format!("{text}: a port is 0 to 65535"));
        Some(service.parse::<u16>().map_err(outside)?)
    } else {
        None
    };
    let deadline = Deadline::after(LOOKUP_TIMEOUT);
    let mut result = Err(Failure::silent(exit::OTHER));
    for &transport in transports {
        let found = match number {
            Some(port) => service_name(port, transport, deadline).map(|name| (name, port)),
            None => {
                service_port(service, transport, deadline).map(|port| (service.to_owned(), port))
            }
        };
        match found {
            Ok((name, port)) => {
                let text = if number.is_some() { name.clone() } else { port.to_string() };
                return print(&name, port, transport, &text, common, stdio);
            }
            Err(error) => result = Err(failure(text, error)),
        }
    }
    result
}

fn print(
    name: &str,
    port: u16,
    transport: Transport,
    text: &str,
    common: &Common,
    stdio: &Stdio,
) -> Result<(), Failure> {
    if !common.json {
        return stdio.print(&format!("{text}\n"));
    }
    let name = quote(name);
    let protocol = if transport == Transport::Udp { "udp" } else { "tcp" };
    stdio.print(&format!("{{\"name\":{name},\"port\":{port},\"protocol\":\"{protocol}\"}}\n"))
}

/// Converts a failed lookup. An unknown service is a result of its own, not an unresolved host.
fn failure(text: &str, error: Error) -> Failure {
    match error.kind() {
        ErrorKind::TimedOut => error.into(),
        kind => Failure::new(exit::OTHER, format!("port {text}: {kind}")),
    }
}
