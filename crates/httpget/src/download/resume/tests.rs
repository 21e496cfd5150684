use std::time::{Duration, UNIX_EPOCH};

use std::time::SystemTime;

use http::HeaderName;

use super::*;
use crate::url::Url;

const TAG: &str = "\"v1\"";
/// One minute before [`noon`].
const MODIFIED: &str = "Sun, 06 Nov 1994 11:59:00 GMT";

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(784_123_200)
}

/// `Name: value` each.
fn headers(fields: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for field in fields {
        let (name, value) = field.split_once(": ").unwrap();
        let value = HeaderValue::from_str(value).unwrap();
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    headers
}

fn source() -> Source {
    let url = Url::parse("http://host/file").unwrap();
    Source::of(&url, &url)
}

fn tagged(bytes: u64, total: Option<u64>) -> Held {
    let validator = Validator::Tag(HeaderValue::from_static(TAG));
    Held::Part(Partial { bytes, version: Version { source: source(), validator, total } })
}

fn dated(bytes: u64, total: Option<u64>) -> Held {
    let validator = Validator::Modified(HeaderValue::from_static(MODIFIED));
    Held::Part(Partial { bytes, version: Version { source: source(), validator, total } })
}

fn plan(held: &Held, status: u16, fields: &[&str]) -> Result<Decision, RangeFault> {
    Decision::of(held, &source(), StatusCode::from_u16(status).unwrap(), &headers(fields))
}

#[test]
fn a_validator_is_a_strong_tag_or_a_strong_date() {
    let tag = |text| Some(Validator::Tag(HeaderValue::from_static(text)));
    let modified = Some(Validator::Modified(HeaderValue::from_static(MODIFIED)));
    let last_modified = "Last-Modified: Sun, 06 Nov 1994 11:59:00 GMT";
    let rows: &[(&[&str], Option<Validator>)] = &[
        (&["ETag: \"v1\""], tag(TAG)),
        (&["ETag: \"\""], tag("\"\"")),
        (&["ETag: \"v1\"", last_modified], tag(TAG)),
        (&["ETag: W/\"v1\""], None),
        (&["ETag: v1"], None),
        (&["ETag: \"v1"], None),
        (&["ETag: \""], None),
        (&["ETag: \"a\"b\""], None),
        (&["ETag: \"a b\""], None),
        (&["ETag: \"v1\"", "ETag: \"v2\""], None),
        // RFC 9110 section 13.1.5: no date where there is a tag, though a weak one.
        (&["ETag: W/\"v1\"", last_modified], None),
        (&[last_modified], modified.clone()),
        (&[last_modified, "Date: Sun, 06 Nov 1994 11:59:01 GMT"], modified.clone()),
        (&[last_modified, "Date: Sun, 06 Nov 1994 11:59:00 GMT"], None),
        (&[last_modified, "Date: nonsense"], None),
        (&["Last-Modified: Sun, 06 Nov 1994 11:59:01 GMT"], None),
        (&["Last-Modified: yesterday"], None),
        (&[last_modified, last_modified], None),
        (&[], None),
    ];
    for (fields, wanted) in rows {
        assert_eq!(&Validator::of(&headers(fields), noon()), wanted, "{fields:?}");
    }
}

#[test]
fn obsolete_dates_are_sent_back_unchanged() {
    let text = "Sunday, 06-Nov-94 11:59:00 GMT";
    let fields = headers(&[&format!("Last-Modified: {text}")]);
    let validator = Validator::of(&fields, noon()).unwrap();
    assert_eq!(validator.value(), text);
}

#[test]
fn a_range_begins_after_the_existing_bytes() {
    assert_eq!(tagged(400, None).range().unwrap(), "bytes=400-");
    assert_eq!(tagged(400, None).if_range().unwrap(), TAG);
    assert_eq!(Held::File(400).range().unwrap(), "bytes=400-");
    assert_eq!(Held::File(400).if_range(), None);
    for nothing in [Held::Nothing, Held::File(0), tagged(0, None)] {
        assert_eq!((nothing.range(), nothing.if_range()), (None, None), "{nothing:?}");
    }
}

#[test]
fn a_matching_range_is_continued() {
    let partial = tagged(400, Some(1000));
    let whole_rest = Ok(Decision::Continue { length: 600, total: 1000 });
    let tag = "ETag: \"v1\"";
    for range in ["bytes 400-999/1000", "bytes 400-999/*", "Bytes 400-999/1000"] {
        let range = format!("Content-Range: {range}");
        assert_eq!(plan(&partial, 206, &[&range, tag]), whole_rest, "{range}");
        // A 206 may leave the date out, but never the tag (RFC 9110 section 15.3.7).
        assert_eq!(plan(&dated(400, Some(1000)), 206, &[&range]), whole_rest, "{range}");
    }
    let less = Ok(Decision::Continue { length: 100, total: 1000 });
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-499/1000", tag]), less);
    let unknown = tagged(400, None);
    assert_eq!(plan(&unknown, 206, &["Content-Range: bytes 400-999/1000", tag]), whole_rest);
}

#[test]
fn another_version_is_requested_again() {
    let partial = tagged(400, Some(1000));
    let again = Ok(Decision::Repeat);
    let tag = "ETag: \"v1\"";
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-1000/1001", tag]), again);
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-1000/*", tag]), again);
    let range = "Content-Range: bytes 400-999/1000";
    assert_eq!(plan(&partial, 206, &[range]), again, "without the tag");
    assert_eq!(plan(&partial, 206, &[range, "ETag: \"v2\""]), again);
    assert_eq!(plan(&partial, 206, &[range, tag, "ETag: \"v2\""]), again);
    assert_eq!(plan(&partial, 206, &[range, "ETag: W/\"v1\""]), again);
    // Nothing tells where the file ends.
    assert_eq!(plan(&tagged(400, None), 206, &["Content-Range: bytes 400-999/*", tag]), again);
    let dated = dated(400, Some(1000));
    let other = "Last-Modified: Sun, 06 Nov 1994 11:59:01 GMT";
    assert_eq!(plan(&dated, 206, &[range, other]), again);
    assert_eq!(
        plan(&dated, 206, &[range, "ETag: \"new\""]),
        Ok(Decision::Continue { length: 600, total: 1000 })
    );
}

#[test]
fn another_resource_is_requested_again() {
    let url = |text| Url::parse(text).unwrap();
    let of = |asked, found| Source::of(&url(asked), &url(found));
    let fields = headers(&["Content-Range: bytes 400-999/1000", "ETag: \"v1\""]);
    let full = headers(&["Content-Range: bytes */400", "ETag: \"v1\""]);
    let known = of("http://h/a?b", "http://cdn/x/a?signed=1");
    let version = Version {
        source: known.clone(),
        validator: Validator::Tag(HeaderValue::from_static(TAG)),
        total: None,
    };
    let held = Held::Part(Partial { bytes: 400, version });
    let rows = [
        (of("http://h/a?b", "http://cdn/x/a?signed=2"), true),
        (of("http://h/a?b", "http://cdn/x/a"), true),
        (of("http://u:p@h/a?b", "http://cdn/x/a"), true),
        (of("http://h/a?c", "http://cdn/x/a?signed=1"), false),
        (of("http://h/b?b", "http://cdn/x/a?signed=1"), false),
        (of("http://h/a?b", "http://cdn/x/b?signed=1"), false),
        (of("http://h/a?b", "http://cdn2/x/a?signed=1"), false),
        (of("http://h/a?b", "http://cdn:81/x/a?signed=1"), false),
        (known.with_host(&HeaderValue::from_static("other")), false),
    ];
    for (source, is_same) in rows {
        let part = Decision::of(&held, &source, StatusCode::PARTIAL_CONTENT, &fields).unwrap();
        assert_eq!(matches!(part, Decision::Continue { .. }), is_same, "{source:?}");
        assert_eq!(part == Decision::Repeat, !is_same, "{source:?}");
        let full = Decision::of(&held, &source, StatusCode::RANGE_NOT_SATISFIABLE, &full).unwrap();
        assert_eq!(full, if is_same { Decision::Complete } else { Decision::Repeat }, "{source:?}");
    }
}

