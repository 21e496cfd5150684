//! `sockit connect`.

use netcore::{Connector, Deadline, Endpoint, Transport};

use crate::args::{Common, Connect};
use crate::datagrams;
use crate::exit::Failure;
use crate::joined::{Joined, Patience, join};
use crate::probe::is_for_datagrams;
use crate::streams::Console;

/// `sockit connect`
pub(crate) fn connect(
    args: &Connect,
    common: &Common,
    console: &mut Console,
) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let patience = Patience::new(args.idle_timeout, console);
    let connector = Connector::new().with_family(args.families.wanted());
    let connector = match args.local_address {
        Some(address) => connector.with_local_address(address),
        None => connector,
    };
    // As with nc, the idle timeout is for connecting too.
    let timeout = args.idle_timeout.map_or(args.timeout, |idle| idle.min(args.timeout));
    let deadline = Deadline::after(timeout);
    if endpoint.transport() != Transport::Udp {
        match connector.connect(&endpoint, deadline) {
            Ok(stream) => {
                let joined = join(&stream, patience)?;
                if joined == Joined::PeerEnded && console.interactive && !common.quiet {
                    console.complain("the peer ended the connection");
                }
                return Ok(());
            }
            Err(error) if is_for_datagrams(&endpoint, &error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let socket = connector.connect_datagram(&endpoint, deadline)?;
    datagrams::connect(socket, args.idle_timeout, console)
}
