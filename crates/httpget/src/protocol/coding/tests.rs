use std::io::Write as _;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::limits::Limits;

/// Bytes that compress, and of which no two places look alike.
fn text(length: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let mut number = 1_u32;
    while text.len() < length {
        number = number.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let word = ["alpha ", "beta ", "gamma\n", "delta, "][(number >> 16) as usize % 4];
        text.extend_from_slice(word.as_bytes());
        text.extend_from_slice((number >> 20).to_string().as_bytes());
    }
    text.truncate(length);
    text
}

/// Decodes pieces of `cut` bytes to an output of `room` bytes.
fn decode_by(
    codings: &[Coding],
    limits: &Limits,
    coded: &[u8],
    (cut, room): (usize, usize),
) -> (Vec<u8>, Result<(), CodingError>) {
    let mut decoder = Decoder::new(codings, limits);
    let (mut decoded, mut output) = (Vec::new(), vec![0; room]);
    for piece in coded.chunks(cut).chain([&[][..]]) {
        let mut rest = piece;
        loop {
            match decoder.decode(rest, &mut output) {
                Ok(done) => {
                    rest = &rest[done.used..];
                    decoded.extend_from_slice(&output[..done.written]);
                    if rest.is_empty() && done.written == 0 {
                        break;
                    }
                }
                Err(error) => {
                    assert_eq!(decoder.finish(), Err(error.clone()), "the first error is final");
                    return (decoded, Err(error));
                }
            }
        }
    }
    assert_eq!(decoder.decoded(), decoded.len() as u64);
    assert_eq!(decoder.received(), coded.len() as u64);
    (decoded, decoder.finish())
}

/// Decodes in several cuts, which make no difference.
fn decode(codings: &[Coding], coded: &[u8]) -> Result<Vec<u8>, CodingError> {
    let limits = Limits::default();
    let (whole, verdict) = decode_by(codings, &limits, coded, (usize::MAX, 1 << 20));
    for cut in [(1, 1 << 16), (3, 7), (1000, 1000), (usize::MAX, 1)] {
        let (decoded, other) = decode_by(codings, &limits, coded, cut);
        match &verdict {
            Ok(()) => assert!(decoded == whole && other.is_ok(), "{cut:?}: {other:?}"),
            Err(error) => assert_eq!(kind(&other.unwrap_err()), kind(error), "{cut:?}"),
        }
    }
    verdict.map(|()| whole)
}

