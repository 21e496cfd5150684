//! Text that is safe to print: JSON strings, escaped control characters, URLs without credentials.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// Returns `text` as a JSON string (RFC 8259, section 7). Control characters, which a terminal
/// could obey, are escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if is_unprintable(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Returns `text` as one printable line: URLs without user and password, control characters as
/// escapes. File names and texts from servers may contain anything.
pub(crate) fn to_show(text: &str) -> String {
    visible(&without_credentials(text)).into_owned()
}

/// Returns `text` with control characters as escapes.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| match is_unprintable(c) && c != '\t' {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    Cow::Owned(shown.collect())
}

/// Returns `true` for control characters, line ends, and marks that reorder the text behind them
/// (UAX #9).
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns `text` with each URL in it without user and password.
fn without_credentials(text: &str) -> Cow<'_, str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'');
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + "://".len());
        let authority = &behind[..behind.find(ends).unwrap_or(behind.len())];
        out.push_str(before);
        rest = &behind[authority.rfind('@').map_or(0, |at| at + 1)..];
    }
    match out.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(out + rest),
    }
}
