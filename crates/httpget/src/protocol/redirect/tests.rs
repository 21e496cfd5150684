use http::HeaderValue;
use http::header::{AUTHORIZATION, COOKIE, HOST};

use super::super::{Exchange, parse_field};
use super::*;
use crate::limits::Limits;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn moved(location: &str) -> ResponseHead {
    let mut exchange = Exchange::new(&Limits::default());
    let response = format!("HTTP/1.1 302 \r\nLocation: {location}\r\n\r\n");
    exchange.receive(response.as_bytes()).unwrap();
    exchange.head().cloned().unwrap()
}

#[test]
fn the_redirect_limit_is_exact() {
    let mut redirects = Redirects::new(2);
    let mut here = url("http://h/a");
    for followed in 1..=2 {
        here = redirects.next(&here, &moved("/a")).unwrap().unwrap();
        assert_eq!(redirects.followed(), followed);
    }
    let error = redirects.next(&here, &moved("/a")).unwrap_err();
    assert_eq!(error, RedirectError::TooMany { limit: 2 });
    assert_eq!(error.to_string(), "more than 2 redirects");
    assert_eq!(redirects.followed(), 2);
    assert!(matches!(
        Redirects::new(0).next(&here, &moved("/a")),
        Err(RedirectError::TooMany { .. })
    ));
    // An answer is one at the limit too.
    assert_eq!(redirects.next(&here, &moved("")), Ok(None));
}

#[test]
fn a_bad_location_is_the_reason() {
    let error = Redirects::new(1).next(&url("h"), &moved("ftp://f/")).unwrap_err();
    let text = "a Location that can't be followed: \"ftp://f/\" is not a URL: at byte 0: ";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[test]
fn credentials_stay_with_their_origin() {
    let mut redirects = Redirects::new(10).with_insecure(true);
    let mut here = url("http://user:password@h/");
    let mut head = RequestHead::get(&here);
    let mut go = |location: &str| {
        let next = redirects.next(&here, &moved(location)).unwrap().unwrap();
        let lost = redirect_request(&here, &next, &mut head);
        here = next;
        let sent = head.value(&AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(
            head.headers().filter(|(name, _)| **name == AUTHORIZATION).count(),
            usize::from(sent.is_some())
        );
        assert_eq!(head.value(&HOST).unwrap(), here.authority());
        assert_eq!(head.target(), here.target());
        (lost, sent)
    };
    let first = Some("Basic dXNlcjpwYXNzd29yZA==".to_owned());
    let second = Some("Basic b3RoZXI6c2VjcmV0".to_owned());
    assert_eq!(go("/a"), (vec![], first.clone()));
    assert_eq!(go("http://h/b"), (vec![], first));
    assert_eq!(go("//other:secret@h/"), (vec![], second.clone()));
    assert_eq!(go("c"), (vec![], second.clone()));
    assert_eq!(go("https://h/"), (vec![AUTHORIZATION], None));
    assert_eq!(go("http://h/"), (vec![], None), "lost for good");
    assert_eq!(go("//other:secret@g/"), (vec![], second.clone()));
    assert_eq!(go("//other:secret@f/"), (vec![AUTHORIZATION], second));
}

#[test]
fn changes_by_hand_survive_redirects_within_the_origin() {
    let from = url("http://user:password@h/");
    let home = url("http://other:secret@h/");
    for (field, sent) in [("Authorization: a", Some("a")), ("Authorization:", None)] {
        let mut head = RequestHead::get(&from);
        head.apply(&parse_field(field).unwrap());
        assert_eq!(redirect_request(&from, &from.join(b"/a").unwrap(), &mut head), [""; 0]);
        assert_eq!(
            head.value(&AUTHORIZATION).map(|value| value.as_bytes()),
            sent.map(str::as_bytes)
        );
    }
    let mut head = RequestHead::get(&from);
    head.apply(&parse_field("Authorization: a").unwrap());
    redirect_request(&from, &home, &mut head);
    assert_eq!(head.value(&AUTHORIZATION).unwrap(), "a", "it goes before what a URL says");
}

#[test]
fn removed_names_are_listed_once_and_sensitive_values_removed() {
    let from = url("http://h/");
    let mut head = RequestHead::get(&from);
    for field in ["Cookie: a", "Cookie: b", "Host: c", "X: d"] {
        head.apply(&parse_field(field).unwrap());
    }
    let mut marked = HeaderValue::from_static("e");
    marked.set_sensitive(true);
    head.add(HeaderName::from_static("x-mine"), marked).unwrap();
    let lost = redirect_request(&from, &url("http://g:81/"), &mut head);
    assert_eq!(lost, [HOST, COOKIE, HeaderName::from_static("x-mine")]);
    let mut bytes = Vec::new();
    head.encode(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    assert!(
        text.starts_with("GET / HTTP/1.1\r\nHost: g:81\r\n") && text.ends_with("\r\nX: d\r\n\r\n"),
        "{text}"
    );
    assert!(!text.contains("Cookie") && !text.contains("X-Mine"), "{text}");
}
