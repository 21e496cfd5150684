//! The URL of an engine: `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, and `rediss://` for TLS.

use std::fmt;
use std::str::FromStr;

use netcore::Endpoint;
use netcore::endpoint::Host;
use thiserror::Error;

#[cfg(test)]
mod tests;

/// The port of a URL without one.
const DEFAULT_PORT: &str = "6379";

/// The place of a Redis or Valkey server, with the credentials and the number of its database.
///
/// ```
/// use chat::backplane::redis::{ParseRedisUrlError, RedisUrl};
///
/// let url: RedisUrl = "rediss://chat:p%40ss@redis.example/2".parse()?;
/// assert_eq!(url.to_string(), "rediss://redis.example:6379/2");
/// # Ok::<(), ParseRedisUrlError>(())
/// ```
///
/// User and password are percent-encoded (RFC 3986 section 2.1). An IPv6 address stands in
/// brackets. Without a port it is 6379, and without a database it is 0. It prints without user and
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) database: u32,
    /// The text that errors and log lines show.
    shown: Box<str>,
}

/// The name and the password for `AUTH`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// `None` for the default user, whose password is that of `requirepass`.
    pub(crate) user: Option<String>,
    pub(crate) password: String,
}

/// Reasons for which a text is not a URL of an engine. No text contains a part of the URL, which
/// may be the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseRedisUrlError {
    /// The scheme is another one.
    #[error("the URL of the engine begins neither with redis:// nor with rediss://")]
    Scheme,
    /// The host is empty or malformed.
    #[error("the URL of the engine has no valid host")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("the port in the URL of the engine is not a number from 1 to 65535")]
    Port,
    /// The path is not the number of a database.
    #[error("the path in the URL of the engine is not the number of a database, such as /0")]
    Database,
    /// User or password has a `%` that two hexadecimal digits do not follow, or is not UTF-8.
    #[error("user or password in the URL of the engine is not percent-encoded UTF-8")]
    Encoding,
    /// There is a user without a password.
    #[error("the URL of the engine has a user without a password (redis://USER:PASSWORD@HOST)")]
    NoPassword,
    /// There is a query or a fragment, or an `@`, `/`, `?` or `#` in the password as it is.
    #[error(
        "the URL of the engine has a query or a fragment; in a password, write %40 for @, %2F for \
         /, %3F for ? and %23 for #"
    )]
    Query,
}

impl FromStr for RedisUrl {
    type Err = ParseRedisUrlError;

    fn from_str(text: &str) -> Result<RedisUrl, ParseRedisUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(ParseRedisUrlError::Scheme)?;
        let (scheme, transport) = match scheme.to_ascii_lowercase().as_str() {
            "redis" => ("redis", "tcp"),
            "rediss" => ("rediss", "tls"),
            _ => return Err(ParseRedisUrlError::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(ParseRedisUrlError::Query);
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if path.contains('@') {
            return Err(ParseRedisUrlError::Query);
        }
        let (userinfo, place) = match authority.rsplit_once('@') {
            Some((userinfo, place)) => (Some(userinfo), place),
            None => (None, authority),
        };
        let credentials = userinfo.map(credentials).transpose()?.flatten();
        let (host, port) = split_port(place)?;
        let endpoint = format!("{transport}://{host}:{port}");
        let endpoint: Endpoint = endpoint.parse().map_err(|_| ParseRedisUrlError::Host)?;
        if matches!(endpoint.host(), None | Some(Host::Any)) {
            return Err(ParseRedisUrlError::Host);
        }
        let is_number = path.bytes().all(|byte| byte.is_ascii_digit());
        let database = match path {
            "" => 0,
            _ if is_number => path.parse().map_err(|_| ParseRedisUrlError::Database)?,
            _ => return Err(ParseRedisUrlError::Database),
        };
        let shown = format!("{scheme}://{host}:{port}/{database}");
        let endpoint = endpoint.called(&shown);
        Ok(RedisUrl { endpoint, credentials, database, shown: shown.into() })
    }
}

/// Prints the URL with port and database, without user and password.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Hides the credentials.
impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisUrl").field(&self.shown).finish()
    }
}

/// Reads `USER:PASSWORD`, `:PASSWORD`, or nothing.
fn credentials(text: &str) -> Result<Option<Credentials>, ParseRedisUrlError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let (user, password) = (decode(user)?, decode(password)?);
    match (user.is_empty(), password.is_empty()) {
        (true, true) => Ok(None),
        (false, true) => Err(ParseRedisUrlError::NoPassword),
        (true, false) => Ok(Some(Credentials { user: None, password })),
        (false, false) => Ok(Some(Credentials { user: Some(user), password })),
    }
}

/// Splits `HOST[:PORT]`. An IPv6 address stands in brackets.
fn split_port(place: &str) -> Result<(&str, &str), ParseRedisUrlError> {
    let after_address = match place.strip_prefix('[') {
        // The bracket and the address before its end.
        Some(rest) => rest.find(']').ok_or(ParseRedisUrlError::Host)? + 2,
        None => place.find(':').unwrap_or(place.len()),
    };
    let (host, rest) = place.split_at(after_address);
    let port = match rest.strip_prefix(':') {
        Some("") => DEFAULT_PORT,
        Some(port) => port,
        None if rest.is_empty() => DEFAULT_PORT,
        None => return Err(ParseRedisUrlError::Host),
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(1..) if is_number => Ok((host, port)),
        _ => Err(ParseRedisUrlError::Port),
    }
}

/// Decodes percent-encoded text.
fn decode(text: &str) -> Result<String, ParseRedisUrlError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                match (digit(), digit()) {
                    (Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
                    _ => None,
                }
            }
            byte => Some(byte),
        };
        decoded.push(byte.ok_or(ParseRedisUrlError::Encoding)?);
    }
    String::from_utf8(decoded).map_err(|_| ParseRedisUrlError::Encoding)
}