#[test]
fn a_file_of_unknown_version_is_complete_or_started_again() {
    let file = Held::File(1000);
    assert_eq!(plan(&file, 416, &["Content-Range: bytes */1000"]), Ok(Decision::Complete));
    let others: &[(u16, &[&str])] = &[
        (416, &["Content-Range: bytes */999"]),
        (416, &[]),
        (206, &["Content-Range: bytes 1000-1999/2000", "ETag: \"v1\""]),
        (206, &[]),
    ];
    for (status, fields) in others {
        assert_eq!(plan(&file, *status, fields), Ok(Decision::Repeat), "{status} {fields:?}");
    }
    assert_eq!(plan(&file, 200, &[]), Ok(Decision::Begin { length: None }));
}

#[test]
fn a_wrong_range_is_requested_again() {
    let partial = tagged(400, Some(1000));
    let tag = "ETag: \"v1\"";
    assert_eq!(
        plan(&partial, 206, &["Content-Range: bytes 0-999/1000", tag]),
        Ok(Decision::Repeat)
    );
    assert_eq!(
        plan(&partial, 206, &["Content-Range: bytes 401-999/1000", tag]),
        Ok(Decision::Repeat)
    );
    let unreadable = [
        "",
        "bytes 400-999",
        "bytes=400-999/1000",
        "bytes 400-/1000",
        "bytes -400/1000",
        "bytes +400-999/1000",
        "bytes 400-+999/1000",
        "bytes 400-999/+1000",
        "bytes 400-999/",
        "bytes  400-999/1000",
        "bytes 400-999/999",
        "bytes 400-399/1000",
        "bytes 400-18446744073709551615/*",
        "bytes 400-18446744073709551616/18446744073709551617",
        "bytes 0x190-999/1000",
        "bytes 400-999/1000, bytes 0-1/1000",
        "bytes */1000",
        "lines 400-999/1000",
    ];
    for value in unreadable {
        let field = format!("Content-Range: {value}");
        assert_eq!(plan(&partial, 206, &[&field, tag]), Ok(Decision::Repeat), "{value}");
    }
    let multipart = "Content-Type: multipart/byteranges; boundary=x";
    assert_eq!(plan(&partial, 206, &[multipart, tag]), Ok(Decision::Repeat));
    let twice = "Content-Range: bytes 400-999/1000";
    assert_eq!(plan(&partial, 206, &[twice, twice, tag]), Ok(Decision::Repeat));
}

