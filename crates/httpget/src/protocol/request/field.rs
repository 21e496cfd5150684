use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue};

/// A header field by hand, as [`parse_field`] reads it. `Debug` does not show the values of
/// credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub(super) name: HeaderName,
    /// The name as it was written.
    pub(super) spelled: Box<str>,
    pub(super) value: Option<HeaderValue>,
}

impl Field {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// The value. `None`: the field is not to be sent at all.
    #[must_use]
    pub fn value(&self) -> Option<&HeaderValue> {
        self.value.as_ref()
    }
}

/// Why a field can't be sent. Its text does not show the field, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a field that can be sent: at byte {offset}: {expected}")]
pub struct InvalidField {
    offset: usize,
    expected: &'static str,
}

impl InvalidField {
    /// The byte of the text at which it goes wrong; 0 for a name that is refused whatever its
    /// value.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

fn refuse<T>(offset: usize, expected: &'static str) -> Result<T, InvalidField> {
    Err(InvalidField { offset, expected })
}

/// Reads a field as curl's `-H` has it: `NAME: VALUE` is sent, `NAME:` takes a default away, and
/// `NAME;` is sent without a value. Blanks around the value are no part of it.
///
/// # Errors
///
/// Says the byte of the text, and what should be there:
///
/// - a name that is no token (RFC 9110 section 5.6.2), such as one with a space before its colon;
/// - no colon;
/// - a control character other than a tab within the value, line ends above all;
/// - `Content-Length` and `Transfer-Encoding`, since a GET here has no body, and a `Host` that is
///   to be left out.
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
        return refuse(text.len(), "a colon behind the name expected");
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
        return refuse(0, "a request has its Host (RFC 9112 section 3.2)");
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

/// What would announce a body that never comes.
pub(super) fn check_name(name: &HeaderName) -> Result<(), InvalidField> {
    if *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING {
        return refuse(0, "a GET has no body here, so nothing may announce one");
    }
    Ok(())
}

/// Marks the values that are not for another origin. Whoever uses the library marks others.
pub(super) fn marked(name: &HeaderName, mut value: HeaderValue) -> HeaderValue {
    if is_secret(name) {
        value.set_sensitive(true);
    }
    value
}

/// Returns `true` if fields of this name redirect_request credentials: one of the parts between its dashes or
/// underscores is `authorization`, `auth`, `cookie`, `cookie2`, `token`, `key`, `apikey`, `secret` or
/// `password`. Such values go to no other origin, and should not be shown.
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
