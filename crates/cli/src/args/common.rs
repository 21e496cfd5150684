//! Arguments that several commands take.

use std::num::NonZeroUsize;
#[cfg(feature = "tls")]
use std::path::PathBuf;
use std::time::Duration;

use clap::Args as Group;
use netcore::resolve::Family;

use crate::parse::{self, Keepalive};

/// The arguments of every command.
#[derive(Debug, Group)]
pub(crate) struct Common {
    /// Print one JSON object per line instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log more on standard error; twice for even more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print only the final error on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// The arguments of every server.
#[derive(Debug, Group)]
pub(crate) struct ServeArgs {
    /// Endpoint to listen on: HOST:PORT, :PORT, [IPV6]:PORT, udp://HOST:PORT, tls://HOST:PORT,
    /// unix:PATH or unix:@NAME; may be repeated
    #[arg(long, value_name = "ENDPOINT")]
    pub(crate) listen: Vec<String>,
    /// Number of worker threads [default: one per processor]
    #[arg(long, value_name = "N", value_parser = parse::some_count::<NonZeroUsize>)]
    pub(crate) workers: Option<NonZeroUsize>,
    /// Close a client that sends nothing for this long [default: never]
    #[arg(long, value_name = "DUR", value_parser = parse::some_duration)]
    pub(crate) idle_timeout: Option<Duration>,
    /// Close a client that has vanished after about this long, by TCP keepalive: 1s to 18h, or off
    #[arg(long, value_name = "DUR|off", default_value = "2m", value_parser = parse::keepalive)]
    pub(crate) keepalive: Keepalive,
    /// Time to send pending data after a signal to stop
    #[arg(long, value_name = "DUR", default_value = "5s", value_parser = parse::duration)]
    pub(crate) grace: Duration,
    #[command(flatten)]
    pub(crate) tls: TlsListenArgs,
}

/// The TLS arguments of every command that connects. Without the feature `tls` there are none.
#[derive(Clone, Debug, Default, Group)]
#[command(next_help_heading = "Options of tls://")]
pub(crate) struct TlsConnectArgs {
    #[command(flatten)]
    pub(crate) client: TlsClientArgs,
    /// Name to request (SNI) and to expect in the certificate, instead of the host of ENDPOINT
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "NAME")]
    pub(crate) servername: Option<String>,
}

/// The TLS arguments of every client, whatever its endpoints look like.
#[derive(Clone, Debug, Default, Group)]
pub(crate) struct TlsClientArgs {
    /// PEM file of the certificates to trust, instead of those of the system
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub(crate) cacert: Option<PathBuf>,
    /// Accept any certificate, with a warning: whoever is on the way can read and change all data
    #[cfg(feature = "tls")]
    #[arg(long)]
    pub(crate) insecure: bool,
    /// PEM file of a certificate and its chain, for servers that ask for one
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// PEM file of the private key; may be the file of --cert
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
}

/// The TLS arguments of every command that listens. Without the feature `tls` there are none.
#[derive(Clone, Debug, Default, Group)]
#[command(next_help_heading = "Options of tls://")]
pub(crate) struct TlsListenArgs {
    /// PEM file of the certificate and its chain; SIGHUP reads the three files again, for
    /// connections to come
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// PEM file of the private key; may be the file of --cert
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Accept only clients with a certificate that one in this PEM file has issued
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) client_ca: Option<PathBuf>,
}

/// The address families of a name.
#[derive(Debug, Group)]
pub(crate) struct Families {
    /// Use IPv4 addresses only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Use IPv6 addresses only
    #[arg(short = '6', long)]
    ipv6: bool,
}

impl Families {
    /// Returns the family that `-4` or `-6` asks for.
    pub(crate) fn wanted(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::Ipv4,
            (_, true) => Family::Ipv6,
            _ => Family::Any,
        }
    }
}
