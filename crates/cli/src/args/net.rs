//! The arguments of `sockit probe`, `port`, `send`, `listen` and `connect`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args as Group;

use super::common::TlsListenArgs;
use super::common::{Families, TlsConnectArgs};
use crate::parse;

/// The arguments of `sockit probe`.
#[derive(Debug, Group)]
pub(crate) struct Probe {
    /// Endpoint to connect to
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Time limit for the whole probe
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    /// Report only whether ENDPOINT accepts a connection: exit code 0 if it does, 7 or 28 if not;
    /// over tls:// any certificate will do, and 35 is a failed handshake
    #[arg(short = 'z', long)]
    pub(crate) open: bool,
    #[command(flatten)]
    pub(crate) families: Families,
    #[command(flatten)]
    pub(crate) tls: TlsConnectArgs,
}

/// The arguments of `sockit port`.
#[derive(Debug, Group)]
pub(crate) struct Port {
    /// Service name or port, and tcp or udp; without a protocol, TCP is tried before UDP
    #[arg(value_name = "NAME|NUMBER[/PROTO]")]
    pub(crate) service: String,
}

/// The arguments of `sockit send`.
#[derive(Debug, Group)]
pub(crate) struct Send {
    /// Endpoint to send to; a Unix socket may be a stream or a datagram socket
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Text to send unchanged [default: standard input, which is one datagram over UDP]
    #[arg(value_name = "TEXT")]
    pub(crate) text: Option<OsString>,
    /// Print the reply, for this long after sending or until the peer closes the connection
    #[arg(long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) wait: Option<Duration>,
    /// Send to a broadcast address and accept replies from any address; for udp:// only
    #[arg(long)]
    pub(crate) broadcast: bool,
    /// Time limit for connecting, for sending TEXT, and for the peer to acknowledge the last bytes
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) families: Families,
    #[command(flatten)]
    pub(crate) tls: TlsConnectArgs,
}

/// The arguments of `sockit listen`.
#[derive(Debug, Group)]
pub(crate) struct Listen {
    /// Endpoint to listen on: HOST:PORT, :PORT, [IPV6]:PORT, udp://HOST:PORT, tls://HOST:PORT,
    /// unix:PATH or unix:@NAME; udp://GROUP:PORT joins a multicast group
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Send this text unchanged to each client, and close the connection
    #[arg(long, value_name = "TEXT")]
    pub(crate) banner: Option<OsString>,
    /// Accept one connection after another: the next one after the client has closed its side and
    /// standard input was silent for a second (on a terminal: immediately)
    #[arg(long)]
    pub(crate) keep_open: bool,
    /// Exit with 28 if no data moves in either direction for this long [default: never]
    #[arg(short = 'w', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Allow replies to a broadcast address; for udp:// only
    #[arg(long)]
    pub(crate) broadcast: bool,
    /// Close a client that has vanished after about this long, by TCP keepalive: 1s to 18h, or off
    #[arg(long, value_name = "DUR|off", default_value = "2m", value_parser = parse::keepalive)]
    pub(crate) keepalive: parse::Keepalive,
    #[command(flatten)]
    pub(crate) tls: TlsListenArgs,
}

/// The arguments of `sockit connect`.
#[derive(Debug, Group)]
pub(crate) struct Connect {
    /// Endpoint to connect to; over UDP, sockit exits when standard input has ended and no datagram
    /// has arrived for a second
    #[arg(value_name = "ENDPOINT")]
    pub(crate) endpoint: String,
    /// Local address to connect from: IP, IP%ZONE or IP:PORT
    #[arg(long, value_name = "ADDR", value_parser = parse::local_address)]
    pub(crate) local_address: Option<SocketAddr>,
    /// Send to a broadcast address and accept replies from any address; for udp:// only
    #[arg(long)]
    pub(crate) broadcast: bool,
    /// Exit with 28 if no data moves in either direction for this long, connecting included; over
    /// UDP also the wait for replies after the end of standard input, without an error [default:
    /// never; over UDP 1s]
    #[arg(short = 'w', long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Time limit for connecting
    #[arg(long, value_name = "DUR", default_value = "10s", value_parser = parse::some_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) families: Families,
    #[command(flatten)]
    pub(crate) tls: TlsConnectArgs,
}
