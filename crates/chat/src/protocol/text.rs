//! Cleaning of text that reaches other people's terminals.

use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// Returns `text` without characters that could control a terminal or change the order in which
/// text is read: control characters (Unicode's `Cc`: C0, DEL and C1), line and paragraph
/// separators, and the overrides, embeddings and isolates of the bidirectional algorithm (UAX #9).
/// A tab or a CR becomes a space, so that it still separates words.
///
/// ```
/// assert_eq!(chat::clean("red \u{1b}[31malert\u{7}\tnow"), "red [31malert now");
/// ```
pub fn clean(text: &str) -> Cow<'_, str> {
    // Nearly every line is plain ASCII, which shows without decoding it.
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) || !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let kept = text.chars().filter_map(|c| match c {
        '\t' | '\r' => Some(' '),
        c if is_harmful(c) => None,
        c => Some(c),
    });
    Cow::Owned(kept.collect())
}

/// Returns `true` if `c` must not reach another client.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
