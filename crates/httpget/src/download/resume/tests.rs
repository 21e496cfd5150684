use std::time::UNIX_EPOCH;

use super::*;

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

fn tagged(bytes: u64, total: Option<u64>) -> Partial {
    Partial { bytes, validator: Validator::Tag(HeaderValue::from_static(TAG)), total }
}

fn plan(partial: &Partial, status: u16, fields: &[&str]) -> Result<Plan, RangeFault> {
    Plan::of(Some(partial), StatusCode::from_u16(status).unwrap(), &headers(fields))
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
fn obsolete_forms_of_dates_are_sent_back_as_they_came() {
    let text = "Sunday, 06-Nov-94 11:59:00 GMT";
    let fields = headers(&[&format!("Last-Modified: {text}")]);
    let validator = Validator::of(&fields, noon()).unwrap();
    assert_eq!(validator.value(), text);
}

#[test]
fn a_range_is_all_behind_what_is_there() {
    assert_eq!(tagged(400, None).range(), "bytes=400-");
}

#[test]
fn a_part_that_fits_is_gone_on_with() {
    let partial = tagged(400, Some(1000));
    let whole_rest = Ok(Plan::Continue { length: 600, total: 1000 });
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-999/1000"]), whole_rest);
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-999/*"]), whole_rest);
    assert_eq!(
        plan(&partial, 206, &["Content-Range: Bytes 400-999/1000", "ETag: \"v1\""]),
        whole_rest
    );
    let less = Ok(Plan::Continue { length: 100, total: 1000 });
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-499/1000"]), less);
    let unknown = tagged(400, None);
    assert_eq!(plan(&unknown, 206, &["Content-Range: bytes 400-999/1000"]), whole_rest);
}

#[test]
fn a_part_of_another_version_is_asked_for_again() {
    let partial = tagged(400, Some(1000));
    let again = Ok(Plan::Repeat);
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-1000/1001"]), again);
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 400-1000/*"]), again);
    let range = "Content-Range: bytes 400-999/1000";
    assert_eq!(plan(&partial, 206, &[range, "ETag: \"v2\""]), again);
    assert_eq!(plan(&partial, 206, &[range, "ETag: W/\"v1\""]), again);
    // Nothing tells where the file ends.
    assert_eq!(plan(&tagged(400, None), 206, &["Content-Range: bytes 400-999/*"]), again);
    let validator = Validator::Modified(HeaderValue::from_static(MODIFIED));
    let dated = Partial { validator, ..partial };
    let other = "Last-Modified: Sun, 06 Nov 1994 11:59:01 GMT";
    assert_eq!(plan(&dated, 206, &[range, other]), again);
    assert_eq!(
        plan(&dated, 206, &[range, "ETag: \"new\""]),
        Ok(Plan::Continue { length: 600, total: 1000 })
    );
}

#[test]
fn another_range_is_refused() {
    let partial = tagged(400, Some(1000));
    let elsewhere = |began| Err(RangeFault::Elsewhere { asked: 400, began });
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 0-999/1000"]), elsewhere(0));
    assert_eq!(plan(&partial, 206, &["Content-Range: bytes 401-999/1000"]), elsewhere(401));
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
        assert_eq!(plan(&partial, 206, &[&field]), Err(RangeFault::Unreadable), "{value}");
    }
    let multipart = "Content-Type: multipart/byteranges; boundary=x";
    assert_eq!(plan(&partial, 206, &[multipart]), Err(RangeFault::Unreadable));
    let twice = "Content-Range: bytes 400-999/1000";
    assert_eq!(plan(&partial, 206, &[twice, twice]), Err(RangeFault::Unreadable));
}

#[test]
fn a_server_without_ranges_starts_again() {
    let partial = tagged(400, Some(1000));
    assert_eq!(plan(&partial, 200, &["ETag: \"v1\""]), Ok(Plan::Begin));
    assert_eq!(plan(&partial, 203, &[]), Ok(Plan::Begin));
}

#[test]
fn nothing_left_at_the_full_size_is_success() {
    let whole = tagged(1000, Some(1000));
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */1000"]), Ok(Plan::Complete));
    let unknown = tagged(1000, None);
    assert_eq!(plan(&unknown, 416, &["Content-Range: bytes */1000"]), Ok(Plan::Complete));
    let again = Ok(Plan::Repeat);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */999"]), again);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */1001"]), again);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */1000", "ETag: \"v2\""]), again);
    assert_eq!(plan(&whole, 416, &["Content-Range: bytes */+1000"]), again);
    assert_eq!(plan(&whole, 416, &[]), again);
    // The file shrank to just what is there.
    assert_eq!(plan(&tagged(400, Some(1000)), 416, &["Content-Range: bytes */400"]), again);
}

#[test]
fn without_a_range_asked_for_the_content_is_the_file() {
    let ok = StatusCode::OK;
    assert_eq!(Plan::of(None, ok, &HeaderMap::new()), Ok(Plan::Begin));
    assert_eq!(Plan::of(Some(&tagged(0, None)), ok, &HeaderMap::new()), Ok(Plan::Begin));
    let part = headers(&["Content-Range: bytes 0-999/1000"]);
    let status = StatusCode::PARTIAL_CONTENT;
    assert_eq!(Plan::of(None, status, &part), Err(RangeFault::Unasked));
    assert_eq!(Plan::of(Some(&tagged(0, None)), status, &part), Err(RangeFault::Unasked));
}

#[test]
fn a_range_that_a_request_asks_for_by_itself_is_that_range_or_an_error() {
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
    assert_eq!(check("bytes=9-", 416, &[], None), Err(RangeFault::Beyond));
    assert_eq!(check("bytes=1-3", 404, &[], None), Ok(()));
}
