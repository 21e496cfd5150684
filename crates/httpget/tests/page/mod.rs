//! The page `docs/http.md`, whose tables the tests read.

pub(crate) const PAGE: &str = include_str!("../../../../docs/http.md");

/// Returns the cells of the table under a heading, without its first two lines.
#[allow(dead_code, reason = "one test has tables of its own form")]
pub(crate) fn rows(heading: &str) -> Vec<[String; 4]> {
    let mut lines = PAGE.lines().skip_while(|line| *line != heading);
    assert_eq!(lines.next(), Some(heading));
    let section = lines.take_while(|line| !line.starts_with('#'));
    let rows: Vec<_> = section.filter(|line| line.starts_with('|')).skip(2).map(cells).collect();
    assert!(rows.len() >= 10, "{heading}: {} rows", rows.len());
    rows
}

/// Splits a row. A bar within a cell has a backslash before it; code has backticks around it.
fn cells(line: &str) -> [String; 4] {
    let line = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |"));
    let line = line.unwrap_or_else(|| panic!("no row: {line:?}"));
    let cells: Vec<String> = line
        .split(" | ")
        .map(|cell| {
            let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
            code.unwrap_or(cell).replace("\\|", "|")
        })
        .collect();
    cells.try_into().unwrap_or_else(|cells| panic!("four cells: {cells:?}"))
}

/// Returns the bytes that a text stands for: `\r`, `\n`, `\t`, `\\` and `\xHH`; each other
/// character is itself.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let digit = |byte: Option<u8>| {
                        byte.and_then(|byte| char::from(byte).to_digit(16)).expect("a digit") as u8
                    };
                    digit(rest.next()) * 16 + digit(rest.next())
                }
                other => panic!("{text}: a backslash and {other:?}"),
            },
            byte => byte,
        });
    }
    bytes
}
