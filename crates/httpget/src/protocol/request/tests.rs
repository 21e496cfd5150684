use http::header::{COOKIE, HeaderName};

use super::*;

fn head(url: &str) -> RequestHead {
    RequestHead::get(&Url::parse(url).unwrap())
}

fn by_hand(url: &str, fields: &[&str]) -> RequestHead {
    let mut head = head(url);
    for field in fields {
        head.apply(&parse_field(field).unwrap());
    }
    head
}

fn encoded(head: &RequestHead) -> String {
    let mut bytes = b"behind what is there: ".to_vec();
    head.encode(&mut bytes);
    String::from_utf8(bytes).unwrap().split_off("behind what is there: ".len())
}

#[test]
fn a_plain_get() {
    let version = env!("CARGO_PKG_VERSION");
    let mut head = head("http://example.com:8080/a?b");
    let fields =
        format!("Host: example.com:8080\r\nUser-Agent: httpget/{version}\r\nAccept: */*\r\n\r\n");
    assert_eq!(encoded(&head), format!("GET /a?b HTTP/1.1\r\n{fields}"));
    head.http_1_0();
    assert_eq!(encoded(&head), format!("GET /a?b HTTP/1.0\r\n{fields}"));
}

#[test]
fn repeated_fields_are_sent_and_host_once() {
    let fields = ["accept: a", "ACCEPT: b", "Host: one", "Host: two", "User-Agent:", "X;"];
    assert_eq!(
        encoded(&by_hand("http://h/", &fields)),
        "GET / HTTP/1.1\r\nHost: two\r\naccept: a\r\nACCEPT: b\r\nX: \r\n\r\n"
    );
}

#[test]
fn fields_by_name_and_value() -> Result<(), InvalidField> {
    let mut head = head("http://h/");
    let name = HeaderName::from_static("x-name");
    head.add(name.clone(), HeaderValue::from_static("a"))?;
    head.add(name.clone(), HeaderValue::from_static("b"))?;
    assert!(encoded(&head).ends_with("\r\nX-Name: a\r\nX-Name: b\r\n\r\n"));
    head.set(name.clone(), HeaderValue::from_static("c"))?;
    assert!(encoded(&head).ends_with("*\r\nX-Name: c\r\n\r\n"));
    head.remove(&name);
    head.remove(&ACCEPT);
    head.remove(&USER_AGENT);
    head.set(HOST, HeaderValue::from_static("other"))?;
    head.remove(&HOST);
    assert_eq!(encoded(&head), "GET / HTTP/1.1\r\nHost: other\r\n\r\n");

    for name in [http::header::CONTENT_LENGTH, http::header::TRANSFER_ENCODING] {
        let error = head.set(name.clone(), HeaderValue::from_static("0")).unwrap_err();
        assert_eq!(head.add(name, HeaderValue::from_static("0")), Err(error));
    }
    assert_eq!(encoded(&head), "GET / HTTP/1.1\r\nHost: other\r\n\r\n");
    Ok(())
}

#[test]
fn user_and_password_are_a_default() {
    let url = "http://Aladdin:open%20sesame@h/";
    let basic = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    assert_eq!(head(url).value(&AUTHORIZATION).unwrap(), basic);
    let other = by_hand(url, &["Authorization: Bearer x"]);
    assert_eq!(other.headers().filter(|(name, _)| **name == AUTHORIZATION).count(), 1);
    assert_eq!(other.value(&AUTHORIZATION).unwrap(), "Bearer x");
    assert_eq!(by_hand(url, &["Authorization:"]).value(&AUTHORIZATION), None);
}

#[test]
fn secrets_are_not_shown() -> Result<(), InvalidField> {
    let fields = ["Authorization: secret", "Cookie: secret", "X-API-Key: secret"];
    let mut head = by_hand("http://u:secret@h/", &fields);
    head.set(COOKIE, HeaderValue::from_static("secret"))?;
    let mut shown = format!("{head:?}");
    for field in fields {
        shown += &format!("{:?}", parse_field(field)?);
    }
    let error = parse_field("Authorization: secret\n").unwrap_err();
    shown += &format!("{error} {error:?}");
    assert!(!shown.contains("secret"), "{shown}");
    Ok(())
}

#[test]
fn the_last_request_of_a_connection_is_known() {
    for (fields, http_1_1, http_1_0) in [
        (&[][..], false, true),
        (&["Connection: close"], true, true),
        (&["Connection: x ,CLOSE"], true, true),
        (&["Connection: x", "Connection: close"], true, true),
        (&["Connection: keep-alive"], false, false),
        (&["Connection: Keep-Alive", "Connection: close"], true, true),
        (&["Connection: closed"], false, true),
        (&["X: close"], false, true),
    ] {
        let mut head = by_hand("http://h/", fields);
        assert_eq!(head.asks_for_close(), http_1_1, "{fields:?}");
        head.http_1_0();
        assert_eq!(head.asks_for_close(), http_1_0, "{fields:?}");
        head.close();
        assert!(head.asks_for_close());
        assert!(encoded(&head).ends_with("\r\nConnection: close\r\n\r\n"));
        assert_eq!(head.headers().filter(|(name, _)| **name == CONNECTION).count(), 1);
    }
}

#[test]
fn a_too_long_field_name_is_refused() {
    let error = parse_field(&format!("{}: a", "x".repeat(1 << 17))).unwrap_err();
    assert_eq!(error.offset(), 0);
    let field = parse_field("X:").unwrap();
    assert_eq!((field.name().as_str(), field.value()), ("x", None));
}
