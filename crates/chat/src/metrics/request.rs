//! The head of a request for metrics (RFC 9112, sections 3 to 5): GET and HEAD, without content.

use crate::http_head::{MAX_FIELDS, Status, parse_head};

#[cfg(test)]
mod tests;

/// The longest head in bytes.
pub(crate) const MAX_HEAD: usize = 4 * 1024;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    /// The path of the target, without the query.
    pub(crate) path: &'a str,
    /// `false` for HEAD.
    pub(crate) wants_content: bool,
}

impl Request<'_> {
    /// Parses a head. Returns `None` if it is not complete.
    ///
    /// # Errors
    ///
    /// The status of the response to a head that is malformed, too long or not supported.
    pub(crate) fn parse(input: &[u8]) -> Result<Option<Request<'_>>, Status> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Request::new(&mut fields);
        if parse_head(&mut parsed, input, MAX_HEAD)?.is_none() {
            return Ok(None);
        }
        let hosts = parsed.headers.iter().filter(|it| it.name.eq_ignore_ascii_case("host")).count();
        // RFC 9112, section 3.2: exactly one Host, which HTTP/1.0 may lack.
        if hosts > 1 || hosts == 0 && parsed.version == Some(1) {
            return Err(Status::BadRequest);
        }
        let wants_content = match parsed.method {
            Some("GET") => true,
            Some("HEAD") => false,
            _ => return Err(Status::MethodNotAllowed),
        };
        let target = parsed.path.unwrap_or_default();
        Ok(Some(Request { path: path_of(target).ok_or(Status::BadRequest)?, wants_content }))
    }
}

/// Returns the path of a target in origin form or in absolute form (RFC 9112, section 3.2).
fn path_of(target: &str) -> Option<&str> {
    let target = match target.strip_prefix("http://").or_else(|| target.strip_prefix("https://")) {
        Some(rest) => rest.find('/').map_or("/", |start| &rest[start..]),
        None => target,
    };
    target.starts_with('/').then(|| target.split('?').next().unwrap_or(target))
}
