//! The head of a request for metrics (RFC 9112, sections 3 to 5): GET and HEAD, without content.

#[cfg(test)]
mod tests;

/// The longest head in bytes.
pub(crate) const MAX_HEAD: usize = 4 * 1024;

/// The most fields of a head.
const MAX_FIELDS: usize = 64;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    /// The path of the target, without the query.
    pub(crate) path: &'a str,
    /// `false` for HEAD.
    pub(crate) wants_content: bool,
}

/// The status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    HeadTooLarge,
    Unavailable,
    VersionNotSupported,
}

impl Status {
    /// Returns the code and the reason.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::RequestTimeout => "408 Request Timeout",
            Status::HeadTooLarge => "431 Request Header Fields Too Large",
            Status::Unavailable => "503 Service Unavailable",
            Status::VersionNotSupported => "505 HTTP Version Not Supported",
        }
    }
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
        let window = &input[..input.len().min(MAX_HEAD)];
        match parsed.parse(window) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) if input.len() >= MAX_HEAD => {
                return Err(Status::HeadTooLarge);
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Status::HeadTooLarge),
            Err(httparse::Error::Version) => return Err(Status::VersionNotSupported),
            Err(_) => return Err(Status::BadRequest),
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
