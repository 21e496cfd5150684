//! The arguments of `sockit get` about the use of the network.

use clap::Args as Group;

use crate::parse;

/// The arguments of `sockit get` about the use of the network.
#[derive(Debug, Group)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Most bytes of content per second of each transfer; 0 means no limit
    #[arg(long, value_name = "BYTES", value_parser = parse::size)]
    pub(crate) limit_rate: Option<usize>,
    /// Network interface to connect from, or a local address
    #[arg(long, value_name = "NAME|ADDR", conflicts_with = "local_address")]
    pub(crate) interface: Option<String>,
}
