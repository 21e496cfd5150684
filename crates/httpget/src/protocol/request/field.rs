//! Header fields written by hand, as with curl -H.

use netcore::error::debug_as_chain;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

/// A header field written by hand, read by [`parse_field`]. `Debug` hides the values of
/// credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub(super) name: HeaderName,
    /// The name as the user wrote it.
    pub(super) spelled: Box<str>,
    pub(super) value: Option<HeaderValue>,
}

impl Field {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// Returns the value. Returns `None` if the field must not be sent.
    #[must_use]
    pub fn value(&self) -> Option<&HeaderValue> {
        self.value.as_ref()
    }
}

/// The reason why a field can't be sent. The message does not show the field, which may be a
/// secret.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("this field can't be sent: at byte {offset}: {expected}")]
pub struct InvalidField {
    offset: usize,
    expected: &'static str,
}

debug_as_chain!(InvalidField { offset, expected });

impl InvalidField {
    /// Returns the offset of the wrong byte in the text; 0 for a refused name.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

fn refuse<T>(offset: usize, expected: &'static str) -> Result<T, InvalidField> {
    Err(InvalidField { offset, expected })
}

/// Reads a field in the syntax of curl's `-H`: `NAME: VALUE` is sent, `NAME:` removes a default,
/// and `NAME;` is sent without a value. Blanks around the value are dropped.
///
/// # Errors
///
/// The error has the offset of the wrong byte, and what is expected there:
///
/// - a name that is not a token (RFC 9110 section 5.6.2), such as one with a space before its
///   colon;
/// - no colon;
/// - a control character other than a tab in the value, such as a line end;
/// - `Content-Length` and `Transfer-Encoding`, since a GET here has no body, and a `Host` to be
///   removed.
pub fn parse_field(text: &str) -> Result<Field, InvalidField> {
    let (spelled, value, is_sent) = match text.split_once(':') {
        Some((spelled, value)) => (spelled, value, !value.trim_matches(BLANKS).is_empty()),
        None => match text.trim_end_matches(BLANKS).strip_suffix(';') {
            Some(spelled) => (spelled, "", true),
            None => (text, "", false),
        },
    };
    if let Some(at) = spelled.bytes().position(|byte| !is_token_byte(byte)) {
        return refuse(at, NAME);
    }
    if spelled.is_empty() {
        return refuse(0, "a name expected");
    }
    if spelled.len() == text.len() {
        return refuse(text.len(), "a colon after the name expected");
    }
    let Ok(name) = HeaderName::try_from(spelled) else {
        return refuse(0, "a shorter name expected");
    };
    let value_offset = text.len() - value.len();
    let value = value.trim_end_matches(BLANKS);
    if let Some(at) = value.find(|c: char| c.is_control() && c != '\t') {
        return refuse(value_offset + at, "a value has no control characters");
    }
    let value = if is_sent { Some(value.trim_start_matches(BLANKS)) } else { None };
    let Ok(value) = value.map(HeaderValue::try_from).transpose() else {
        return refuse(value_offset, "a value has no control characters");
    };
    check_name(&name)?;
    if value.is_none() && name == HOST {
        return refuse(0, "a request needs its Host (RFC 9112 section 3.2)");
    }
    Ok(Field { spelled: spelled.into(), value: value.map(|value| marked(&name, value)), name })
}

/// Blanks of RFC 9110 section 5.6.3.
const BLANKS: [char; 2] = [' ', '\t'];

const NAME: &str =
    "a name of letters, digits and !#$%&'*+-.^_|~ or a backtick expected, then a colon";

/// `tchar` of RFC 9110 section 5.6.2.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Refuses fields that announce a body, which never follows.
pub(super) fn check_name(name: &HeaderName) -> Result<(), InvalidField> {
    if *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING {
        return refuse(0, "a GET has no body here, so nothing may announce one");
    }
    Ok(())
}

/// Marks values that must not go to another origin. Users of the library can mark others.
pub(super) fn marked(name: &HeaderName, mut value: HeaderValue) -> HeaderValue {
    if is_secret(name) {
        value.set_sensitive(true);
    }
    value
}

/// Returns `true` if fields of this name carry credentials: one of the parts between its dashes or
/// underscores is `authorization`, `auth`, `cookie`, `cookie2`, `token`, `key`, `apikey`, `secret`
/// or `password`. Such values go to no other origin, and should not be shown.
#[must_use]
pub fn is_secret(name: &HeaderName) -> bool {
    const SECRETS: [&str; 9] = [
        "authorization",
        "auth",
        "cookie",
        "cookie2",
        "token",
        "key",
        "apikey",
        "secret",
        "password",
    ];
    name.as_str().split(['-', '_']).any(|part| SECRETS.contains(&part))
}
