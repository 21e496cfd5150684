use super::*;

fn take(keys: &mut Keys, burst: impl AsRef<[u8]>) -> String {
    keys.take(burst.as_ref(), false).0
}

#[test]
fn bytes_that_are_not_utf8_become_a_mark_and_what_is_behind_them_is_kept() {
    assert_eq!(take(&mut Keys::default(), b"caf\xe9 au lait\r"), "caf\u{fdd0} au lait\r");
    assert_eq!(take(&mut Keys::default(), b"\xff\xfe\xc3("), "\u{fdd0}\u{fdd0}\u{fdd0}(");
}

#[test]
fn a_character_may_come_byte_by_byte() {
    let mut keys = Keys::default();
    let text = "é漢👩";
    let typed: String = text.bytes().map(|byte| take(&mut keys, [byte])).collect();
    assert_eq!(typed, text);
    // One that breaks off does not hold up what follows.
    assert_eq!(take(&mut keys, b"\xe6\xbc"), "");
    assert_eq!(take(&mut keys, b"x\r"), "\u{fdd0}x\r");
}

#[test]
fn many_lines_at_once_are_a_paste_and_few_are_typed() {
    for typed in ["one\rtwo\r", "one\rtwo\r\r\r", "\r\r\r\r", "a\rb\r\x03c\r", "a\r\x1b[A\rb\rc\r"]
    {
        assert_eq!(take(&mut Keys::default(), typed), typed);
    }
    let pasted = Keys::default().take(b"one\r\rtwo\tx\nthree\r", false);
    assert_eq!(pasted, ("\x1b[200~one\r\rtwo\tx\nthree\x1b[201~".to_owned(), Some(3)));
}

#[test]
fn a_paste_that_comes_in_pieces_stays_one() {
    let mut keys = Keys::default();
    assert_eq!(keys.take(b"a\rb\rc\r", true).0, "\x1b[200~a\rb\rc\r\x1b[201~");
    assert_eq!(keys.take(b"last\r", false).0, "\x1b[200~last\x1b[201~");
    assert_eq!(keys.take(b"typed\r", false).0, "typed\r");
}

#[test]
fn a_paste_that_the_terminal_marks_is_left_as_it_is() {
    let pasted = "\x1b[200~one\rtwo\rthree\rfour\rfive\r\x1b[201~";
    for size in 1..pasted.len() {
        let mut keys = Keys::default();
        let pieces = pasted.as_bytes().chunks(size);
        assert_eq!(pieces.map(|piece| take(&mut keys, piece)).collect::<String>(), pasted);
        // After it, marks are made again.
        assert!(take(&mut keys, "a\rb\rc\r").starts_with(START), "pieces of {size}");
    }
}
