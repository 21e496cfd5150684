use std::time::UNIX_EPOCH;

use http::HeaderValue;

use super::*;

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = UNIX_EPOCH + Duration::from_secs(784_123_200);
    let ask = |value: &'static str, date: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        retry_after(&headers, now).map(|wait| wait.as_secs())
    };
    assert_eq!(ask("120", None), Some(120));
    assert_eq!(ask("0", None), Some(0));
    assert_eq!(ask("99999999999999999999", None), Some(u64::MAX));
    assert_eq!(ask("Sun, 06 Nov 1994 12:00:30 GMT", None), Some(30));
    assert_eq!(ask("Sun, 06 Nov 1994 11:00:00 GMT", None), Some(0));
    // By the server's clock it is half a minute.
    let theirs = Some("Sun, 06 Nov 2016 12:00:00 GMT");
    assert_eq!(ask("Sun, 06 Nov 2016 12:00:30 GMT", theirs), Some(30));
    for nonsense in ["", "-1", "+1", "1.5", "soon"] {
        assert_eq!(ask(nonsense, None), None, "{nonsense}");
    }
    assert_eq!(retry_after(&HeaderMap::new(), now), None);
}
