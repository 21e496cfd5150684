//! The head of an HTTP request, without I/O (RFC 9112, sections 3 to 5): GET and HEAD, no content.

use crate::http_head::{MAX_FIELDS, Status, parse_head};

#[cfg(test)]
mod tests;

/// The longest head in bytes.
pub(crate) const MAX_HEAD: usize = 8 * 1024;

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
}

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// The path of the target, without a query.
    pub(crate) path: &'a str,
    /// `true` for HTTP/1.1, `false` for HTTP/1.0.
    pub(crate) is_http_1_1: bool,
    /// The value of Host, or the authority of a target in absolute form.
    pub(crate) host: &'a str,
    fields: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Request<'a> {
    /// Parses the head at the beginning of `input`. Returns it with its length, or `None` if it is
    /// not complete.
    ///
    /// # Errors
    ///
    /// The [`Status`] of the answer to a head that is malformed, too long, or not for this server.
    /// The connection has to be closed after it.
    pub(crate) fn parse(input: &'a [u8]) -> Result<Option<(Request<'a>, usize)>, Status> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut parsed = httparse::Request::new(&mut fields);
        let Some(length) = parse_head(&mut parsed, input, MAX_HEAD)? else { return Ok(None) };
        let (Some(method), Some(target), Some(version)) =
            (parsed.method, parsed.path, parsed.version)
        else {
            return Err(Status::BadRequest);
        };
        let fields = parsed.headers.iter().map(|field| (field.name, field.value)).collect();
        let (authority, path) = split_target(target).ok_or(Status::BadRequest)?;
        let mut request =
            Request { method: Method::Get, path, is_http_1_1: version == 1, host: "", fields };
        request.host = request.check_host(authority)?;
        // Content would have to be read before the next request. Section 6.1: a request with
        // Transfer-Encoding and Content-Length can be an attempt of smuggling.
        let has_length = request.values("content-length").any(|length| length != b"0");
        if has_length || request.has("transfer-encoding") {
            return Err(Status::BadRequest);
        }
        request.method = match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            _ => return Err(Status::MethodNotAllowed),
        };
        Ok(Some((request, length)))
    }

    /// Returns the values of all fields called `name`, which is in lower case.
    pub(crate) fn values(&self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        let is_it = move |(field, _): &&(&str, &[u8])| field.eq_ignore_ascii_case(name);
        self.fields.iter().filter(is_it).map(|(_, value)| value.trim_ascii())
    }

    /// Returns `true` if there is a field called `name`.
    pub(crate) fn has(&self, name: &'static str) -> bool {
        self.values(name).next().is_some()
    }

    /// Returns the value of the only field called `name`. Returns `None` if there is none or more
    /// than one.
    pub(crate) fn only(&self, name: &'static str) -> Option<&'a [u8]> {
        let mut values = self.values(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// Returns `true` if a list field called `name` has the element `token`, in any case.
    pub(crate) fn lists(&self, name: &'static str, token: &str) -> bool {
        let mut tokens = self.values(name).flat_map(|value| value.split(|byte| *byte == b','));
        tokens.any(|element| element.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Returns `true` if the client wants to send further requests on the connection.
    pub(crate) fn keeps_alive(&self) -> bool {
        self.is_http_1_1 && !self.lists("connection", "close")
    }

    /// Returns the host of the request (RFC 9112, section 3.2): exactly one Host, which HTTP/1.0
    /// may lack. A target in absolute form takes precedence.
    fn check_host(&self, authority: Option<&'a str>) -> Result<&'a str, Status> {
        let host = match self.only("host") {
            Some(host) => std::str::from_utf8(host).map_err(|_| Status::BadRequest)?,
            None if !self.is_http_1_1 && !self.has("host") => "",
            None => return Err(Status::BadRequest),
        };
        let host = authority.unwrap_or(host);
        let is_allowed = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\\\"<>,".contains(&byte);
        let is_missing = host.is_empty() && self.is_http_1_1;
        match !is_missing && host.bytes().all(is_allowed) {
            true => Ok(host),
            false => Err(Status::BadRequest),
        }
    }
}

/// Splits a target in origin form or in absolute form (RFC 9112, section 3.2) into its authority
/// and its path, without the query.
fn split_target(target: &str) -> Option<(Option<&str>, &str)> {
    let (authority, path) = if target.starts_with('/') {
        (None, target)
    } else {
        let (scheme, rest) = target.split_once("://")?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        (Some(authority), if path.starts_with('/') { path } else { "/" })
    };
    // A fragment is no part of a target.
    (!target.contains('#')).then(|| (authority, path.split('?').next().unwrap_or(path)))
}
