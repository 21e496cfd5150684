use super::*;

fn payload(size: usize, number: u64) -> Vec<u8> {
    Payload::new(size).request(number).to_vec()
}

#[test]
fn a_request_has_its_size_and_its_number() {
    assert_eq!(payload(20, 0x2a), b"abcd00000000000002a\n");
    assert_eq!(payload(16, u64::MAX), b"fffffffffffffff\n");
    assert_eq!(payload(4, 0x1234), b"234\n");
    assert_eq!(payload(1, 7), b"\n");
    for size in [1, 2, 15, 16, 17, 64, 100_000] {
        assert_eq!(payload(size, 1).len(), size);
        assert_eq!(Payload::new(size).size(), size);
    }
}

#[test]
fn a_payload_overwrites_a_larger_number() {
    let mut payload = Payload::new(18);
    payload.request(u64::MAX);
    assert_eq!(payload.request(1), b"ab000000000000001\n");
}

#[test]
fn a_datagram_is_an_answer_with_or_without_a_stamp() {
    let sent = payload(24, 0xbeef);
    let behind = |stamp: &str| [stamp.as_bytes(), &sent[..]].concat();
    for good in ["", "[12] ", "[Fri Nov 20 18:11:02 2026] ", "[] "] {
        assert!(is_answer(&behind(good), &sent), "{good}");
        assert_eq!(Payload::new(24).number(&behind(good)), Some(0xbeef), "{good}");
    }
    for bad in ["x", "[12]", "[12]  ", " [12] ", "12] ", "[1\n2] "] {
        assert!(!is_answer(&behind(bad), &sent), "{bad}");
    }
    assert!(!is_answer(&sent[1..], &sent));
    assert!(!is_answer(&[&sent[..], b"\n"].concat(), &sent));
}

#[test]
fn a_datagram_without_a_number_has_none() {
    let payload = Payload::new(24);
    for bad in [&b""[..], b"\n", b"00000000000002a\n"[1..].as_ref(), b"00000000000G02a\n"] {
        assert_eq!(payload.number(bad), None, "{}", bad.escape_ascii());
    }
}
