//! The command line: commands and their arguments.

pub(crate) mod chat;
pub(crate) mod common;
pub(crate) mod get;
pub(crate) mod net;
pub(crate) mod time;

use clap::{Parser, Subcommand};

use chat::ChatCommand;
use common::Common;
use get::Get;
use net::{Connect, Listen, Port, Probe, Send};
use time::TimeCommand;

/// Group chat, a timestamp service, HTTP GET, and sockets done right.
#[derive(Debug, Parser)]
#[command(name = "sockit", version, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Exit codes: 0 done, 1 other failures, 2 usage, 3 malformed URL or endpoint, 5 proxy not resolved,
6 host not resolved, 7 could not connect, 18 transfer ended early, 19 checksum does not match,
22 HTTP status 400 or above with `--fail`, 23 write error, 26 a local file cannot be read, 28 timed
out, 33 range not served, 35 TLS handshake failed, 45 network interface failed, 47 too many
redirects, 52 nothing received, 56 receive error or malformed response, 58 own certificate or key
unusable, 60 certificate not trusted, 61 content coding unknown or broken, 63 larger than the
limit, 77 file of trusted certificates unusable, 97 proxy handshake failed")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run, use and measure the timestamp service, which echoes input behind the time
    #[command(subcommand, display_order = 0)]
    Time(TimeCommand),
    /// Run or join a group chat for nc, telnet and any other line client
    #[command(subcommand, display_order = 1)]
    Chat(ChatCommand),
    /// Download URLs over HTTP
    #[command(
        display_order = 2,
        after_help = "\
Examples:
  sockit get http://127.0.0.1:8080/
  sockit get -O --retry 5 http://127.0.0.1:8080/image.iso
  sockit get -C -o image.iso http://127.0.0.1:8080/image.iso
  sockit get -i -v --no-location http://127.0.0.1:8080/old
  sockit get --write-out '%{http_code} %{time_total}\\n' -o /dev/null http://127.0.0.1:8080/"
    )]
    Get(Box<Get>),
    /// Show how to reach an endpoint: its addresses, connection attempts and socket options
    #[command(
        display_order = 3,
        after_help = "\
Examples:
  sockit probe db.example:5432
  sockit probe -6 --timeout 2s www.example:https
  sockit probe -z db.example:5432 && echo open
  sockit probe tls://www.example:https
  sockit probe unix:/run/app.sock --json
For tls:// it shows each certificate of the server, also if it is not trusted (exit code 60)."
    )]
    Probe(Probe),
    /// Print the port of a service, or the name of the service on a port
    #[command(
        display_order = 4,
        after_help = "\
Examples:
  sockit port https
  sockit port 53/udp"
    )]
    Port(Port),
    /// Send text or standard input
    #[command(
        display_order = 5,
        after_help = "\
Examples:
  sockit send 127.0.0.1:7000 < file
  sockit send udp://127.0.0.1:8125 'hits:1|c'
  sockit send 127.0.0.1:7000 -- '- begins with a dash'
  sockit send tls://backup.example:7001 --cacert ca.pem < file
  printf 'GET / HTTP/1.0\\r\\n\\r\\n' | sockit send www.example:http --wait 5s"
    )]
    Send(Send),
    /// Accept a connection and relay it to stdin/stdout
    #[command(
        display_order = 6,
        after_help = "\
Examples:
  sockit listen :7000 > file
  sockit listen unix:/run/drop.sock --keep-open >> log < /dev/null
  sockit listen 127.0.0.1:7000 --banner 'Thank you for connecting'
  sockit listen unix:@drop -w 1m > file
  sockit listen tls://:7001 --cert cert.pem --key key.pem > file
On a terminal, sockit ends when the client closes the connection, and prints a note. With input from
a pipe or file, it ends when both sides are done, because the client may still expect a reply; -w
limits that wait."
    )]
    Listen(Listen),
    /// Connect and relay the connection to stdin/stdout
    #[command(
        display_order = 7,
        after_help = "\
Examples:
  sockit connect 127.0.0.1:7000
  sockit connect 192.0.2.7:7000 --local-address 192.0.2.8 < file
  sockit connect -w 5s 'unix:@app'
  sockit connect tls://127.0.0.1:7001 --cacert ca.pem --servername backup.example
On a terminal, sockit ends when the peer closes the connection, and prints a note. With input from
a pipe or file, it ends when both sides are done, because the peer may still expect a reply; -w
limits that wait."
    )]
    Connect(Connect),
}

impl Command {
    /// Returns `true` if an option of the command itself (`get -s`) silences it.
    pub(crate) fn is_silent(&self) -> bool {
        match self {
            Command::Get(args) => args.silent,
            _ => false,
        }
    }
}