/// An error without its offset, which may be that of the end of a piece.
fn kind(error: &CodingError) -> CodingError {
    match error.clone() {
        CodingError::Malformed { coding, what, .. } => {
            CodingError::Malformed { coding, offset: 0, what }
        }
        other => other,
    }
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The faults of `codings`, which are those of the first coding undone.
fn fault(codings: &[Coding], coded: &[u8]) -> (u64, &'static str) {
    match decode(codings, coded) {
        Err(CodingError::Malformed { offset, what, .. }) => (offset, what),
        other => panic!("{other:?}"),
    }
}

fn headers(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(CONTENT_ENCODING, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn lists_are_read_in_their_order() {
    use Coding::{Brotli, Deflate, Gzip, Zstd};
    for (values, expected) in [
        (&[][..], &[][..]),
        (&[""], &[]),
        (&["identity"], &[]),
        (&["none"], &[]),
        (&["gzip"], &[Gzip]),
        (&["X-GZip"], &[Gzip]),
        (&["deflate, gzip", "identity, ,br\t,zstd"], &[Deflate, Gzip, Brotli, Zstd]),
        (&["gzip,gzip", "gzip,gzip,gzip"], &[Gzip; 5]),
    ] {
        assert_eq!(list(&headers(values), 5).unwrap(), expected, "{values:?}");
    }
    assert_eq!(accept_encoding(), "gzip, deflate, br, zstd");
    assert_eq!(Coding::built_in(), [Gzip, Deflate, Brotli, Zstd]);
    let six = list(&headers(&["br,br,br", "br,br,br"]), 5);
    assert_eq!(six, Err(CodingError::TooMany { max: 5 }));
}

#[test]
fn an_unsupported_coding_is_named_without_control_characters() {
    for (value, shown) in [("compress", "compress"), ("gzip;q=1", "gzip;q=1"), ("a\tb", "a\\tb")] {
        let error = list(&headers(&["identity", value]), 5).unwrap_err();
        assert_eq!(error, CodingError::Unsupported { name: shown.into() });
    }
    let long = list(&headers(&[&"x".repeat(4000)]), 5).unwrap_err();
    assert!(long.to_string().len() < 200, "{long}");
}

#[test]
fn gzip_of_any_size_is_decoded_in_any_cuts() {
    for length in [0, 1, 5, 1000, 70_000] {
        let content = text(length);
        assert!(decode(&[Coding::Gzip], &gzip(&content)).unwrap() == content);
        assert!(decode(&[Coding::Deflate], &zlib(&content)).unwrap() == content);
        assert!(decode(&[Coding::Deflate], &deflate(&content)).unwrap() == content);
    }
}

#[test]
fn members_follow_one_another_and_zeros_the_last() {
    let mut coded = [gzip(b"one, "), gzip(b""), gzip(b"two")].concat();
    assert_eq!(decode(&[Coding::Gzip], &coded).unwrap(), b"one, two");
    let length = coded.len() as u64;
    coded.extend([0; 600]);
    assert_eq!(decode(&[Coding::Gzip], &coded).unwrap(), b"one, two");
    coded.push(31);
    assert_eq!(fault(&[Coding::Gzip], &coded), (length + 600, "bytes behind the end"));
    let rubbish = [&gzip(b"one")[..], b"two"].concat();
    assert_eq!(fault(&[Coding::Gzip], &rubbish).1, "a gzip header expected");
}

#[test]
fn all_fields_of_a_gzip_header_are_read() {
    let plain = gzip(b"content");
    let mut coded = b"\x1f\x8b\x08\x1e\0\0\0\0\0\xff".to_vec();
    coded.extend(b"\x05\x00extra");
    coded.extend(b"name\0comment\0");
    let mut sum = flate2::Crc::new();
    sum.update(&coded);
    coded.extend(&sum.sum().to_le_bytes()[..2]);
    let end = coded.len();
    coded.extend(&plain[10..]);
    assert_eq!(decode(&[Coding::Gzip], &coded).unwrap(), b"content");
    let mut empty = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\0\0".to_vec();
    empty.extend(&plain[10..]);
    assert_eq!(decode(&[Coding::Gzip], &empty).unwrap(), b"content");
    let mut wrong = coded.clone();
    wrong[end - 1] ^= 1;
    let what = "the header does not match its checksum";
    assert_eq!(fault(&[Coding::Gzip], &wrong), (end as u64 - 1, what));
}

#[test]
fn each_fault_of_gzip_has_its_reason() {
    let good = gzip(b"content");
    let length = good.len();
    for (at, byte, what) in [
        (0, 0x1e, "a gzip header expected"),
        (1, 0, "a gzip header expected"),
        (2, 7, "a compression method other than deflate"),
        (3, 0x20, "a reserved flag is set"),
        (10, 0xff, "no valid deflate data"),
        (length - 8, good[length - 8] ^ 1, "the content does not match its checksum"),
        (length - 1, 1, "the content does not have the stated length"),
    ] {
        let mut coded = good.clone();
        coded[at] = byte;
        assert_eq!(fault(&[Coding::Gzip], &coded).1, what);
    }
    let mut wrong = zlib(b"content");
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(fault(&[Coding::Deflate], &wrong).1, "no valid deflate data");
    for coded in [zlib(b"content"), deflate(b"content")] {
        let behind = [&coded[..], b"x"].concat();
        let expected = (coded.len() as u64, "bytes behind the end");
        assert_eq!(fault(&[Coding::Deflate], &behind), expected);
    }
}

/// `content` coded in each coding.
fn samples() -> Vec<(Coding, Vec<u8>)> {
    vec![
        (Coding::Gzip, gzip(b"content")),
        (Coding::Deflate, zlib(b"content")),
        (Coding::Deflate, deflate(b"content")),
        (Coding::Brotli, b"\x1f\x06\0\xf8\x25\0\xa2\x90\xa8\0".to_vec()),
        (Coding::Zstd, b"\x28\xb5\x2f\xfd\x04\x58\x39\0\0content\xfc\xa9\xc5\x31".to_vec()),
    ]
}

#[test]
fn content_that_ends_early_is_truncated_at_every_byte() {
    for (coding, coded) in samples() {
        assert_eq!(decode(&[coding], &coded).unwrap(), b"content", "{coding}");
        assert_eq!(decode(&[coding], b"").unwrap(), b"", "an empty body: {coding}");
        for end in 1..coded.len() {
            let received = end as u64;
            let cut = CodingError::Truncated { coding, received };
            assert_eq!(decode(&[coding], &coded[..end]), Err(cut), "{coding} at {end}");
        }
    }
}

#[test]
fn bytes_behind_the_end_are_an_error() {
    for (coding, coded) in samples() {
        let behind = [&coded[..], b"rubbish"].concat();
        let result = decode(&[coding], &behind);
        assert!(matches!(result, Err(CodingError::Malformed { .. })), "{coding}: {result:?}");
    }
}

#[test]
fn codings_in_a_row_are_undone_in_reverse_order() {
    let content = text(100_000);
    let coded = gzip(&zlib(&content));
    assert!(decode(&[Coding::Deflate, Coding::Gzip], &coded).unwrap() == content);
    assert!(decode(&[Coding::Gzip, Coding::Deflate], &coded).is_err());
    // The outer coding is whole, and the inner one is not.
    let inner = &zlib(&content)[..5000];
    let cut = CodingError::Truncated { coding: Coding::Deflate, received: 5000 };
    assert_eq!(decode(&[Coding::Deflate, Coding::Gzip], &gzip(inner)), Err(cut));
    assert_eq!(decode(&[Coding::Deflate, Coding::Gzip], &gzip(b"")).unwrap(), b"");
}

#[test]
fn decoded_bytes_never_exceed_the_limit() {
    let coded = gzip(&text(1000));
    for (limit, room) in [(999, 5000), (999, 7), (0, 10), (1000, 7), (1000, 5000)] {
        let limits = Limits::default().with_body(limit);
        let (decoded, verdict) = decode_by(&[Coding::Gzip], &limits, &coded, (50, room));
        assert_eq!(decoded, text(1000)[..decoded.len()]);
        match limit {
            1000 => assert_eq!((decoded.len(), verdict), (1000, Ok(()))),
            _ => {
                assert!(decoded.len() as u64 <= limit);
                assert_eq!(verdict, Err(CodingError::TooLarge { limit: "body", max: limit }));
            }
        }
    }
}

#[test]
fn a_bomb_is_stopped_by_the_ratio() {
    let zeros = gzip(&vec![0; 66 << 20]);
    let limits = Limits::default().with_ratio(1);
    let (decoded, verdict) = decode_by(&[Coding::Gzip], &limits, &zeros, (32 << 10, 256 << 10));
    assert_eq!(verdict, Err(CodingError::TooLarge { limit: "ratio", max: 1 }));
    assert!(decoded.len() >= 64 << 20 && decoded.len() < 66 << 20, "{}", decoded.len());
}

#[test]
fn windows_of_br_are_limited() {
    // An empty stream with a window of 16 MiB, and the large window of another format.
    let large = [0b0011_1111];
    assert_eq!(decode(&[Coding::Brotli], &large).unwrap(), b"");
    let limits = Limits::default().with_window((16 << 20) - 1);
    let (_, verdict) = decode_by(&[Coding::Brotli], &limits, &large, (2, 9));
    let max = limits.window;
    let expected = CodingError::Window { coding: Coding::Brotli, window: 16 << 20, max };
    assert_eq!(verdict, Err(expected));
    assert!(decode(&[Coding::Brotli], &[0b0001_0001, 0b0001_1110, 3]).is_err());
}

#[test]
fn every_error_obeys_the_law() {
    let coding = Coding::Gzip;
    for (error, target) in [
        (CodingError::unsupported(b"compress"), "compress"),
        (CodingError::TooMany { max: 5 }, "5"),
        (CodingError::Malformed { coding, offset: 17, what: "a sign" }, "byte 17: a sign"),
        (CodingError::Truncated { coding, received: 1 }, "at byte 1"),
        (CodingError::Window { coding, window: 9, max: 8 }, "9 bytes (at most 8)"),
        (CodingError::TooLarge { limit: "ratio", max: 8 }, "ratio (at most 8)"),
    ] {
        let line = netcore::testing::error_law(&error);
        assert!(line.contains(target), "{line}");
        let kind = crate::error::Error::from(error.clone()).kind();
        match error {
            CodingError::TooLarge { .. } => assert_eq!(kind, crate::error::ErrorKind::TooLarge),
            _ => assert_eq!(kind, crate::error::ErrorKind::Coding),
        }
    }
}
