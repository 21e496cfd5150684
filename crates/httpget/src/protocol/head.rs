//! The head of a response.

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};

use super::diagnose::{self, malformed};
use super::error::{ProtocolError, ResponsePart};
use super::field_section::FieldSection;
use super::framing_fields::FramingFields;
use super::warning::Warning;
use crate::limits::Limits;

/// The head of a response, decoded and as received.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    version: Version,
    status: StatusCode,
    headers: HeaderMap,
    framing_fields: FramingFields,
    raw: Vec<u8>,
}

impl ResponseHead {
    /// Parses a complete head. [`diagnose::status_line`] has checked its first bytes.
    pub(super) fn parse(
        section: &mut FieldSection,
        limits: &Limits,
    ) -> Result<ResponseHead, ProtocolError> {
        ResponseHead::parse_with(section, limits, |_| false)
    }

    /// Parses the complete head of a reply to CONNECT. In a 2xx, Content-Length and
    /// Transfer-Encoding have no meaning, whatever their values are (RFC 9110 section 9.3.6).
    #[cfg(feature = "proxy")]
    pub(super) fn parse_tunnel(
        section: &mut FieldSection,
        limits: &Limits,
    ) -> Result<ResponseHead, ProtocolError> {
        ResponseHead::parse_with(section, limits, |status| status.is_success())
    }

    fn parse_with(
        section: &mut FieldSection,
        limits: &Limits,
        has_no_framing: fn(StatusCode) -> bool,
    ) -> Result<ResponseHead, ProtocolError> {
        let raw = section.take();
        let mut slots = vec![httparse::EMPTY_HEADER; section.lines().min(most_fields(limits))];
        let mut response = httparse::Response::new(&mut slots);
        let parsed = httparse::ParserConfig::default()
            .allow_obsolete_multiline_headers_in_responses(true)
            .parse_response(&mut response, &raw);
        match parsed {
            Ok(httparse::Status::Complete(length)) if length == raw.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(too_many(limits)),
            _ => return Err(diagnose::head(&raw)),
        }
        let version = if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
        let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
        let status = status.ok_or_else(|| malformed(ResponsePart::Head, 9, "no status code"))?;

        let mut headers = HeaderMap::try_with_capacity(response.headers.len()).unwrap_or_default();
        let mut framing_fields = FramingFields::default();
        for field in response.headers.iter() {
            let flaw = |(offset, what)| {
                malformed(ResponsePart::Head, offset_in(&raw, field.value) + offset, what)
            };
            let name =
                append(&mut headers, &raw, field, section.is_folded(), ResponsePart::Head, limits)?;
            if has_no_framing(status) {
                continue;
            }
            if name == CONTENT_LENGTH {
                framing_fields.length(field.value).map_err(flaw)?;
            } else if name == TRANSFER_ENCODING {
                framing_fields.coding(field.value).map_err(flaw)?;
            }
        }
        Ok(ResponseHead { version, status, headers, framing_fields, raw })
    }

    /// Returns HTTP/1.0 or HTTP/1.1.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the status code, from 100 to 999.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the reason phrase, which may be empty and need not be text.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        let line = self.raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.get("HTTP/1.1 200 ".len()..).unwrap_or_default()
    }

    /// Returns the fields. Lines of a folded value are joined by single spaces.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the bytes as received, from the status line to the empty line, both included.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub(super) fn framing_fields(&self) -> &FramingFields {
        &self.framing_fields
    }

    /// Returns `true` if the server keeps the connection, by version and Connection (RFC 9112
    /// section 9.3).
    pub(super) fn keeps_connection(&self) -> bool {
        let has = |option: &str| {
            self.headers.get_all(CONNECTION).iter().any(|value| {
                value
                    .as_bytes()
                    .split(|byte| *byte == b',')
                    .any(|element| element.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
            })
        };
        !has("close") && (self.version == Version::HTTP_11 || has("keep-alive"))
    }

    /// Returns the warnings about this head.
    pub(super) fn warnings(&self, section: &FieldSection) -> impl Iterator<Item = Warning> {
        let framing_fields = self.framing_fields;
        [
            (section.has_bare_lf(), Warning::BareLf),
            (section.is_folded(), Warning::Folded),
            (framing_fields.is_repeated(), Warning::LengthRepeated),
            (framing_fields.is_both(), Warning::LengthIgnored),
            (framing_fields.is_chunked_http10(self.version), Warning::ChunkedHttp10),
            (framing_fields.is_impossible(self.status), Warning::ContentImpossible),
        ]
        .into_iter()
        .filter_map(|(holds, warning)| holds.then_some(warning))
    }
}

/// Appends a field accepted by httparse, and returns its name.
pub(super) fn append(
    headers: &mut HeaderMap,
    raw: &[u8],
    field: &httparse::Header<'_>,
    folded: bool,
    part: ResponsePart,
    limits: &Limits,
) -> Result<HeaderName, ProtocolError> {
    let refuse = |of: &[u8], what| malformed(part, offset_in(raw, of), what);
    // httparse and http have the same rules; http also has a longest name.
    let name = HeaderName::from_bytes(field.name.as_bytes())
        .map_err(|_| refuse(field.name.as_bytes(), "a field's name that is too long"))?;
    let value = if folded && field.value.contains(&b'\n') {
        HeaderValue::from_bytes(&joined(field.value))
    } else {
        HeaderValue::from_bytes(field.value)
    };
    let value = value.map_err(|_| refuse(field.value, "a control character in a field's value"))?;
    headers.try_append(name.clone(), value).map_err(|_| too_many(limits))?;
    Ok(name)
}

/// Joins the lines of a folded value. RFC 9112 section 5.2: a user agent reads each obs-fold as
/// space.
fn joined(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(&b' ')
}

/// Returns the offset of `part` in `raw`.
fn offset_in(raw: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(raw.as_ptr() as usize)
}

pub(super) fn too_many(limits: &Limits) -> ProtocolError {
    ProtocolError::TooLarge { limit: "fields", max: most_fields(limits) as u64 }
}

/// Returns the limit of fields. A map of `http` holds at most 2^15 names.
pub(super) fn most_fields(limits: &Limits) -> usize {
    limits.fields.min(1 << 15)
}
