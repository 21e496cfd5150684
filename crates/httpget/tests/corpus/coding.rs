//! The check for any coded content. The fuzz target `coding` and the test over its corpus
//! include this file.

use httpget::Limits;
use httpget::http::header::CONTENT_ENCODING;
use httpget::http::{HeaderMap, HeaderValue};
use httpget::protocol::coding::{Coding, CodingError, Decoder, list};
use netcore::testing::cut;

/// The most decoded bytes.
const MOST: u64 = 1 << 20;

/// Decodes the pieces to an output of `room` bytes.
fn decode(
    codings: &[Coding],
    limits: &Limits,
    pieces: &[&[u8]],
    room: usize,
) -> (Vec<u8>, Result<(), CodingError>) {
    let mut decoder = Decoder::new(codings, limits);
    let (mut decoded, mut output) = (Vec::new(), vec![0; room]);
    let mut given = 0;
    for piece in pieces.iter().chain([&&[][..]]) {
        let mut rest = *piece;
        loop {
            let done = match decoder.decode(rest, &mut output) {
                Ok(done) => done,
                Err(error) => {
                    assert_eq!(
                        decoder.decode(b"x", &mut output),
                        Err(error.clone()),
                        "it is final"
                    );
                    assert_eq!(decoder.finish(), Err(error.clone()), "it is final");
                    return (decoded, Err(error));
                }
            };
            assert!(done.used <= rest.len() && done.written <= room);
            given += done.used as u64;
            rest = &rest[done.used..];
            decoded.extend_from_slice(&output[..done.written]);
            assert_eq!((decoder.received(), decoder.decoded()), (given, decoded.len() as u64));
            assert!(decoded.len() as u64 <= limits.body, "more than the limit");
            if done.written == 0 {
                assert!(rest.is_empty(), "input is left, and no output");
                break;
            }
        }
    }
    (decoded, decoder.finish())
}

/// The error without the numbers that depend on how far the decoder has read.
fn kind(result: &Result<(), CodingError>) -> Result<(), String> {
    match result {
        Err(CodingError::Malformed { coding, what, .. }) => Err(format!("{coding}: {what}")),
        other => other.clone().map_err(|error| error.to_string()),
    }
}

/// A value of Content-Encoding, LF, the seed of the chunking, and coded content. The content and
/// the verdict do not depend on the chunking, and limits hold. Says whether the content is
/// accepted.
pub(crate) fn coding(input: &[u8]) -> bool {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return false };
    let (value, Some((seed, content))) = (&input[..end], input[end + 1..].split_first()) else {
        return false;
    };
    let Ok(value) = HeaderValue::from_bytes(value) else { return false };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, value);
    let limits = Limits::default().with_body(MOST);
    let codings = match list(&headers, limits.codings) {
        Ok(codings) => codings,
        Err(error) => {
            let text = error.to_string();
            assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
            return false;
        }
    };
    assert!(codings.len() <= limits.codings);
    let (decoded, verdict) = decode(&codings, &limits, &[content], 64 << 10);
    let bytes: Vec<&[u8]> = content.chunks(1).collect();
    for (pieces, room) in
        [(cut(content, *seed, 50), 1000), (cut(content, *seed, 3000), 33), (bytes, 4096)]
    {
        let (other, second) = decode(&codings, &limits, &pieces, room);
        // The later of two faults may be found first: decoders read ahead.
        let is_one = |it: &Result<(), CodingError>| {
            codings.len() < 2 && !matches!(it, Err(CodingError::TooLarge { .. }))
        };
        match is_one(&verdict) && is_one(&second) {
            true => assert_eq!(kind(&second), kind(&verdict), "by {} pieces", pieces.len()),
            false => assert_eq!(second.is_ok(), verdict.is_ok(), "{second:?}, {verdict:?}"),
        }
        let common = other.len().min(decoded.len());
        assert!(other[..common] == decoded[..common], "other content");
        assert!(verdict.is_err() || other.len() == decoded.len());
    }
    if codings.is_empty() {
        assert!(verdict.is_ok() && decoded == content || content.len() as u64 > MOST);
    }
    // A part decodes to a part.
    if let Some((_, short)) = content.split_last() {
        let (part, _) = decode(&codings, &limits, &[short], 4096);
        let common = part.len().min(decoded.len());
        assert!(part[..common] == decoded[..common], "other content");
    }
    verdict.is_ok()
}
