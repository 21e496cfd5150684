use http::HeaderValue;

use super::*;

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn the_strongest_known_algorithm_counts() {
    let (weak, strong) = ((Algorithm::Sha256, b"hi".to_vec()), (Algorithm::Sha512, b"ha".to_vec()));
    for (value, expected) in [
        ("sha-256=:aGk=:", Some(&weak)),
        ("sha-256=:aGk=:, sha-512=:aGE=:", Some(&strong)),
        ("sha-512=:aGE=:, md5=:aGk=:, sha-256=:aGk=:", Some(&strong)),
        // RFC 9530 section 5: these protect only from accidents.
        ("md5=:aGk=:, sha=:aGk=:, unixsum=:aGk=:, adler=:aGk=:, crc32c=:aGk=:", None),
        ("sha-3=:aGk=:", None),
        // Neither is a byte sequence.
        ("sha-512=1, sha-256=:aGk=:", Some(&weak)),
        ("sha-512=\"aGE=\", sha-256", None),
        ("sha-256=aGk=", None),
        ("SHA-256=:aGk=:", None),
        ("sha-256=:aGk=:,", None),
        ("", None),
    ] {
        let fields = headers(&[("content-digest", value)]);
        assert_eq!(strongest(&fields, DigestField::Content).as_ref(), expected, "{value}");
        assert_eq!(strongest(&fields, DigestField::Repr), None);
    }
}

#[test]
fn several_lines_are_one_list() {
    let lines = [("repr-digest", "sha-256=:aGk=:"), ("repr-digest", "sha-512=:aGE=:")];
    let expected = Some((Algorithm::Sha512, b"ha".to_vec()));
    assert_eq!(strongest(&headers(&lines), DigestField::Repr), expected);
    let lines = [lines[0], ("repr-digest", "")];
    assert_eq!(strongest(&headers(&lines), DigestField::Repr), None, "a comma at the end");
}

#[test]
fn trailer_announces_fields_by_name() {
    let announced = |value| is_announced(&headers(&[("trailer", value)]), DigestField::Repr);
    assert!(announced("repr-digest") && announced("X , Repr-Digest\t,Y"));
    assert!(!announced("content-digest") && !announced("repr-digest2") && !announced(""));
}
