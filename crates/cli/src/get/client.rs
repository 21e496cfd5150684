//! The client of a run, as the command line describes it.

use std::net::SocketAddr;
use std::time::Duration;

use httpget::http::HeaderName;
use httpget::http::header::{IF_RANGE, RANGE, USER_AGENT};
use httpget::protocol::{Field, parse_field};
use httpget::{Client, Limits, MinSpeed, Timeouts};
use netcore::Connector;

use crate::args::get::Get;
use crate::exit::{self, Failure};
#[cfg(feature = "tls")]
use crate::tls;

/// The default `User-Agent`.
const AGENT: &str = concat!("User-Agent: sockit/", env!("CARGO_PKG_VERSION"));

/// Returns a client with the limits, the fields and the connections of the command line.
///
/// # Errors
///
/// [`exit::USAGE`] for a malformed or contradictory `-H`, and the codes of unusable files.
pub(super) fn client(args: &Get) -> Result<Client, Failure> {
    let fields = fields(args)?;
    let mut connector = Connector::new().with_family(args.families.wanted());
    if let Some(address) = args.local_address {
        connector = connector.with_local_address(address);
    }
    let body = match args.max_filesize {
        // In curl, 0 means no limit too.
        Some(0) | None => u64::MAX,
        Some(bytes) => bytes as u64,
    };
    let limits = Limits::default().with_body(body).with_redirects(args.max_redirects);
    let timeouts = Timeouts::default()
        .with_connect(args.connect_timeout)
        .with_first_byte(args.first_byte_timeout)
        .with_stall(args.stall_timeout)
        .with_min_speed(min_speed(args))
        .with_total(args.max_time);
    let mut client =
        Client::new().with_limits(limits).with_timeouts(timeouts).with_connector(connector);
    // As in curl; -v reports it.
    client = client.with_insecure_redirects(true);
    #[cfg(feature = "tls")]
    if let Some(tls) = tls::client_connector(&args.tls)? {
        if args.tls.insecure {
            log::warn!("{}", tls::UNVERIFIED);
        }
        client = client.with_tls(tls);
    }
    for field in fields {
        client = client.with_field(field);
    }
    for (host, port, ip) in &args.resolve {
        client = client.with_address(host, *port, SocketAddr::new(*ip, *port));
    }
    if let Some(path) = &args.unix_socket {
        client = client.with_unix_socket(path);
    }
    Ok(client)
}

/// Returns the lowest accepted speed of a body. The defaults are curl's: a byte per second, over 30
/// s.
fn min_speed(args: &Get) -> Option<MinSpeed> {
    let time = args.speed_time.unwrap_or(Duration::from_secs(30));
    let bytes = args.speed_limit.or(args.speed_time.map(|_| 1))?;
    (bytes > 0).then_some(MinSpeed::new(bytes as u64, time))
}

/// Returns the fields of `-H`, and the program's own fields unless `-H` names them.
fn fields(args: &Get) -> Result<Vec<Field>, Failure> {
    let by_hand = args.headers.iter().map(|text| parse_field(text));
    let by_hand: Vec<Field> = by_hand
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(exit::USAGE, format!("-H: {}", exit::chain(&error))))?;
    let names = |name: HeaderName| by_hand.iter().any(|field| *field.name() == name);
    if args.resume && (names(RANGE) || names(IF_RANGE)) {
        let message =
            "-C sends Range and If-Range itself; it cannot be combined with -H of these fields";
        return Err(Failure::new(exit::USAGE, message));
    }
    let agent = parse_field(AGENT).ok().filter(|_| !names(USER_AGENT));
    let range = args.range.as_ref().filter(|_| !names(RANGE));
    let range = range.and_then(|range| parse_field(&format!("Range: bytes={range}")).ok());
    Ok(agent.into_iter().chain(range).chain(by_hand).collect())
}
