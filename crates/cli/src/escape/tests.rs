use super::{quote, to_show};

#[test]
fn strings_are_quoted_as_json() {
    assert_eq!(quote("a\"b\\c\nd\u{1b}é"), "\"a\\\"b\\\\c\\nd\\u001bé\"");
}

#[test]
fn printed_text_has_no_credentials_or_control_characters() {
    for (text, shown) in [
        ("get http://a:b@h/c?d@e: \u{1b}[2J", "get http://h/c?d@e: \\u{1b}[2J"),
        ("http://a@b:c@h 'https://x:y@z' u@v", "http://h 'https://z' u@v"),
        ("a\nb\u{9b}\u{202e}c\td", "a\\nb\\u{9b}\\u{202e}c\td"),
        ("redis://:secret@h:1/0 and ://", "redis://h:1/0 and ://"),
        ("plain", "plain"),
    ] {
        assert_eq!(to_show(text), shown);
    }
    assert_eq!(quote("\u{7f}\u{9b}\u{2028}\t"), "\"\\u007f\\u009b\\u2028\\u0009\"");
}
