//! The table of `docs/http.md` about content codings, row by row.

#![cfg(all(feature = "gzip", feature = "brotli", feature = "zstd"))]

use httpget::Limits;
use httpget::http::{HeaderMap, HeaderValue, header};
use httpget::protocol::coding::{CodingError, Decoder, accept_encoding, list};

const PAGE: &str = include_str!("../../../docs/http.md");

/// `\xHH`; each character else is itself.
fn unescape(text: &str) -> Vec<u8> {
    let mut pieces = text.split("\\x");
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).expect("two digits"));
        bytes.extend_from_slice(rest.as_bytes());
    }
    bytes
}

fn decode(field: &str, content: &[u8]) -> Result<Vec<u8>, CodingError> {
    let limits = Limits::default();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_str(field).expect("a value"));
    let mut decoder = Decoder::new(&list(&headers, limits.codings)?, &limits);
    let (mut decoded, mut output) = (Vec::new(), [0; 100]);
    for byte in content {
        let mut input = std::slice::from_ref(byte);
        loop {
            let done = decoder.decode(input, &mut output)?;
            decoded.extend_from_slice(&output[..done.written]);
            input = &input[done.used..];
            if input.is_empty() && done.written == 0 {
                break;
            }
        }
    }
    decoder.finish()?;
    Ok(decoded)
}

#[test]
fn codings() {
    let heading = "## Content codings";
    let mut lines = PAGE.lines().skip_while(|line| *line != heading);
    assert_eq!(lines.next(), Some(heading));
    let section = lines.take_while(|line| !line.starts_with('#'));
    let rows: Vec<Vec<&str>> = section
        .filter(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches(['|', ' ']).split(" | ").map(|it| it.trim_matches('`')))
        .map(Iterator::collect)
        .collect();
    assert!(rows.len() >= 20, "{} rows", rows.len());
    for row in rows {
        let [case, field, content, expected] = row[..] else { panic!("four cells: {row:?}") };
        let result = match decode(field, &unescape(content)) {
            Ok(decoded) => String::from_utf8(decoded).unwrap(),
            Err(error) => error.to_string(),
        };
        assert_eq!(result, expected, "{case}");
    }
}

#[test]
fn the_page_has_the_default_limits_and_the_field() {
    let limits = Limits::default();
    assert!(PAGE.contains(&format!("up to {} in a row", limits.codings)));
    assert!(PAGE.contains(&format!("Accept-Encoding: {}`", accept_encoding())));
    assert!(PAGE.contains(&format!("| `--max-ratio` | `{}` |", limits.ratio)));
    assert_eq!(limits.window, 16 << 20);
}
