use super::*;

const NOW: i64 = 1_790_000_000;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn receive(store: &mut Store, from: &str, text: &str) -> Result<Change, CookieRefusal> {
    store.receive(&url(from), text.as_bytes(), NOW)
}

/// The value of a `Cookie` field.
fn sent(store: &mut Store, to: &str, now: i64) -> String {
    String::from_utf8(store.select(&url(to), now).0).unwrap()
}

#[test]
fn a_cookie_expires_at_its_second() {
    let mut store = Store::new(CookieLimits::default());
    receive(&mut store, "http://h/", "a=1; Max-Age=10").unwrap();
    receive(&mut store, "http://h/", "b=2").unwrap();
    assert_eq!(sent(&mut store, "http://h/", NOW + 9), "a=1; b=2");
    assert_eq!(sent(&mut store, "http://h/", NOW + 10), "b=2");
    store.end_session();
    assert_eq!(store.cookies().count(), 0);
}

#[test]
fn a_cookie_replaces_one_with_the_same_name_domain_and_path() {
    let mut store = Store::new(CookieLimits::default());
    let at = "http://www.example.com/a/b";
    for text in ["a=1", "b=2", "a=3; Path=/", "a=4; Domain=www.example.com", "A=5", "a=6"] {
        receive(&mut store, at, text).unwrap();
    }
    // The replaced cookie keeps its place.
    assert_eq!(sent(&mut store, at, NOW), "a=6; b=2; a=4; A=5; a=3");
    receive(&mut store, at, "a=; Max-Age=-1").unwrap();
    assert_eq!(sent(&mut store, at, NOW), "b=2; a=4; A=5; a=3");
}

#[test]
fn an_expired_cookie_from_an_insecure_response_does_not_remove_a_secure_one() {
    let mut store = Store::new(CookieLimits::default());
    receive(&mut store, "https://example.com/", "a=1; Secure; Max-Age=10").unwrap();
    let removal = receive(&mut store, "http://example.com/", "a=; Max-Age=0");
    assert_eq!(removal, Err(CookieRefusal::Replaces));
    assert_eq!(sent(&mut store, "https://example.com/", NOW), "a=1");
    // An expired one protects nothing.
    store.expire(NOW + 10);
    receive(&mut store, "http://example.com/", "a=2").unwrap();
}

#[test]
fn name_and_value_have_a_limit_together() {
    let mut store = Store::new(CookieLimits::default());
    let at_limit = format!("ab={}", "x".repeat(4094));
    assert!(matches!(receive(&mut store, "http://h/", &at_limit), Ok(Change::Stored(_))));
    let beyond = format!("{at_limit}x");
    let refused = receive(&mut store, "http://h/", &beyond);
    assert_eq!(refused, Err(CookieRefusal::TooLarge { limit: 4096 }));
    let deep = format!("http://h/{}/a", "x".repeat(1024));
    assert_eq!(receive(&mut store, &deep, "a=1"), Err(CookieRefusal::Path));
    // A longer attribute is ignored.
    let path = format!("a=1; Path=/{}", "x".repeat(1023));
    let long = format!("{path}x");
    for (text, length) in [(path, 1024), (long, 1)] {
        let Ok(Change::Stored(cookie)) = receive(&mut store, "http://h/", &text) else {
            panic!("{text}")
        };
        assert_eq!(cookie.path.len(), length);
    }
}

#[test]
fn beyond_the_limit_of_a_domain_the_longest_unused_makes_room() {
    let mut store = Store::new(CookieLimits::default().with_domain(3));
    let at = "https://example.com/";
    for text in ["s=0; Secure", "a=1; Path=/a", "b=2; Path=/b"] {
        receive(&mut store, at, text).unwrap();
    }
    assert_eq!(sent(&mut store, "https://example.com/a", NOW), "a=1; s=0");
    receive(&mut store, at, "c=3").unwrap();
    assert_eq!(sent(&mut store, "https://example.com/b", NOW), "s=0; c=3");
    // Another domain has its own room.
    receive(&mut store, "http://www.example.com/", "d=4").unwrap();
    assert_eq!(sent(&mut store, "https://example.com/a", NOW), "a=1; s=0; c=3");
    // Secure cookies stay.
    for text in ["t=5; Secure", "u=6; Secure"] {
        receive(&mut store, at, text).unwrap();
    }
    assert_eq!(sent(&mut store, at, NOW), "s=0; t=5; u=6");
    assert_eq!(receive(&mut store, at, "e=7"), Err(CookieRefusal::Full { limit: 3 }));
    assert_eq!(sent(&mut store, at, NOW), "s=0; t=5; u=6");
}

#[test]
fn beyond_the_limit_of_all_the_longest_unused_makes_room() {
    let mut store = Store::new(CookieLimits::default().with_total(2));
    for host in ["http://a/", "http://b/", "http://c/"] {
        receive(&mut store, host, "x=1").unwrap();
    }
    let all: Vec<_> = store.cookies().map(|cookie| &*cookie.domain).collect();
    assert_eq!(all, ["b", "c"]);
}

#[test]
fn a_field_has_a_limit() {
    let mut store = Store::new(CookieLimits::default().with_field(11));
    for text in ["a=123", "b=12", "c=1"] {
        receive(&mut store, "http://h/", text).unwrap();
    }
    assert_eq!(store.select(&url("http://h/"), NOW), (b"a=123; b=12".to_vec(), 1));
    store.limits.field = 10;
    assert_eq!(store.select(&url("http://h/"), NOW), (b"a=123".to_vec(), 2));
}

#[test]
fn a_cookie_does_not_print_its_value() {
    let mut store = Store::new(CookieLimits::default());
    let stored = receive(&mut store, "http://h/", "a=sesame").unwrap();
    let text = format!("{stored:?} {store:?}");
    assert!(!text.contains("sesame"), "{text}");
}
