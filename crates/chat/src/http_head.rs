//! The head of an HTTP request as both HTTP services read it first (RFC 9112, sections 3 to 5).

/// The most fields of a head.
pub(crate) const MAX_FIELDS: usize = 64;

/// The status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Ok,
    #[cfg(feature = "web")]
    NotModified,
    BadRequest,
    #[cfg(feature = "web")]
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    #[cfg(feature = "web")]
    UpgradeRequired,
    HeadTooLarge,
    Unavailable,
    VersionNotSupported,
}

impl Status {
    /// Returns the code and the reason.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            #[cfg(feature = "web")]
            Status::NotModified => "304 Not Modified",
            Status::BadRequest => "400 Bad Request",
            #[cfg(feature = "web")]
            Status::Forbidden => "403 Forbidden",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::RequestTimeout => "408 Request Timeout",
            #[cfg(feature = "web")]
            Status::UpgradeRequired => "426 Upgrade Required",
            Status::HeadTooLarge => "431 Request Header Fields Too Large",
            Status::Unavailable => "503 Service Unavailable",
            Status::VersionNotSupported => "505 HTTP Version Not Supported",
        }
    }
}

/// Parses the head at the beginning of `input` into `request`. Returns its length, or `None` if it
/// is not complete.
///
/// # Errors
///
/// The status of the response to a head that is malformed, longer than `limit` bytes, or of another
/// version.
pub(crate) fn parse_head<'a>(
    request: &mut httparse::Request<'_, 'a>,
    input: &'a [u8],
    limit: usize,
) -> Result<Option<usize>, Status> {
    match request.parse(&input[..input.len().min(limit)]) {
        Ok(httparse::Status::Complete(length)) => Ok(Some(length)),
        Ok(httparse::Status::Partial) if input.len() >= limit => Err(Status::HeadTooLarge),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(httparse::Error::TooManyHeaders) => Err(Status::HeadTooLarge),
        Err(httparse::Error::Version) => Err(Status::VersionNotSupported),
        Err(_) => Err(Status::BadRequest),
    }
}
