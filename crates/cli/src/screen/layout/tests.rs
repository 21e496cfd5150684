use super::*;

fn shown(line: &str) -> String {
    Layout::new(line, None, 2, 80).text
}

#[test]
fn what_terminals_agree_about_is_drawn_as_it_is() {
    for line in ["hello", "grüße", "e\u{301}", "漢字", "👩", "क्षि", "각", "a\nb"] {
        assert_eq!(shown(line), line);
    }
}

#[test]
fn a_cluster_of_disputed_width_is_its_first_character_in_its_width() {
    for (line, expected) in [
        ("👩🏽‍💻!", "👩!"),
        ("👨‍👩‍👧‍👦!", "👨!"),
        ("👍🏽!", "👍!"),
        ("❤\u{fe0f}!", "❤ !"),
        ("a\u{7}b\u{9b}c", "a b c"),
        ("caf\u{fdd0}", "caf\u{fffd}"),
        ("a\tb", "a     b"),
    ] {
        assert_eq!(shown(line), expected, "{line:?}");
    }
}

#[test]
fn rows_end_where_the_editor_ends_them() {
    let layout = |line| Layout::new(line, None, 2, 10);
    assert_eq!(layout("1234567").rows, 1);
    // The cursor behind the last column has a row of its own.
    assert_eq!(layout("12345678").rows, 2);
    assert_eq!(layout("1234567漢"), Layout { text: "1234567 漢".to_owned(), rows: 2 });
    assert_eq!(layout("1234567❤\u{fe0f}"), Layout { text: "1234567 ❤ ".to_owned(), rows: 2 });
    assert_eq!(layout("1\n\n2").rows, 3);
    assert_eq!(layout(&"👩🏽‍💻".repeat(8)).rows, 2);
}

#[test]
fn a_secret_is_asterisks_in_the_same_columns() {
    let line = "/pass a漢👩🏽‍💻é\n!";
    let secret = Layout::new(line, Some("/pass ".len()), 2, 10);
    // The wide character does not fit into the first row.
    assert_eq!(secret.text, "/pass * *****\n*");
    assert_eq!(secret.rows, Layout::new(line, None, 2, 10).rows);
    assert_eq!(Layout::new("/pass ", Some(6), 2, 80).text, "/pass ");
}
