use super::{is_foreign, line, read};

const NONCE: u64 = 0x0123_4567_89ab_cdef;

#[test]
fn an_answer_is_recognised_by_its_number_and_nonce() {
    assert_eq!(line(7, NONCE), "7 0123456789abcdef\n");
    for (answer, expected) in [
        ("7 0123456789abcdef\n", Some((7, None))),
        (
            "[Fri Nov 20 18:11:02 2026] 7 0123456789abcdef\r\n",
            Some((7, Some("Fri Nov 20 18:11:02 2026"))),
        ),
        ("[] 7 0123456789abcdef", Some((7, Some("")))),
        ("[[18]] 7 0123456789abcdef", Some((7, Some("[18]")))),
        ("[1] 8 0123456789abcdee", None),
        ("[1] 0123456789abcdef", None),
        ("[1]  0123456789abcdef", None),
        ("x7 0123456789abcdef", None),
        ("7 0123456789abcdef ", None),
        ("99999999999999999999 0123456789abcdef", None),
        ("error: the server has as many clients as it may; try again later", None),
        ("", None),
    ] {
        assert_eq!(read(answer.as_bytes(), NONCE), expected, "{answer:?}");
    }
    assert_eq!(read(b"\xff 7 0123456789abcdef", NONCE), None);
}

#[test]
fn a_line_is_assembled_wherever_the_stream_divides_it() {
    let whole = line(42, NONCE);
    for at in 1..whole.len() {
        let (head, tail) = whole.split_at(at);
        let answer = format!("[1] {head}[2] {tail}");
        assert_eq!(read(answer.as_bytes(), NONCE), Some((42, Some("1"))), "{answer:?}");
    }
    let bytes: String = whole.chars().map(|c| format!("[1] {c}")).collect();
    assert_eq!(read(bytes.as_bytes(), NONCE), Some((42, Some("1"))));
    assert_eq!(read(b"[1] 4[2 42 0123456789abcdef", NONCE), None);
}

#[test]
fn an_answer_to_an_earlier_run_is_not_foreign() {
    for (line, foreign) in [
        ("HTTP/1.1 400 Bad Request\r\n", true),
        ("* welcome\n", true),
        ("ann: 7 0123456789abcdef\n", true),
        ("[1] 8 0123456789abcdee\n", false),
        ("8 0123456789abcdee\r\n", false),
        ("\r\n", false),
    ] {
        assert_eq!(read(line.as_bytes(), NONCE), None);
        assert_eq!(is_foreign(line.as_bytes(), NONCE), foreign, "{line:?}");
    }
}
