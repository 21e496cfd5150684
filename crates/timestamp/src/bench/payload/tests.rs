use netcore::testing::split_law;

use super::*;

fn text(size: usize, number: u64) -> Vec<u8> {
    Text::new(size).of(number).to_vec()
}

#[test]
fn a_text_has_its_size_and_its_number() {
    assert_eq!(text(20, 0x2a), b"abcd00000000000002a\n");
    assert_eq!(text(16, u64::MAX), b"fffffffffffffff\n");
    assert_eq!(text(4, 0x1234), b"234\n");
    assert_eq!(text(1, 7), b"\n");
    for size in [1, 2, 15, 16, 17, 64, 100_000] {
        assert_eq!(text(size, 1).len(), size);
        assert_eq!(Text::new(size).size(), size);
    }
}

#[test]
fn a_text_that_was_used_for_a_large_number_is_used_for_a_small_one() {
    let mut text = Text::new(18);
    text.of(u64::MAX);
    assert_eq!(text.of(1), b"ab000000000000001\n");
}

#[test]
fn datagrams_are_answers_alone_or_behind_a_stamp() {
    let sent = text(24, 0xbeef);
    let behind = |stamp: &str| [stamp.as_bytes(), &sent[..]].concat();
    for good in ["", "[12] ", "[Fri Nov 20 18:11:02 2026] ", "[] "] {
        assert!(is_answer(&behind(good), &sent), "{good}");
        assert_eq!(Text::new(24).number(&behind(good)), Some(0xbeef), "{good}");
    }
    for bad in ["x", "[12]", "[12]  ", " [12] ", "12] ", "[1\n2] "] {
        assert!(!is_answer(&behind(bad), &sent), "{bad}");
    }
    assert!(!is_answer(&sent[1..], &sent));
    assert!(!is_answer(&[&sent[..], b"\n"].concat(), &sent));
}

#[test]
fn what_has_no_number_has_none() {
    let text = Text::new(24);
    for bad in [&b""[..], b"\n", b"00000000000002a\n"[1..].as_ref(), b"00000000000G02a\n"] {
        assert_eq!(text.number(bad), None, "{}", bad.escape_ascii());
    }
}

/// How many of the texts 0, 1, 2, … came, and whether all was as it should be.
fn compare(size: usize, pieces: &[&[u8]]) -> (u64, Result<(), Wrong>) {
    let (mut text, mut comparison, mut number) = (Text::new(size), Comparison::default(), 0);
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            match comparison.take(&mut piece, text.of(number)) {
                Ok(true) => number += 1,
                Ok(false) => assert!(piece.is_empty(), "it asks for more and leaves some"),
                Err(wrong) => return (number, Err(wrong)),
            }
        }
    }
    (number, Ok(()))
}

#[test]
fn stamps_may_stand_anywhere_and_pieces_may_be_cut_anywhere() {
    let [a, b, c] = [0, 1, 2].map(|number| text(18, number));
    let streams: [Vec<u8>; 4] = [
        [&a[..], &b, &c].concat(),
        [b"[Fri Nov 20 18:11:02 2026] ", &a[..], b"[x] ", &b, b"[] ", &c].concat(),
        [b"[1] ", &a[..], &b[..7], b"[2] ", &b[7..], &c].concat(),
        [&a[..1], b"[1]2] ", &a[1..2], b"[] ", &a[2..], b"[[1] ", &b, b"[] ", &c].concat(),
    ];
    for stream in streams {
        assert_eq!(compare(18, &[&stream]), (3, Ok(())), "{}", stream.escape_ascii());
        split_law(&stream, |pieces| vec![compare(18, pieces)]);
    }
}

#[test]
fn what_was_not_sent_is_wrong_however_it_is_cut() {
    let [a, b] = [0, 1].map(|number| text(18, number));
    let mut changed = a.clone();
    changed[0] ^= 1;
    let long = [&[b'['; 1][..], &[b'x'; LONGEST_STAMP], b"] ", &a].concat();
    let streams: [(u64, Vec<u8>); 9] = [
        (0, changed),
        (0, b.clone()),
        (0, a[1..].to_vec()),
        (1, [&a[..], &a].concat()),
        (1, [&a[..], b"\n"].concat()),
        (0, [b"[1\n] ", &a[..]].concat()),
        (0, [b"[1] [2] ", &a[..]].concat()),
        (1, [&a[..], &b[..5], b"[1] [2] ", &b[5..]].concat()),
        (0, long),
    ];
    for (whole, stream) in streams {
        assert_eq!(compare(18, &[&stream]), (whole, Err(Wrong)), "{}", stream.escape_ascii());
        if stream.len() < 200 {
            split_law(&stream, |pieces| vec![compare(18, pieces)]);
        }
    }
}
