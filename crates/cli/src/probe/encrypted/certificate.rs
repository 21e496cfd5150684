//! A certificate of a server (RFC 5280), as a probe shows it.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, Utc};
use ring::digest::{SHA256, digest};
use x509_cert::certificate::{CertificateInner, Raw, TbsCertificateInner};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::escape::quote;

#[cfg(test)]
mod tests;

const DAY: u64 = 24 * 60 * 60;

/// The readable fields of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The fields, or the reason why the certificate cannot be read.
    content: Result<Content, String>,
    /// The SHA-256 of the DER.
    sha256: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Content {
    subject: String,
    /// The alternative names of the subject.
    names: Vec<String>,
    issuer: String,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    /// Whole days until `not_after`, negative if it has passed.
    days_left: i64,
    validity: Validity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Validity {
    Future,
    Valid,
    Expired,
}

impl Certificate {
    /// Reads the certificate in `der`.
    pub(super) fn of(der: &[u8], now: SystemTime) -> Certificate {
        let hash = digest(&SHA256, der);
        let sha256 = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        // Without the profile of RFC 5280, because certificates break it and still work.
        let content = CertificateInner::<Raw>::from_der(der)
            .map_err(|error| error.to_string())
            .and_then(|it| Content::of(it.tbs_certificate(), now));
        Certificate { content, sha256 }
    }

    /// Returns the lines of text, each a name and a value.
    pub(super) fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = match &self.content {
            Ok(content) => content.rows(),
            Err(reason) => vec![("malformed", reason.clone())],
        };
        rows.push(("sha256", self.sha256.clone()));
        rows
    }

    /// Returns the fields of a JSON object.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = match &self.content {
            Ok(content) => content.fields(),
            Err(reason) => vec![("error", quote(reason))],
        };
        fields.push(("sha256", quote(&self.sha256)));
        fields
    }
}

impl Content {
    fn of(certificate: &TbsCertificateInner<Raw>, now: SystemTime) -> Result<Content, String> {
        let names = match certificate.get_extension::<SubjectAltName>() {
            Ok(names) => names.map(|(_, names)| names.0).unwrap_or_default(),
            Err(error) => return Err(format!("its names: {error}")),
        };
        let validity = certificate.validity();
        let [not_before, not_after] =
            [validity.not_before, validity.not_after].map(|it| it.to_unix_duration());
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Content {
            subject: certificate.subject().to_string(),
            names: names.iter().map(written).collect(),
            issuer: certificate.issuer().to_string(),
            not_before: date(not_before)?,
            not_after: date(not_after)?,
            days_left: match not_after.checked_sub(now) {
                Some(left) => days(left),
                None => -days(now - not_after),
            },
            validity: match now {
                _ if now < not_before => Validity::Future,
                _ if now > not_after => Validity::Expired,
                _ => Validity::Valid,
            },
        })
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let days = |count: i64| match count.abs() {
            1 => "1 day".to_owned(),
            count => format!("{count} days"),
        };
        let remark = match self.validity {
            Validity::Valid => format!("{} left", days(self.days_left)),
            Validity::Expired => format!("expired {} ago", days(self.days_left)),
            Validity::Future => "not valid yet".to_owned(),
        };
        let [from, until] = [self.not_before, self.not_after].map(|it| it.format("%F %T UTC"));
        let names = match self.names.is_empty() {
            true => "none".to_owned(),
            false => self.names.join(", "),
        };
        vec![
            ("subject", or_empty(&self.subject)),
            ("names", names),
            ("issuer", or_empty(&self.issuer)),
            ("valid", format!("{from} to {until}, {remark}")),
        ]
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let names: Vec<String> = self.names.iter().map(|name| quote(name)).collect();
        let time = |time: &DateTime<Utc>| quote(&time.to_rfc3339_opts(SecondsFormat::Secs, true));
        vec![
            ("subject", quote(&self.subject)),
            ("names", format!("[{}]", names.join(","))),
            ("issuer", quote(&self.issuer)),
            ("not_before", time(&self.not_before)),
            ("not_after", time(&self.not_after)),
            ("days_left", self.days_left.to_string()),
        ]
    }
}

/// Returns an alternative name as text. A host or an address has no prefix.
fn written(name: &GeneralName) -> String {
    match name {
        GeneralName::DnsName(name) => name.to_string(),
        GeneralName::IpAddress(bytes) => address(bytes.as_bytes()),
        GeneralName::Rfc822Name(name) => format!("email:{name}"),
        GeneralName::UniformResourceIdentifier(uri) => format!("uri:{uri}"),
        GeneralName::DirectoryName(name) => format!("directory:{name}"),
        GeneralName::RegisteredId(id) => format!("id:{id}"),
        GeneralName::OtherName(name) => format!("other:{}", name.type_id),
        GeneralName::EdiPartyName(_) => "edi".to_owned(),
    }
}

fn address(bytes: &[u8]) -> String {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    match v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)) {
        Ok(address) => address.to_string(),
        Err(_) => "malformed address".to_owned(),
    }
}

fn date(time: Duration) -> Result<DateTime<Utc>, String> {
    let seconds = i64::try_from(time.as_secs()).ok();
    let date = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    date.ok_or_else(|| "a date out of range".to_owned())
}

fn days(time: Duration) -> i64 {
    i64::try_from(time.as_secs() / DAY).unwrap_or(i64::MAX)
}

fn or_empty(name: &str) -> String {
    if name.is_empty() { "empty".to_owned() } else { name.to_owned() }
}
