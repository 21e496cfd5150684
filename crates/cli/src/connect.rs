//! `sockit connect`.

use netcore::{Connector, Deadline, Endpoint, Transport};

use crate::args::Connect;
use crate::datagrams;
use crate::exit::Failure;
use crate::joined::join;
use crate::probe::is_for_datagrams;
use crate::streams::Console;

/// `sockit connect`
pub(crate) fn connect(args: &Connect, console: &mut Console) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let connector = Connector::new().with_family(args.families.wanted());
    let connector = match args.local_address {
        Some(address) => connector.with_local_address(address),
        None => connector,
    };
    let deadline = Deadline::after(args.timeout);
    if endpoint.transport() != Transport::Udp {
        match connector.connect(&endpoint, deadline) {
            Ok(stream) => return join(&stream, None),
            Err(error) if is_for_datagrams(&endpoint, &error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    datagrams::connect(connector.connect_datagram(&endpoint, deadline)?, console)
}
