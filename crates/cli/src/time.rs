//! `sockit time`.

#[cfg(unix)]
pub(crate) mod bench;

use std::io::{BufRead, Read};

use netcore::server::Config;
use netcore::{Datagram, Deadline, Endpoint, SocketOptions, Stream, Transport};
use timestamp::{Client, ClientError, Framing, TimeService, Zone};

use crate::args::{Common, TimeClient, TimeServe};
use crate::exit::{self, Failure};
use crate::serve::Listening;
use crate::streams::Console;
use crate::values;

/// Without `--listen`, nobody but this machine's users.
const DEFAULT: [&str; 2] = ["tcp://127.0.0.1:21567", "udp://127.0.0.1:21567"];

/// One read by lines.
const LINES: usize = 4 * 1024;

/// One byte more of standard input than the client will send; it says what is wrong with that.
const LONGEST_LINE: u64 = Client::ANSWER_LIMIT as u64 + 3;

/// `sockit time serve`
pub(crate) fn serve(
    args: TimeServe,
    common: &Common,
    console: &mut Console,
) -> Result<(), Failure> {
    let framing = match args.framing.as_str() {
        "line" => Framing::Line { limit: Framing::LINE_LIMIT },
        _ => Framing::Chunk,
    };
    let zone = if args.utc { Zone::Utc } else { Zone::Local };
    let limits = Config::default().with_max_connections(args.max_connections);
    let limits = match framing {
        // An empty line is one byte, and its answer 28.
        Framing::Line { .. } => limits.with_read(LINES),
        _ => limits,
    };
    let listening = Listening::start(&args.serve, &DEFAULT, limits, common, console)?;
    listening.run(|_| TimeService::new(framing, args.format.clone(), zone))
}

/// `sockit time client`
pub(crate) fn client(
    args: TimeClient,
    common: &Common,
    console: &mut Console,
) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let mut client = connect(&endpoint, Deadline::after(args.timeout))?;
    let mut input = console.input();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        if read.map_err(|e| Failure::new(exit::OTHER, format!("read standard input: {e}")))? == 0 {
            return Ok(());
        }
        let answer = client.request(&line, Deadline::after(args.timeout))?;
        if common.json {
            let text = String::from_utf8_lossy(answer);
            let quoted = values::quote(text.trim_end_matches(['\r', '\n']));
            console.print(&format!("{{\"answer\":{quoted}}}\n"))?;
        } else {
            console.printer.print(answer)?;
        }
    }
}

fn connect(endpoint: &Endpoint, deadline: Deadline) -> Result<Client, Failure> {
    let options = SocketOptions::default();
    Ok(match endpoint.transport() {
        Transport::Udp => {
            let socket = Datagram::connect(endpoint, &options, deadline)?;
            Client::datagram(socket, Client::ANSWER_LIMIT)
        }
        _ => {
            let stream = Stream::connect(endpoint, &options, deadline)?;
            Client::stream(stream, Client::ANSWER_LIMIT)
        }
    })
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        let code = match error {
            ClientError::Socket(error) => return error.into(),
            ClientError::NoAnswer { .. } => exit::NOTHING_RECEIVED,
            ClientError::TooLong { .. } => exit::TOO_LARGE,
            _ => exit::RECEIVE_ERROR,
        };
        Failure::new(code, error.to_string())
    }
}
