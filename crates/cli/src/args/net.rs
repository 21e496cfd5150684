//! The arguments of `sockit probe`, `port`, `send`, `listen` and `connect`.

#[cfg(unix)]
use std::ffi::OsString;
#[cfg(unix)]
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as Group;

use super::Families;
use crate::parse;

#[derive(Debug, Group)]
pub(crate) struct Probe {
    /// What to connect to
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// How long all of it may take
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// Only say whether ENDPOINT takes a connection: exit code 0 if it does, 7 or 28 if not
    #[arg(short = 'z', long)]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) families: Families,
}

#[derive(Debug, Group)]
pub(crate) struct Port {
    /// A service's name or a port, and tcp or udp; without that TCP first, then UDP
    #[arg(value_name = "NAME|NUMBER[/PROTO]")]
    pub(crate) service: String,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct Send {
    /// Where to; a Unix socket may be one for datagrams
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// What to send, as it is; without it standard input, over UDP as one datagram
    #[arg(value_name = "TEXT")]
    pub(crate) text: Option<OsString>,
    /// Print what comes back, for so long after all is sent or until the peer ends
    #[arg(long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) wait: Option<Duration>,
    /// Send to a broadcast address, and take answers from everybody; for udp:// only
    #[arg(long)]
    pub(crate) broadcast: bool,
    /// How long the connection may take, TEXT, and after the end of input the peer to take the rest
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) families: Families,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct Listen {
    /// Endpoint to listen on: HOST:PORT, :PORT, [IPV6]:PORT, udp://HOST:PORT, unix:PATH or unix:@NAME;
    /// udp://GROUP:PORT joins a multicast group
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Send each client this text, as it is, and close the connection
    #[arg(long, value_name = "TEXT")]
    pub(crate) banner: Option<OsString>,
    /// Take one connection after the other, not only one: the next one when the client has ended and
    /// standard input had nothing for it for a second (on a terminal: at once)
    #[arg(long)]
    pub(crate) keep_open: bool,
    /// End a connection on which nothing comes or goes for so long, with 28 [default: never]
    #[arg(short = 'w', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Let answers go to a broadcast address; for udp:// only
    #[arg(long)]
    pub(crate) broadcast: bool,
    /// Give up a client that has vanished after about so long, by TCP keepalive: 1s to 18h, or off
    #[arg(long, value_name = "DUR|off", default_value = "2m", value_parser = parse::keepalive)]
    pub(crate) keepalive: parse::Keepalive,
}

#[cfg(unix)]
#[derive(Debug, Group)]
pub(crate) struct Connect {
    /// Where to; over UDP it ends when standard input has, and nothing has come for a second
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// The address of this side: IP, IP%ZONE or IP:PORT
    #[arg(long, value_name = "ADDR", value_parser = parse::local_address)]
    pub(crate) local_address: Option<SocketAddr>,
    /// Send to a broadcast address, and take answers from everybody; for udp:// only
    #[arg(long)]
    pub(crate) broadcast: bool,
    /// End with 28 when nothing comes or goes for so long, while connecting too; over UDP also how
    /// long to wait for answers after the end of standard input, without an error [default: never;
    /// over UDP 1s]
    #[arg(short = 'w', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) idle_timeout: Option<Duration>,
    /// How long the connection may take
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) families: Families,
}
