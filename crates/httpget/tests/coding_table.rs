//! The table of `docs/http.md` about content codings, row by row.

#![cfg(all(feature = "gzip", feature = "brotli", feature = "zstd"))]

mod page;

use httpget::Limits;
use httpget::http::{HeaderMap, HeaderValue, header};
use httpget::protocol::coding::{CodingError, Decoder, accept_encoding, list};
use page::{PAGE, rows, unescape};

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
    let rows = rows("## Content codings");
    assert!(rows.len() >= 20, "{} rows", rows.len());
    for [case, field, content, expected] in rows {
        let result = match decode(&field, &unescape(&content)) {
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
