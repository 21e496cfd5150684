use http::HeaderValue;

use super::*;
use crate::digest::fixture::{digest, sequence, sha256};

const CONTENT: &[u8] = b"All that there is.";

fn fields(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn check(status: u16, head: &[(&'static str, &str)]) -> Option<ContentCheck> {
    ContentCheck::of(StatusCode::from_u16(status).unwrap(), &fields(head))
}

#[test]
fn the_result_does_not_depend_on_the_pieces() {
    let good = sha256(CONTENT);
    for cut in 0..=CONTENT.len() {
        let mut check = check(200, &[("repr-digest", &good), ("content-digest", &good)]).unwrap();
        check.update(&CONTENT[..cut]);
        check.update(&CONTENT[cut..]);
        assert_eq!(check.finish(None), Ok(()));
        let mut short = self::check(200, &[("content-digest", &good)]).unwrap();
        short.update(&CONTENT[..cut]);
        assert_eq!(short.finish(None).is_ok(), cut == CONTENT.len(), "{cut} bytes");
    }
}

#[test]
fn each_field_is_compared_by_itself() {
    let (good, bad) = (sha256(CONTENT), sha256(b"another"));
    let strong = format!("sha-512={}", sequence(&digest(Algorithm::Sha512, CONTENT)));
    for (content, repr, wrong) in [
        (&good, &good, None),
        (&good, &bad, Some(DigestField::Repr)),
        (&bad, &good, Some(DigestField::Content)),
        (&strong, &good, None),
        (&strong, &bad, Some(DigestField::Repr)),
        (&format!("{strong}, {bad}"), &good, None),
    ] {
        let head = [("content-digest", content.as_str()), ("repr-digest", repr.as_str())];
        let mut check = check(200, &head).unwrap();
        check.update(CONTENT);
        let result = check.finish(None);
        assert_eq!(result.err().map(|it| it.field), wrong.map(Some), "{content} {repr}");
    }
}

#[test]
fn a_digest_of_a_wrong_length_matches_nothing() {
    let mut check = check(200, &[("content-digest", "sha-256=:aGk=:")]).unwrap();
    check.update(CONTENT);
    let mismatch = check.finish(None).unwrap_err();
    assert_eq!((mismatch.expected, mismatch.actual.len()), (b"hi".to_vec(), 32));
}

#[test]
fn a_response_without_content_of_its_own_is_not_checked() {
    let bad = sha256(b"another");
    for status in [204, 304] {
        assert!(check(status, &[("content-digest", &bad), ("repr-digest", &bad)]).is_none());
    }
    assert!(check(206, &[("repr-digest", &bad)]).is_none());
    assert!(check(206, &[("content-digest", &bad)]).is_some());
    assert!(check(404, &[("repr-digest", &bad)]).is_some());
    assert!(check(200, &[]).is_none());
}

#[test]
fn trailers_count_if_the_head_announces_them() {
    let (good, bad) = (sha256(CONTENT), sha256(b"another"));
    for (trailer, matches) in [(&good, true), (&bad, false)] {
        let mut check = check(200, &[("trailer", "Repr-Digest, Content-Digest")]).unwrap();
        check.update(CONTENT);
        assert_eq!(check.finish(Some(&fields(&[("repr-digest", trailer)]))).is_ok(), matches);
    }
    let mut silent = check(200, &[("trailer", "content-digest")]).unwrap();
    silent.update(CONTENT);
    assert_eq!(silent.finish(None), Ok(()), "an announcement is no digest");
}
