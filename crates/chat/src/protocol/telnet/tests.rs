use netcore::testing::{Random, SEED_VARIABLE, split_law};

use super::{MAX_ANSWERS, MAX_SUBNEGOTIATION, Telnet};

/// Returns the text, the answers and `true` for AYT, for a stream that arrives in `pieces`.
fn separate(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>, bool) {
    let mut telnet = Telnet::default();
    let (mut text, mut answers, mut are_you_there) = (Vec::new(), Vec::new(), false);
    for piece in pieces {
        let separated = telnet.separate(piece);
        text.extend_from_slice(&separated.text);
        answers.extend(separated.answers);
        are_you_there |= separated.are_you_there;
    }
    (text, answers, are_you_there)
}

/// Checks that `input` gives this text and these answers, in any chunking.
#[track_caller]
fn law(input: &[u8], text: &[u8], answers: &[u8], are_you_there: bool) {
    split_law(input, |pieces| {
        let separated = separate(pieces);
        assert_eq!(separated, (text.to_vec(), answers.to_vec(), are_you_there), "{input:?}");
        vec![separated]
    });
}

#[test]
fn options_are_refused_and_commands_removed() {
    for (input, text, answers) in [
        // PuTTY: WILL NAWS, TSPEED, TTYPE, NEW-ENVIRON; DO ECHO; WILL and DO SUPPRESS-GO-AHEAD.
        (
            &b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\
               \xff\xfd\x01\xff\xfb\x03\xff\xfd\x03hello\r\n"[..],
            &b"hello\r\n"[..],
            &b"\xff\xfe\x1f\xff\xfe\x20\xff\xfe\x18\xff\xfe\x27\
               \xff\xfc\x01\xff\xfe\x03\xff\xfc\x03"[..],
        ),
        // Ctrl-C in telnet(1): Interrupt Process, DO TIMING-MARK. The mark is granted each time.
        (b"a\xff\xf4\xff\xfd\x06b\xff\xf4\xff\xfd\x06c", b"abc", b"\xff\xfb\x06\xff\xfb\x06"),
        (b"\xff\xfb\x06", b"", b"\xff\xfe\x06"),
        // A refusal is not answered.
        (b"\xff\xfc\x01a\xff\xfe\x01b", b"ab", b""),
        // NOP, Data Mark, Break, Abort Output, Erase Character, Erase Line, Go Ahead, End of
        // Record.
        (b"a\xff\xf1\xff\xf2\xff\xf3\xff\xf5\xff\xf7\xff\xf8\xff\xf9\xff\xefb", b"ab", b""),
        // A window size with a line feed and an escaped 255 in it.
        (b"a\xff\xfa\x1f\x00\x0a\xff\xff\x18\xff\xf0b\n", b"ab\n", b""),
        // A command within a subnegotiation ends it.
        (b"\xff\xfa\x18xx\xff\xfd\x01text", b"text", b"\xff\xfc\x01"),
        // Extended options (RFC 861) have a number like any other.
        (b"\xff\xfd\xff.", b".", b"\xff\xfc\xff"),
    ] {
        law(input, text, answers, false);
    }
    law(b"a\xff\xf6b", b"ab", b"", true);
}

#[test]
fn text_that_is_not_utf8_is_unchanged() {
    for input in [
        &b"\xff\n"[..],
        b"\xff\xfe\n",
        b"\xff\xfe\xfd\n",
        b"\xff\xfb\r\n",
        b"\xff\xfa\n",
        b"caf\xe9 \xffand\n",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
    ] {
        law(input, input, b"", false);
    }
    assert_eq!(separate(&[b"\xff\xff"]).0, b"\xff");
}

#[test]
fn subnegotiations_and_answers_are_bounded() {
    // A subnegotiation without an end swallows no more than its limit.
    for byte in [b'x', b'\n', 255] {
        let endless =
            [&b"\xff\xfa\x1f"[..], &vec![byte; 3 * usize::from(MAX_SUBNEGOTIATION)], b"\n"]
                .concat();
        let text = separate(&[&endless]).0;
        assert!(
            text.len() >= usize::from(MAX_SUBNEGOTIATION) / 3 && text.ends_with(b"\n"),
            "{byte}"
        );
    }
    let requests = b"\xff\xfd\x01".repeat(MAX_ANSWERS);
    let answers = separate(&[&requests]).1;
    assert!((MAX_ANSWERS..MAX_ANSWERS + 3).contains(&answers.len()), "{}", answers.len());
}

#[test]
fn any_chunking_of_random_bytes_gives_the_same_result() {
    let mut random = Random::from_env(SEED_VARIABLE);
    let bytes = b"\xff\xff\xff\xff\xfe\xfd\xfc\xfb\xfa\xf0\xf4\xf6\xf2\x01\x06\na\r\xec\xeb";
    for _ in 0..300 {
        let input: Vec<u8> = (0..40).map(|_| *random.pick(bytes)).collect();
        split_law(&input, |pieces| vec![separate(pieces)]);
    }
}
