use super::*;

#[test]
fn the_vectors_of_the_rfc() {
    let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
    for (length, expected) in vectors.iter().enumerate() {
        assert_eq!(encode(&b"foobar"[..length]), *expected);
    }
    assert_eq!(encode(&[0xfb, 0xff, 0xbf]), "+/+/");
}

#[test]
fn a_key_is_sixteen_bytes() {
    assert!(is_16_bytes(b"dGhlIHNhbXBsZSBub25jZQ=="));
    for wrong in
        ["", "==", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZ-=="]
    {
        assert!(!is_16_bytes(wrong.as_bytes()), "{wrong}");
    }
    for length in [15, 17, 18] {
        assert!(!is_16_bytes(encode(&vec![7; length]).as_bytes()), "{length}");
    }
}
