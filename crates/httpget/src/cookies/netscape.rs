//! Lines of a cookie file in Netscape's format, as curl, wget and browsers read and write it.
//!
//! ```text
//!   [#HttpOnly_]DOMAIN ⇥ subdomains ⇥ PATH ⇥ secure ⇥ expiry ⇥ NAME ⇥ VALUE
//! ```
//!
//! `subdomains` and `secure` are TRUE or FALSE, `expiry` is in seconds since 1970, and 0 is the end
//! of the session. A domain with subdomains begins with a dot.

use super::refusal::BadLine;
use super::store::Cookie;

#[cfg(test)]
mod tests;

/// The first line of a file. Python and wget look for it.
pub(super) const HEADER: &[u8] = b"# Netscape HTTP Cookie File\n\
    # https://curl.se/docs/http-cookies.html\n\
    # This file is written anew by each run.\n\n";

const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// Parses a line without its line end. Returns `None` for an empty line and a comment.
pub(super) fn parse(line: &[u8]) -> Result<Option<Cookie>, BadLine> {
    let (http_only, line) = match line.strip_prefix(HTTP_ONLY) {
        Some(line) => (true, line),
        None => (false, line),
    };
    if line.trim_ascii().is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
    let (fields, value) = match fields[..] {
        // Editors strip the tab before an empty value.
        [domain, subdomains, path, secure, expiry, name] => {
            ([domain, subdomains, path, secure, expiry, name], &b""[..])
        }
        [domain, subdomains, path, secure, expiry, name, value] => {
            ([domain, subdomains, path, secure, expiry, name], value)
        }
        _ => return Err(BadLine::Fields),
    };
    let [domain, subdomains, path, secure, expiry, name] = fields;
    if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') || name.is_empty() {
        return Err(BadLine::Text);
    }
    // A name or value with these would be read as several cookies by the server.
    if name.iter().any(|byte| matches!(byte, b';' | b'=')) || value.contains(&b';') {
        return Err(BadLine::Text);
    }
    let domain = std::str::from_utf8(domain.strip_prefix(b".").unwrap_or(domain));
    let Ok(domain) = domain.map(lower_case) else { return Err(BadLine::Text) };
    // No host begins with these, and the line would be read as another one when it is written.
    if domain.is_empty() || domain.starts_with(['.', '#']) || !path.starts_with(b"/") {
        return Err(BadLine::Text);
    }
    let expires = match std::str::from_utf8(expiry).ok().and_then(|expiry| expiry.parse().ok()) {
        Some(0) => None,
        Some(expires) => Some(expires),
        None => return Err(BadLine::Expiry),
    };
    Ok(Some(Cookie {
        name: name.into(),
        value: value.into(),
        domain: domain.into(),
        host_only: !flag(subdomains)?,
        path: path.into(),
        secure: flag(secure)?,
        http_only,
        expires,
    }))
}

/// Returns a host in lower case. The scope of an address is the name of an interface, which has a
/// case.
fn lower_case(host: &str) -> String {
    let (host, scope) = host.split_at(host.find('%').unwrap_or(host.len()));
    host.to_ascii_lowercase() + scope
}

fn flag(text: &[u8]) -> Result<bool, BadLine> {
    match text {
        _ if text.eq_ignore_ascii_case(b"TRUE") => Ok(true),
        _ if text.eq_ignore_ascii_case(b"FALSE") => Ok(false),
        _ => Err(BadLine::Flag),
    }
}

/// Appends the line of a cookie.
pub(super) fn write(cookie: &Cookie, out: &mut Vec<u8>) {
    if cookie.http_only {
        out.extend_from_slice(HTTP_ONLY);
    }
    if !cookie.host_only {
        out.push(b'.');
    }
    let flag = |is: bool| if is { "TRUE" } else { "FALSE" };
    let expires = cookie.expires.unwrap_or(0).to_string();
    let fields: [&[u8]; 7] = [
        cookie.domain.as_bytes(),
        flag(!cookie.host_only).as_bytes(),
        &cookie.path,
        flag(cookie.secure).as_bytes(),
        expires.as_bytes(),
        &cookie.name,
        &cookie.value,
    ];
    out.extend_from_slice(&fields.join(&b'\t'));
    out.push(b'\n');
}
