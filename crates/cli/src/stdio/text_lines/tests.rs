use std::io::{BufReader, Cursor};

use super::*;

fn lines(input: impl Into<Vec<u8>>, capacity: usize) -> Vec<Result<String, NotUtf8>> {
    let input = BufReader::with_capacity(capacity, Cursor::new(input.into()));
    let mut lines = TextLines::new(Box::new(input));
    std::iter::from_fn(|| lines.next().unwrap()).collect()
}

#[test]
fn a_line_is_its_text_whatever_its_ending_and_a_cr_within_it_is_a_space() {
    for capacity in [1, 2, 3, 100] {
        let all = lines("one\r\n\ntw\ro\n\u{e9}", capacity);
        assert_eq!(all, ["one", "", "tw o", "\u{e9}"].map(|line| Ok(line.to_owned())));
    }
}

#[test]
fn a_long_line_is_cut_between_characters() {
    for (character, more) in [("\u{e9}", 0), ("\u{e9}", 1), ("\u{1f600}", 3), ("\u{6f22}", 2)] {
        let line = "x".repeat(more) + &character.repeat(50_000);
        let all = lines(format!("{line}\nnext\n"), 8192);
        let all: Vec<String> = all.into_iter().map(Result::unwrap).collect();
        let (last, pieces) = all.split_last().unwrap();
        assert_eq!(last, "next");
        assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= MAX_PIECE));
        assert_eq!(pieces.concat(), line);
    }
}

#[test]
fn a_line_as_long_as_a_piece_has_no_empty_piece_behind_it() {
    for ending in ["\n", "\r\n"] {
        let line = "x".repeat(MAX_PIECE);
        assert_eq!(lines(format!("{line}{ending}y\n"), 8192), [Ok(line), Ok("y".to_owned())]);
    }
}

#[test]
fn a_line_that_is_not_utf8_is_refused_as_a_whole_and_the_others_are_not() {
    let all = lines(b"one\ncaf\xe9\ntwo\nend\xc3".to_vec(), 3);
    let refused = |number| Err(NotUtf8 { number });
    assert_eq!(all, [Ok("one".into()), refused(2), Ok("two".into()), refused(4)]);

    let long = [&b"\xff"[..], &vec![b'x'; 3 * MAX_PIECE], b"\nnext\n"].concat();
    assert_eq!(lines(long, 8192), [refused(1), Ok("next".into())]);
}

#[test]
fn the_rest_of_a_long_line_can_be_skipped() {
    let input = format!("{}\nshort\nlast", "x".repeat(3 * MAX_PIECE));
    let mut lines = TextLines::new(Box::new(Cursor::new(input)));
    let mut next = || (lines.next().unwrap().map(Result::unwrap), lines.skip_rest());
    assert_eq!(next(), (Some("x".repeat(MAX_PIECE)), true));
    assert_eq!(next(), (Some("short".to_owned()), false));
    assert_eq!(next(), (Some("last".to_owned()), false));
    assert_eq!(next(), (None, false));
}
