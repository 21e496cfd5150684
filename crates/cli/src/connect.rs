//! `sockit connect`: relays one connection to standard input and output.

use std::slice;

use netcore::{Connector, Deadline, Endpoint, Transport};

use crate::args::common::Common;
use crate::args::net::Connect;
use crate::datagrams::{self, Remote};
use crate::exit::Failure;
use crate::probe::is_for_datagrams;
use crate::stdio::{self, Stdio};
use crate::stdio_relay::{RelayEnd, RelayTimeouts, relay_stdio};
use crate::tls::with_tls;

/// Runs `sockit connect`.
pub(crate) fn connect(args: &Connect, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let timeouts = RelayTimeouts::new(args.idle_timeout, stdio);
    let connector = Connector::new().with_family(args.families.wanted());
    let connector = with_tls(connector, &args.tls, slice::from_ref(&endpoint))?;
    let connector = match args.local_address {
        Some(address) => connector.with_local_address(address),
        None => connector,
    };
    // As in nc, the idle timeout also limits connecting.
    let timeout = args.idle_timeout.map_or(args.timeout, |idle| idle.min(args.timeout));
    let deadline = Deadline::after(timeout);
    if endpoint.transport() != Transport::Udp {
        datagrams::only_for_udp(args.broadcast)?;
        match connector.connect(&endpoint, deadline) {
            Ok(stream) => {
                let end = relay_stdio(&stream, &stdio::input()?, timeouts)?;
                if end == RelayEnd::PeerEnded && stdio.interactive && !common.quiet {
                    stdio.print_error("the peer closed the connection");
                }
                return Ok(());
            }
            Err(error) if is_for_datagrams(&endpoint, &error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let local = args.local_address;
    let remote = Remote::find(connector, &endpoint, args.broadcast, local, deadline)?;
    datagrams::connect(remote, args.idle_timeout, stdio)
}
