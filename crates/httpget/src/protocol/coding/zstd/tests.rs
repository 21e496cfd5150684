use super::bits::BackwardBits;
use super::*;

const MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";

/// The frame header of a window of 128 KiB, without anything else.
const HEADER: &[u8] = b"\0\x38";

/// Decodes byte by byte, with room for windows of `room` bytes.
fn decode_with(coded: &[u8], mut room: u64) -> Result<Vec<u8>, Fault> {
    let mut zstd = Zstd::new();
    let (mut decoded, mut output) = (Vec::new(), vec![0; 1000]);
    for byte in coded {
        let mut input = std::slice::from_ref(byte);
        loop {
            let (used, written) = zstd.decode(input, &mut output, &mut room)?;
            input = &input[used..];
            decoded.extend_from_slice(&output[..written]);
            if input.is_empty() && written == 0 {
                break;
            }
        }
    }
    assert!(zstd.is_complete(), "truncated, after {} bytes", decoded.len());
    Ok(decoded)
}

fn decode(parts: &[&[u8]]) -> Result<Vec<u8>, &'static str> {
    decode_with(&parts.concat(), 16 << 20).map_err(|fault| match fault {
        Fault::Malformed { what, .. } => what,
        Fault::Window { .. } => panic!("{fault:?}"),
    })
}

/// A block, with the bits of its kind and its size.
fn block(is_last: bool, kind: u32, size: u32, bytes: &[u8]) -> Vec<u8> {
    let header = u32::from(is_last) | kind << 1 | size << 3;
    [&header.to_le_bytes()[..3], bytes].concat()
}

fn raw(is_last: bool, bytes: &[u8]) -> Vec<u8> {
    block(is_last, 0, bytes.len() as u32, bytes)
}

fn compressed(is_last: bool, bytes: &[u8]) -> Vec<u8> {
    block(is_last, 2, bytes.len() as u32, bytes)
}

/// A block without literals and with `count` sequences: the byte before, 65,539 times.
fn repeats(count: u8, bits: &[u8]) -> Vec<u8> {
    compressed(true, &[&[0, count, 0x54, 0, 2, 52], bits].concat())
}

#[test]
fn the_hash_is_that_of_its_authors() {
    for (text, expected) in [
        ("", 0xef46_db37_51d8_e999),
        ("a", 0xd24e_c4f1_a98c_6e5b),
        ("abc", 0x44bc_2cf5_ad77_0999),
        (&"0123456789".repeat(10), hash_of(&["0123456789".repeat(10).as_bytes()])),
    ] {
        assert_eq!(hash_of(&[text.as_bytes()]), expected, "{text}");
    }
    let text = "The quick brown fox jumps over the lazy dog, and then over the next one.";
    for cut in 0..text.len() {
        let (one, two) = text.as_bytes().split_at(cut);
        assert_eq!(hash_of(&[one, two]), hash_of(&[text.as_bytes()]), "{cut}");
    }
}

fn hash_of(pieces: &[&[u8]]) -> u64 {
    let mut hash = XxHash64::new();
    pieces.iter().for_each(|piece| hash.update(piece));
    hash.finish()
}

#[test]
fn frames_and_skippable_frames_follow_one_another() {
    let frame = [MAGIC, HEADER, &raw(false, b"ab"), &block(true, 1, 3, b"c")].concat();
    let skippable = b"\x5f\x2a\x4d\x18\x03\0\0\0xyz";
    let empty = b"\x50\x2a\x4d\x18\0\0\0\0";
    assert_eq!(decode(&[&frame]).unwrap(), b"abccc");
    let all: &[&[u8]] = &[skippable, &frame, empty, &frame, skippable];
    assert_eq!(decode(all).unwrap(), b"abcccabccc");
    assert_eq!(decode(&[&frame, b"next"]), Err("a zstd frame expected"));
    assert_eq!(decode(&[b"\x1f\x8b\x08\0"]), Err("a zstd frame expected"));
}

#[test]
fn a_stated_length_is_checked() {
    // A single segment of 5 bytes.
    let header: &[u8] = b"\x20\x05";
    assert_eq!(decode(&[MAGIC, header, &raw(true, b"12345")]).unwrap(), b"12345");
    let wrong = Err("the content does not have the stated length");
    assert_eq!(decode(&[MAGIC, header, &raw(true, b"1234")]), wrong);
    let longer = [raw(false, b"12345"), raw(true, b"6")].concat();
    assert_eq!(decode(&[MAGIC, header, &longer]), wrong);
    let block = raw(true, b"123456");
    assert_eq!(decode(&[MAGIC, header, &block]), Err("a block that is too large"));
    // 256 bytes, in two bytes.
    let content = [b'x'; 256];
    assert_eq!(decode(&[MAGIC, b"\x60\0\0", &raw(true, &content)]).unwrap(), content);
}

