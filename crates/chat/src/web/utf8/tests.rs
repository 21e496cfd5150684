use netcore::testing::Random;

use super::*;

fn is_utf8(pieces: &[&[u8]]) -> bool {
    let mut validator = Utf8Validator::default();
    pieces.iter().all(|piece| validator.check(piece).is_ok()) && validator.finish().is_ok()
}

#[test]
fn any_cut_of_a_text_gives_the_verdict_of_std() {
    let texts: [&[u8]; 12] = [
        b"",
        b"plain",
        "Grüße, 你好, 🦀!".as_bytes(),
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xe4\xbd",
        b"\xe4\xbd\xa0\xe5\xa5",
        b"\x80",
        b"a\xff",
        b"\xf0\x9f\xa6a",
    ];
    for text in texts {
        let expected = std::str::from_utf8(text).is_ok();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(is_utf8(&pieces), expected, "{pieces:x?}");
            }
        }
    }
}

#[test]
fn random_bytes_in_random_pieces_get_the_verdict_of_std() {
    let mut random = Random::from_env("CHAT_SEED");
    for _ in 0..20_000 {
        let text: Vec<u8> = (0..random.below(8))
            .map(|_| [0x61, 0xc3, 0xa9, 0xe4, 0xbd, 0xf0, 0x9f, 0x80, 0xed][random.below(9)])
            .collect();
        let cut = random.below(text.len() + 1);
        let expected = std::str::from_utf8(&text).is_ok();
        assert_eq!(is_utf8(&[&text[..cut], &text[cut..]]), expected, "{text:x?} {random:?}");
    }
}

#[test]
fn a_wrong_byte_is_noticed_before_the_text_ends() {
    let mut validator = Utf8Validator::default();
    validator.check(b"\xe4").unwrap();
    assert_eq!(validator.check(b"a"), Err(NotUtf8));
}
