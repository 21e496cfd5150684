//! `sockit time`: the timestamp service, its client, and measurements of both.

pub(crate) mod bench;
pub(crate) mod ping;

use std::io::{BufRead, Read};
use std::slice;
use std::time::SystemTime;

use netcore::server::Config;
use netcore::{Connector, Deadline, Endpoint, Transport};
use timestamp::{
    Client, ClientError, Format, Framing, ParsedTime, Service, TimeService, Zone,
    query_daytime_with, query_time_with,
};

use crate::args::common::Common;
use crate::args::time::{TimeClient, TimeServe};
use crate::escape;
use crate::exit::{self, Failure};
use crate::serve::Listening;
use crate::stdio::Stdio;
use crate::tls::with_tls;

/// Bytes of one read of a server that replies to lines.
const LINE_READ: usize = 4 * 1024;

/// Bytes to read of one line: one more than the client sends, so that it reports a longer line.
const MAX_LINE: u64 = Client::ANSWER_LIMIT as u64 + 3;

/// Runs `sockit time serve`.
pub(crate) fn serve(args: TimeServe, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let service = args.service;
    let has_text = matches!(service, Service::Timestamp | Service::Daytime);
    if args.framing.is_some() && service != Service::Timestamp {
        return Err(no_such("--framing", service));
    }
    if (args.format.is_some() || args.utc) && !has_text {
        return Err(no_such("--format or --utc", service));
    }
    let framing = match args.framing.as_deref() {
        Some("line") => Framing::Line { limit: Framing::LINE_LIMIT },
        _ => Framing::Chunk,
    };
    let format = args.format.unwrap_or_default();
    let zone = if args.utc { Zone::Utc } else { Zone::Local };
    let limits = Config::default().with_max_connections(args.max_connections);
    let limits = match framing {
        // A small read bounds the replies: an empty line is 1 byte, and its reply 28.
        Framing::Line { .. } => limits.with_read(LINE_READ),
        _ => limits,
    };
    // The default is reachable only from this machine.
    let default = ["tcp", "udp"].map(|scheme| format!("{scheme}://127.0.0.1:{}", service.port()));
    let default = default.each_ref().map(String::as_str);
    let listening = Listening::start(&args.serve, &default, limits, common, stdio)?;
    listening.run(|_| TimeService::new(framing, format.clone(), zone).with_service(service))
}

fn no_such(option: &str, service: Service) -> Failure {
    Failure::new(
        exit::USAGE,
        format!("the service {service} does not take {option}; see sockit time serve --help"),
    )
}

/// Runs `sockit time client`.
pub(crate) fn client(args: TimeClient, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let endpoint: Endpoint = args.endpoint.parse()?;
    let connector = with_tls(Connector::new(), &args.tls, slice::from_ref(&endpoint))?;
    let deadline = Deadline::after(args.timeout);
    match args.service {
        Service::Timestamp | Service::Echo => {}
        Service::Daytime => {
            let line = query_daytime_with(&connector, &endpoint, deadline)?;
            return print(&line, common, stdio);
        }
        Service::Time => {
            let line = written(query_time_with(&connector, &endpoint, deadline)?);
            return print(line.as_bytes(), common, stdio);
        }
    }
    let mut client = connect(&connector, &endpoint, deadline)?;
    let mut input = stdio.input();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        if read
            .map_err(|error| Failure::new(exit::OTHER, format!("read standard input: {error}")))?
            == 0
        {
            return Ok(());
        }
        let answer = client.request(&line, Deadline::after(args.timeout))?;
        print(answer, common, stdio)?;
    }
}

fn print(answer: &[u8], common: &Common, stdio: &Stdio) -> Result<(), Failure> {
    if !common.json {
        return stdio.printer.print(answer);
    }
    let text = String::from_utf8_lossy(answer);
    let quoted = escape::quote(text.trim_end_matches(['\r', '\n']));
    stdio.print(&format!("{{\"answer\":{quoted}}}\n"))
}

/// Returns the time of RFC 868 as text.
fn written(seconds: u32) -> String {
    let mut line = String::new();
    if let Some(reading) = ParsedTime::from_seconds_since_1900(seconds, SystemTime::now()) {
        Format::Rfc3339.write(reading.time, Zone::Local, &mut line);
    }
    line + "\n"
}

fn connect(
    connector: &Connector,
    endpoint: &Endpoint,
    deadline: Deadline,
) -> Result<Client, Failure> {
    Ok(match endpoint.transport() {
        Transport::Udp => {
            let socket = connector.connect_datagram(endpoint, deadline)?;
            Client::datagram(socket, Client::ANSWER_LIMIT)
        }
        _ => Client::stream(connector.connect(endpoint, deadline)?, Client::ANSWER_LIMIT),
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
