//! The probe of an endpoint with `tls://`: its handshake, and the certificates of the server.

mod certificate;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use netcore::tls::{TlsConnector, TlsInfo};
use netcore::{Connector, Deadline, Endpoint, Error, SocketOptions};

use super::ProbeOutput;
use crate::args::net::Probe;
use crate::escape::quote;
use crate::exit::{Failure, chain};
use crate::tls::tls_connector;
use certificate::Certificate;

/// The certificates of the server in DER, and the verdict of their verification.
type Seen = Arc<Mutex<Option<(Vec<Vec<u8>>, Result<(), Error>)>>>;

/// Probes `endpoint`. A certificate that is not trusted does not end the connection, but is the
/// failure of the command in the end.
pub(super) fn probe(
    args: &Probe,
    output: &ProbeOutput<'_>,
    connector: Connector,
    endpoint: &Endpoint,
    asked: &SocketOptions,
    deadline: Deadline,
) -> Result<(), Failure> {
    let Some(tls) = tls_connector(&args.tls, std::slice::from_ref(endpoint))? else {
        return Ok(());
    };
    let seen = Seen::default();
    let connector = connector.with_tls(observed(tls, &seen));
    if args.open {
        return output.open(endpoint, &connector, deadline);
    }
    let mut printed = Ok(());
    let stream = connector.connect_observed(endpoint, deadline, |event| {
        if printed.is_ok() {
            printed = output.event(event);
        }
    });
    printed?;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (certificates, verdict) = seen.unwrap_or((Vec::new(), Ok(())));
    let is_verified = !args.tls.client.insecure;
    match &stream {
        Ok(stream) => {
            output.stream_addresses(stream, deadline)?;
            output.session(stream.tls().as_ref(), is_verified, &verdict)?;
        }
        Err(_) if certificates.is_empty() => {}
        Err(_) => output.session(None, is_verified, &verdict)?,
    }
    output.certificates(&certificates)?;
    output.options(&SocketOptions::report(&stream?, Some(asked))?)?;
    Ok(verdict.map_err(|error| error.at(endpoint.to_string()))?)
}

/// Returns `tls`, which accepts every certificate and keeps what it has seen.
fn observed(tls: TlsConnector, seen: &Seen) -> TlsConnector {
    let seen = seen.clone();
    tls.dangerous_with_decision(move |certificates, verdict| {
        let certificates = certificates.iter().map(|it| it.to_vec()).collect();
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((certificates, verdict));
        Ok(())
    })
}

impl ProbeOutput<'_> {
    fn session(
        &self,
        info: Option<&TlsInfo>,
        is_verified: bool,
        verdict: &Result<(), Error>,
    ) -> Result<(), Failure> {
        let version = info.and_then(TlsInfo::version);
        let suite = info.and_then(TlsInfo::cipher_suite);
        let (words, trusted) = match verdict {
            _ if !is_verified => ("certificate not verified".to_owned(), "null"),
            Ok(()) => ("certificate trusted".to_owned(), "true"),
            Err(error) => (reason(error), "false"),
        };
        let text: Vec<&str> = version.into_iter().chain(suite).chain([&*words]).collect();
        let or_null = |text: Option<&str>| text.map_or("null".to_owned(), quote);
        let mut fields = vec![
            ("version", or_null(version)),
            ("cipher_suite", or_null(suite)),
            ("trusted", trusted.to_owned()),
        ];
        if let Err(error) = verdict {
            fields.push(("error", quote(&reason(error))));
        }
        self.line("tls", &text.join(", "), &fields)
    }

    /// Prints the certificates of the server, its own first.
    fn certificates(&self, certificates: &[Vec<u8>]) -> Result<(), Failure> {
        let now = SystemTime::now();
        for (index, der) in certificates.iter().enumerate() {
            let certificate = Certificate::of(der, now);
            let number = index + 1;
            if self.common.json {
                let fields = [vec![("number", number.to_string())], certificate.fields()].concat();
                self.line("certificate", "", &fields)?;
                continue;
            }
            let heading = format!("{number} of {}", certificates.len());
            self.line("certificate", &heading, &[])?;
            certificate.rows().iter().try_for_each(|(name, text)| self.line(name, text, &[]))?;
        }
        Ok(())
    }
}

/// Returns the text of the error without its operation, which every verdict has.
fn reason(error: &Error) -> String {
    let text = chain(error);
    let operation = format!("{}: ", error.operation());
    text.strip_prefix(&operation).unwrap_or(&text).to_owned()
}
