//! The value of a `Set-Cookie` field.

use super::date;
use super::refusal::CookieRefusal;

/// Bytes of the longest value of an attribute; a longer attribute is ignored (RFC 6265bis section
/// 5.6).
pub(super) const MAX_ATTRIBUTE: usize = 1024;

/// The parts of a `Set-Cookie` value (RFC 6265 section 5.2). It is not yet compared with the URL
/// from which it comes.
#[derive(Default)]
pub(super) struct SetCookie<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    /// The domain without its leading dot, in lower case. `None` is the host only.
    pub(super) domain: Option<String>,
    /// A path that begins with a slash.
    pub(super) path: Option<&'a [u8]>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    max_age: Option<i64>,
    expires: Option<i64>,
}

/// Returns the text without spaces and tabs around it.
fn trim(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let begin = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(begin, |last| last + 1);
    &text[begin..end]
}

/// Splits a text at its first `separator`.
fn split(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

impl<'a> SetCookie<'a> {
    /// Parses a value.
    pub(super) fn parse(text: &'a [u8]) -> Result<SetCookie<'a>, CookieRefusal> {
        if text.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(CookieRefusal::ControlCharacter);
        }
        let (pair, mut rest) = split(text, b';');
        // RFC 6265 drops a cookie without `=`. Browsers take it for a value without a name.
        let (name, Some(value)) = split(pair, b'=') else { return Err(CookieRefusal::NoName) };
        let mut cookie = SetCookie { name: trim(name), value: trim(value), ..Self::default() };
        if cookie.name.is_empty() {
            return Err(CookieRefusal::NoName);
        }
        while let Some(attributes) = rest {
            let (attribute, more) = split(attributes, b';');
            rest = more;
            let (name, value) = split(attribute, b'=');
            let value = trim(value.unwrap_or_default());
            if value.len() <= MAX_ATTRIBUTE {
                cookie.attribute(trim(name), value);
            }
        }
        // The format of files has tabs between its fields.
        let texts = [cookie.name, cookie.value, cookie.path.unwrap_or_default()];
        match texts.iter().any(|text| text.contains(&b'\t')) {
            true => Err(CookieRefusal::ControlCharacter),
            false => Ok(cookie),
        }
    }

    /// Applies an attribute. The last one of a name counts.
    fn attribute(&mut self, name: &[u8], value: &'a [u8]) {
        match name.to_ascii_lowercase().as_slice() {
            b"expires" => self.expires = date::parse(value).or(self.expires),
            b"max-age" => self.max_age = seconds(value).or(self.max_age),
            b"domain" => {
                let domain = value.strip_prefix(b".").unwrap_or(value);
                let domain = String::from_utf8_lossy(domain).to_ascii_lowercase();
                self.domain = Some(domain).filter(|domain| !domain.is_empty());
            }
            b"path" => self.path = Some(value).filter(|path| path.starts_with(b"/")),
            b"secure" => self.secure = true,
            b"httponly" => self.http_only = true,
            // SameSite and Partitioned are about pages that a browser shows.
            _ => {}
        }
    }

    /// Returns the time at which the cookie expires, in seconds since 1970, at most `lifetime`
    /// seconds after `now`. Returns `None` for a cookie of the session.
    pub(super) fn expiry(&self, now: i64, lifetime: i64) -> Option<i64> {
        let expiry = match self.max_age {
            Some(age) if age <= 0 => i64::MIN,
            Some(age) => now.saturating_add(age),
            None => self.expires?,
        };
        Some(expiry.min(now.saturating_add(lifetime)))
    }
}

/// Parses the number of a `Max-Age` (RFC 6265 section 5.2.2). A number beyond the range is its
/// bound.
fn seconds(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add =
        |number: i64, digit: &u8| number.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
    let number = digits.iter().fold(0, add);
    Some(if is_negative { -number } else { number })
}