#[test]
fn headers_that_ask_for_more_are_refused() {
    for (header, what) in [
        (&b"\x08\x38"[..], "a reserved bit is set"),
        (b"\x01\x38\x07", "a frame that needs a dictionary"),
        (b"\x03\x38\0\0\0\x01", "a frame that needs a dictionary"),
    ] {
        assert_eq!(decode(&[MAGIC, header]), Err(what));
    }
    let frame = [MAGIC, b"\x01\x38\0", &raw(true, b"x")];
    assert_eq!(decode(&frame).unwrap(), b"x", "a dictionary of number 0 is none");
    assert_eq!(
        decode(&[MAGIC, HEADER, &block(true, 3, 1, b"x")]),
        Err("a block of a reserved type")
    );
    let large = block(true, 1, (128 << 10) + 1, b"x");
    assert_eq!(decode(&[MAGIC, HEADER, &large]), Err("a block that is too large"));
}

#[test]
fn windows_are_limited_to_eight_mebibytes() {
    let frame = |header: &[u8]| [MAGIC, header, &raw(true, b"x")].concat();
    assert_eq!(decode_with(&frame(b"\0\x68"), 16 << 20), Ok(b"x".to_vec()));
    let larger = Fault::Window { bytes: 9 << 20, max: 8 << 20 };
    assert_eq!(decode_with(&frame(b"\0\x69"), 16 << 20), Err(larger));
    let largest = Fault::Window { bytes: 15 << 38, max: 8 << 20 };
    assert_eq!(decode_with(&frame(b"\0\xff"), 16 << 20), Err(largest));
    let single = Fault::Window { bytes: u64::MAX, max: 8 << 20 };
    assert_eq!(decode_with(&frame(b"\xe0\xff\xff\xff\xff\xff\xff\xff\xff"), 16 << 20), Err(single));
    // Frames use the same window again, and a larger one takes only the difference.
    let frames = [frame(b"\0\x38"), frame(b"\0\x40"), frame(b"\0\x38")].concat();
    assert_eq!(decode_with(&frames, 256 << 10), Ok(b"xxx".to_vec()));
    let short = Fault::Window { bytes: 256 << 10, max: (256 << 10) - 1 };
    assert_eq!(decode_with(&frames, (256 << 10) - 1), Err(short));
}

#[test]
fn no_block_becomes_larger_than_its_limit() {
    let begin = [MAGIC, HEADER, &raw(false, b"x")].concat();
    let once = repeats(1, b"\0\0\x04");
    assert_eq!(decode(&[&begin, &once]).unwrap(), vec![b'x'; 65_540]);
    let twice = repeats(2, b"\0\0\0\0\x10");
    assert_eq!(decode(&[&begin, &twice]), Err("a block that is too large"));
    let literals = compressed(true, &[0x0d, 0xff, 0xff, b'x', 0]);
    assert_eq!(decode(&[&begin, &literals]), Err("a block that is too large"));
}

#[test]
fn sequences_stay_within_what_was_decoded() {
    let begin = [MAGIC, HEADER].concat();
    let nothing = repeats(1, b"\0\0\x04");
    assert_eq!(decode(&[&begin, &nothing]), Err("an offset beyond the window"));
    let begin = [&begin[..], &raw(false, b"x")].concat();
    for (bytes, what) in [
        (&b""[..], "truncated literals"),
        (b"\0", "truncated sequences"),
        (b"\0\0x", "bytes behind the sequences"),
        (b"\0\x01\x55", "a reserved bit is set"),
        (b"\0\x01\x54\x24", "a code that does not exist"),
        (b"\0\x01\xfc", "a table that does not exist"),
        (b"\0\x01\x54\0\x02\0\0", "a bit stream without an end mark"),
        (b"\0\x01\x54\0\x02\0\x01", "sequences with a wrong number of bits"),
        (b"\0\x01\x54\0\x02\0\x08", "sequences with a wrong number of bits"),
        (b"\0\x01\x54\x01\x02\0\x04", "too few literals"),
        (b"\x03\0\0\0", "literals without a Huffman table"),
        (b"\x12\0\0\0\0", "a truncated Huffman table"),
    ] {
        let result = decode(&[&begin, &compressed(true, bytes)]);
        assert_eq!(result, Err(what), "{bytes:x?}");
    }
}

#[test]
fn a_bit_stream_is_read_from_its_end() {
    let bytes: Vec<u8> = (1..=20).collect();
    let mut stream = BackwardBits::new(&bytes).unwrap();
    // 20 is 0b10100: two zeros, a one and two zeros behind the mark.
    assert_eq!(stream.read(4), 0b0100);
    for byte in (1..20).rev() {
        stream.refill();
        assert!(!stream.is_overrun());
        assert_eq!(stream.read(8), byte);
    }
    assert!(stream.is_at_end());
    assert_eq!(stream.read(3), 0);
    assert!(stream.is_overrun() && !stream.is_at_end());
    let mut short = BackwardBits::new(&[0b0101_0101, 0b0000_0111]).unwrap();
    assert_eq!((short.read(2), short.read(8), short.is_at_end()), (3, 0b0101_0101, true));
    assert!(BackwardBits::new(&[]).is_err() && BackwardBits::new(&[1, 0]).is_err());
}
