use super::clean;

#[test]
fn characters_that_control_a_terminal_are_removed() {
    for (given, expected) in [
        ("plain text, 123 ~!", "plain text, 123 ~!"),
        ("grüße 你好 🎉", "grüße 你好 🎉"),
        ("a\tb", "a b"),
        ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
        ("bell\u{7} del\u{7f} nul\0", "bell del nul"),
        ("csi\u{9b}31m nel\u{85}", "csi31m nel"),
        ("over\u{202e}ride iso\u{2066}late\u{2069}", "override isolate"),
        ("line\u{2028}para\u{2029}", "linepara"),
        ("cr\rwithin", "cr within"),
    ] {
        assert_eq!(clean(given), expected, "{given:?}");
    }
    // No character slips through.
    for c in (0..=0x10ffff).filter_map(char::from_u32) {
        let text = c.to_string();
        let cleaned = clean(&text);
        assert!(!cleaned.chars().any(char::is_control), "{c:?}");
    }
}
