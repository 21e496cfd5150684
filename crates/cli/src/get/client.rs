//! The client of a run, as the command line describes it.

use std::net::SocketAddr;
use std::time::Duration;

use httpget::http::HeaderName;
use httpget::http::header::{IF_RANGE, RANGE};
use httpget::protocol::{Field, parse_field};
use httpget::proxy::ProxyRules;
use httpget::{Client, Limits, MinSpeed, Timeouts};
use netcore::{Connector, SocketOptions};

use super::{condition, proxies};
use crate::args::get::Get;
use crate::exit::{self, Failure};
use crate::parse;
#[cfg(feature = "tls")]
use crate::tls;

/// The default `User-Agent`.
const AGENT: &str = concat!("sockit/", env!("CARGO_PKG_VERSION"));

/// Returns a client with the limits, the fields and the connections of the command line.
///
/// # Errors
///
/// [`exit::USAGE`] for a malformed or contradictory `-H`, those of [`proxies::rules`], and the
/// codes of unusable files.
pub(super) fn client(args: &Get) -> Result<Client, Failure> {
    let fields = fields(args)?;
    let connector = from_here(Connector::new().with_family(args.families.wanted()), args);
    let body = match args.max_filesize {
        // In curl, 0 means no limit too.
        Some(0) | None => u64::MAX,
        Some(bytes) => bytes as u64,
    };
    let ratio = match args.coding.max_ratio {
        0 => u64::MAX,
        ratio => ratio,
    };
    let limits =
        Limits::default().with_body(body).with_redirects(args.max_redirects).with_ratio(ratio);
    let timeouts = Timeouts::default()
        .with_connect(args.connect_timeout)
        .with_first_byte(args.first_byte_timeout)
        .with_stall(args.stall_timeout)
        .with_min_speed(min_speed(args))
        .with_total(args.max_time);
    let mut client =
        Client::new().with_limits(limits).with_timeouts(timeouts).with_connector(connector);
    client = client.with_decoding(args.coding.compressed);
    // As in curl; -v reports it.
    client = client.with_insecure_redirects(true);
    #[cfg(feature = "tls")]
    if let Some(tls) = tls::client_connector(&args.tls)? {
        if args.tls.insecure {
            log::warn!("{}", tls::UNVERIFIED);
        }
        client = client.with_tls(tls);
    }
    client = client.with_proxies(proxies::rules(&args.proxies, ProxyRules::from_env())?);
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

/// Binds connections to `--local-address` or `--interface`.
fn from_here(connector: Connector, args: &Get) -> Connector {
    if let Some(address) = args.local_address {
        return connector.with_local_address(address);
    }
    let Some(interface) = &args.network.interface else { return connector };
    // curl's prefixes say which of the two it is.
    let device = interface.strip_prefix("if!");
    let address = interface.strip_prefix("host!").unwrap_or(interface);
    match parse::local_address(address) {
        Ok(address) if device.is_none() => connector.with_local_address(address),
        _ => {
            let device = device.unwrap_or(interface).to_owned();
            connector.with_options(SocketOptions::new().with_bind_device(device))
        }
    }
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
    let mut fields = Vec::new();
    for (option, text) in own_fields(args)? {
        let field = parse_field(&text).map_err(|error| {
            Failure::new(exit::USAGE, format!("{option}: {}", exit::chain(&error)))
        })?;
        if !names(field.name().clone()) {
            fields.push(field);
        }
    }
    Ok(fields.into_iter().chain(by_hand).collect())
}

/// Returns the fields of the other options, each with the name of its option.
fn own_fields(args: &Get) -> Result<Vec<(&'static str, String)>, Failure> {
    let request = &args.request;
    let agent = request.user_agent.as_deref().unwrap_or(AGENT);
    let mut fields = vec![("-A", format!("User-Agent: {agent}"))];
    if let Some(range) = &args.range {
        fields.push(("-r", format!("Range: bytes={range}")));
    }
    let referer = request.referer.as_deref().map(|text| text.strip_suffix(";auto").unwrap_or(text));
    if let Some(referer) = referer.filter(|referer| !referer.is_empty()) {
        fields.push(("-e", format!("Referer: {referer}")));
    }
    if let Some(field) = request.time_cond.as_deref().and_then(condition::time_field) {
        fields.push(("-z", field));
    }
    if let Some(file) = &request.etag_compare {
        let field = condition::tag_field(file, request.etag_save.is_some())?;
        fields.push(("--etag-compare", field));
    }
    Ok(fields)
}
