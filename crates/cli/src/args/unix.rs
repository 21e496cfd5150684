//! The commands that only Unix has.

#![cfg(unix)]

use clap::Subcommand;

use crate::args::get::Get;
use crate::args::net::{Connect, Listen, Send};

/// The commands that only Unix has. Their `display_order` is the place among all commands.
#[derive(Debug, Subcommand)]
pub(crate) enum UnixCommand {
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