#[test]
fn a_server_without_ranges_starts_again() {
    let partial = tagged(400, Some(1000));
    assert_eq!(plan(&partial, 200, &["ETag: \"v1\""]), Ok(Decision::Begin { length: None }));
    assert_eq!(plan(&partial, 203, &[]), Ok(Decision::Begin { length: None }));
}

#[test]
fn a_416_at_the_full_size_is_success() {
    let whole = tagged(1000, Some(1000));
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */1000"]), Ok(Decision::Complete));
    let unknown = tagged(1000, None);
    assert_eq!(plan(&unknown, 416, &["Content-Range: bytes */1000"]), Ok(Decision::Complete));
    let again = Ok(Decision::Repeat);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */999"]), again);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */1001"]), again);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */1000", "ETag: \"v2\""]), again);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */+1000"]), again);
    assert_eq!(plan(&whole, 416, &[]), again);
    // The file shrank to just what is there.
    assert_eq!(plan(&tagged(400, Some(1000)), 416, &["Content-Range: bytes */400"]), again);
}

#[test]
fn without_a_range_the_content_is_the_file() {
    for nothing in [Held::Nothing, tagged(0, None)] {
        assert_eq!(plan(&nothing, 200, &[]), Ok(Decision::Begin { length: None }));
        let whole = ["Content-Range: bytes 0-999/1000"];
        assert_eq!(plan(&nothing, 206, &whole), Ok(Decision::Begin { length: Some(1000) }));
        for part in ["bytes 0-998/1000", "bytes 1-999/1000", "bytes 0-999/*", "bytes */1000"] {
            let field = format!("Content-Range: {part}");
            assert_eq!(plan(&nothing, 206, &[&field]), Err(RangeFault::Unasked), "{part}");
        }
        assert_eq!(plan(&nothing, 206, &[]), Err(RangeFault::Unasked));
    }
}

#[test]
fn a_range_set_by_hand_is_that_range_or_an_error() {
    let check = |asked, status, fields: &[&str], sent| {
        let asked = HeaderValue::from_static(asked);
        check_asked(&asked, StatusCode::from_u16(status).unwrap(), &headers(fields), sent)
    };
    let of = "Content-Range: bytes 1-3/6";
    for (asked, sent) in [
        ("bytes=1-3", Some(3)),
        ("bytes=1-3", None),
        ("bytes=1-", Some(3)),
        // The file may be shorter, or the server stingy.
        ("bytes=1-99", Some(3)),
        ("bytes=-5", None),
        // Not ours to judge.
        ("bytes=1-2,4-5", Some(9)),
        ("lines=1-2", Some(9)),
    ] {
        assert_eq!(check(asked, 206, &[of], sent), Ok(()), "{asked}");
    }
    let elsewhere = |asked| Err(RangeFault::Elsewhere { asked, began: 1 });
    assert_eq!(check("bytes=0-3", 206, &[of], None), elsewhere(0));
    assert_eq!(check("bytes=2-", 206, &[of], None), elsewhere(2));
    assert_eq!(check("bytes=-3", 206, &[of], None), elsewhere(3));
    let length = |range, sent| Err(RangeFault::Length { range, sent });
    assert_eq!(check("bytes=1-2", 206, &[of], None), length(2, 3));
    assert_eq!(check("bytes=1-3", 206, &[of], Some(6)), length(3, 6));
    assert_eq!(check("bytes=1-3", 206, &[], None), Err(RangeFault::Unreadable));
    assert_eq!(check("bytes=1-3", 200, &[], None), Err(RangeFault::Whole));
    // The whole is what was asked for.
    for (asked, sent) in [
        ("bytes=0-", None),
        ("bytes=0-", Some(9)),
        ("bytes=0-8", Some(9)),
        ("bytes=0-99", Some(9)),
        ("bytes=-9", Some(9)),
        ("bytes=-18446744073709551615", Some(9)),
        ("bytes=0-18446744073709551615", Some(u64::MAX)),
    ] {
        assert_eq!(check(asked, 200, &[], sent), Ok(()), "{asked}");
    }
    for (asked, sent) in [
        ("bytes=1-", Some(9)),
        ("bytes=0-7", Some(9)),
        ("bytes=0-8", None),
        ("bytes=-8", Some(9)),
        ("bytes=-9", None),
    ] {
        assert_eq!(check(asked, 200, &[], sent), Err(RangeFault::Whole), "{asked}");
    }
    assert_eq!(check("bytes=9-", 416, &[], None), Err(RangeFault::Beyond));
    assert_eq!(check("bytes=1-3", 404, &[], None), Ok(()));
}
