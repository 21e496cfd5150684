//! TLS of the commands: connectors and acceptors, as the arguments describe them.

use netcore::tls::{TlsAcceptor, TlsConnector};
use netcore::{Connector, Endpoint, Transport};

use crate::args::common::{TlsClientArgs, TlsConnectArgs, TlsListenArgs};
use crate::exit::{self, Failure, chain};

/// Returns `connector` with the TLS settings of `args`, if one of the endpoints is `tls://`.
///
/// # Errors
///
/// As [`tls_connector`].
pub(crate) fn with_tls(
    connector: Connector,
    args: &TlsConnectArgs,
    endpoints: &[Endpoint],
) -> Result<Connector, Failure> {
    Ok(match tls_connector(args, endpoints)? {
        Some(tls) => connector.with_tls(tls),
        None => connector,
    })
}

/// Returns the TLS settings of `args`, or `None` if no endpoint is `tls://`. Warns about each
/// endpoint whose certificate is not verified.
///
/// # Errors
///
/// - 77, 58: a file is unusable;
/// - 2: an option is given without such an endpoint, which would stay in the clear, or the name of
///   `--servername` is malformed.
pub(crate) fn tls_connector(
    args: &TlsConnectArgs,
    endpoints: &[Endpoint],
) -> Result<Option<TlsConnector>, Failure> {
    let TlsConnectArgs { client, servername } = args;
    if !endpoints.iter().any(is_tls) {
        let options = [
            ("--cacert", client.cacert.is_some()),
            ("--insecure", client.insecure),
            ("--cert", client.cert.is_some()),
            ("--servername", servername.is_some()),
        ];
        return refuse_options(&options, endpoints).map(|()| None);
    }
    let tls = match client_connector(client)? {
        Some(tls) => tls,
        None => TlsConnector::with_system_roots()?,
    };
    let tls = match servername {
        Some(name) => tls.with_server_name(name).map_err(|_| malformed_name(name))?,
        None => tls,
    };
    if client.insecure {
        for endpoint in endpoints.iter().filter(|endpoint| is_tls(endpoint)) {
            log::warn!("{endpoint}: {UNVERIFIED}");
        }
    }
    Ok(Some(tls))
}

/// The warning about `--insecure`.
pub(crate) const UNVERIFIED: &str = "the certificate is not verified (--insecure), so anybody on \
                                     the way can read and change all data";

/// Returns the TLS settings of `args`, or `None` if no option is given.
///
/// # Errors
///
/// 77, 58: a file is unusable.
pub(crate) fn client_connector(args: &TlsClientArgs) -> Result<Option<TlsConnector>, Failure> {
    let TlsClientArgs { cacert, insecure, cert, key } = args;
    let tls = match (cacert, insecure, cert) {
        (None, false, None) => return Ok(None),
        (Some(file), ..) => TlsConnector::with_roots_file(file)?,
        (None, true, _) => TlsConnector::dangerous_without_verification()?,
        (None, false, Some(_)) => TlsConnector::with_system_roots()?,
    };
    Ok(Some(match (cert, key) {
        (Some(cert), Some(key)) => tls.with_certificate_files(cert, key)?,
        _ => tls,
    }))
}

/// Returns the certificate of a server with these endpoints, or `None` if none is `tls://`.
///
/// # Errors
///
/// - 58, 77: a file is unusable;
/// - 2: an endpoint needs a certificate and there is none, or the reverse.
pub(crate) fn acceptor(
    args: &TlsListenArgs,
    endpoints: &[Endpoint],
) -> Result<Option<TlsAcceptor>, Failure> {
    let TlsListenArgs { cert, key, client_ca } = args;
    let encrypted = endpoints.iter().find(|endpoint| is_tls(endpoint));
    match (encrypted, cert, key) {
        (None, ..) => refuse_options(&[("--cert", cert.is_some())], endpoints).map(|()| None),
        (Some(_), Some(cert), Some(key)) => {
            let acceptor = TlsAcceptor::from_files(cert, key)?;
            Ok(Some(match client_ca {
                Some(file) => acceptor.with_client_roots_file(file)?,
                None => acceptor,
            }))
        }
        (Some(endpoint), ..) => {
            let message = format!("{endpoint} needs a certificate: --cert FILE and --key FILE");
            Err(Failure::new(exit::USAGE, message))
        }
    }
}

/// Reads the files of the certificate again, and logs the result.
pub(crate) fn reload(acceptor: &TlsAcceptor) {
    match acceptor.reload() {
        Ok(()) => log::info!("--cert: read again, for connections to come"),
        Err(error) => log::error!(
            "--cert: not read again, so that the earlier certificate stays in use: {}",
            chain(&error)
        ),
    }
}

fn is_tls(endpoint: &Endpoint) -> bool {
    endpoint.transport() == Transport::Tls
}

/// Fails if an option of `tls://` is given without such an endpoint.
fn refuse_options(options: &[(&str, bool)], endpoints: &[Endpoint]) -> Result<(), Failure> {
    let Some((option, _)) = options.iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    let hint = endpoints.iter().find(|endpoint| endpoint.transport() == Transport::Tcp);
    let hint = hint.map(|endpoint| format!("; did you mean {}?", over_tls(endpoint)));
    let hint = hint.unwrap_or_default();
    Err(Failure::new(exit::USAGE, format!("{option} is for endpoints with tls://{hint}")))
}

/// Returns the text of a TCP endpoint as one of `tls://`.
pub(crate) fn over_tls(endpoint: &Endpoint) -> String {
    endpoint.to_string().replacen("tcp://", "tls://", 1)
}

fn malformed_name(name: &str) -> Failure {
    let message = format!("--servername {name}: neither a DNS name nor an IP address");
    Failure::new(exit::USAGE, message)
}
