use crate::backplane::redis::url::{ParseRedisUrlError, RedisUrl};

fn parse(text: &str) -> Result<RedisUrl, ParseRedisUrlError> {
    text.parse()
}

/// Returns the endpoint, user, password and database.
fn parts(text: &str) -> (String, Option<String>, Option<String>, u32) {
    let url = parse(text).unwrap();
    let (user, password) = match url.credentials {
        Some(it) => (it.user, Some(it.password)),
        None => (None, None),
    };
    (url.endpoint.to_string(), user, password, url.database)
}

#[test]
fn every_part_has_its_default() {
    let plain = ("tcp://redis.example:6379".to_owned(), None, None, 0);
    for text in ["redis://redis.example", "redis://redis.example:", "REDIS://redis.example/"] {
        assert_eq!(parts(text), plain, "{text}");
    }
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(parts("redis://@h:1/7"), ("tcp://h:1".into(), None, None, 7));
    assert_eq!(parts("redis://:@h/07"), ("tcp://h:6379".into(), None, None, 7));
    assert_eq!(parts("redis://:pass@h"), ("tcp://h:6379".into(), None, some("pass"), 0));
    assert_eq!(parts("rediss://u:p@h:2"), ("tls://h:2".into(), some("u"), some("p"), 0));
    let encoded = "redis://a%3Ab:p%40%2f%C3%a9:q@127.0.0.1:65535/15";
    assert_eq!(parts(encoded), ("tcp://127.0.0.1:65535".into(), some("a:b"), some("p@/é:q"), 15));
    assert_eq!(parts("redis://[::1]"), ("tcp://[::1]:6379".into(), None, None, 0));
    assert_eq!(parts("redis://u:p@[::1]:7/1"), ("tcp://[::1]:7".into(), some("u"), some("p"), 1));
}

#[test]
fn a_malformed_url_is_refused_with_the_reason() {
    for (text, error) in [
        ("", ParseRedisUrlError::Scheme),
        ("localhost:6379", ParseRedisUrlError::Scheme),
        ("http://localhost", ParseRedisUrlError::Scheme),
        ("redis+unix:///run/redis", ParseRedisUrlError::Scheme),
        ("redis://", ParseRedisUrlError::Host),
        ("redis://:6379", ParseRedisUrlError::Host),
        ("redis://u:p@", ParseRedisUrlError::Host),
        ("redis://a b", ParseRedisUrlError::Host),
        ("redis://[::1", ParseRedisUrlError::Host),
        ("redis://[::1]x", ParseRedisUrlError::Host),
        ("redis://[x]", ParseRedisUrlError::Host),
        ("redis://h:0", ParseRedisUrlError::Port),
        ("redis://h:65536", ParseRedisUrlError::Port),
        ("redis://h:+1", ParseRedisUrlError::Port),
        ("redis://h:http", ParseRedisUrlError::Port),
        ("redis://::1", ParseRedisUrlError::Port),
        ("redis://h/x", ParseRedisUrlError::Database),
        ("redis://h/-1", ParseRedisUrlError::Database),
        ("redis://h/+1", ParseRedisUrlError::Database),
        ("redis://h/1/2", ParseRedisUrlError::Database),
        ("redis://h/4294967296", ParseRedisUrlError::Database),
        ("redis://u@h", ParseRedisUrlError::NoPassword),
        ("redis://u:@h", ParseRedisUrlError::NoPassword),
        ("redis://u:%@h", ParseRedisUrlError::Encoding),
        ("redis://u:%4@h", ParseRedisUrlError::Encoding),
        ("redis://u:%+1@h", ParseRedisUrlError::Encoding),
        ("redis://u:%FF@h", ParseRedisUrlError::Encoding),
        ("redis://h?db=1", ParseRedisUrlError::Query),
        ("redis://h/1#x", ParseRedisUrlError::Query),
        ("redis://u:a/b@h", ParseRedisUrlError::Query),
    ] {
        assert_eq!(parse(text), Err(error), "{text}");
    }
}

#[test]
fn the_password_is_never_printed() {
    let secret = "Gehe1m";
    for text in [
        format!("redis://ann:{secret}@h:1/2"),
        format!("redis://:{secret}@h"),
        format!("redis://ann:{secret}"),
        format!("redis://ann:{secret}/@h"),
        format!("redis://ann:{secret}%@h"),
        format!("redis://ann:{secret}@h:{secret}/{secret}"),
        format!("redis://h/{secret}"),
        format!("rediss://h?password={secret}"),
        format!("{secret}://h"),
    ] {
        let printed = match parse(&text) {
            Ok(url) => format!("{url} {url:?} {:?} {:#?}", url.endpoint, url),
            Err(error) => format!("{error} {error:?} {error:#?}"),
        };
        assert!(!printed.contains(secret), "{text}: {printed}");
    }
}

#[test]
fn the_redis_crate_reads_the_same() {
    use redis::{ConnectionAddr, IntoConnectionInfo};

    for text in [
        "redis://localhost",
        "redis://localhost:7/3",
        "redis://:p%40@127.0.0.1",
        "redis://u%3A:p%20q@redis.example:1/15",
        "redis://[::1]:6380/1",
    ] {
        let theirs = text.into_connection_info().unwrap();
        let place = match theirs.addr() {
            ConnectionAddr::Tcp(host, port) => ("tcp", host.clone(), *port),
            other => panic!("{text}: {other:?}"),
        };
        let host = if place.1.contains(':') { format!("[{}]", place.1) } else { place.1 };
        let settings = theirs.redis_settings();
        let theirs = (
            format!("{}://{host}:{}", place.0, place.2),
            settings.username().map(str::to_owned),
            settings.password().map(str::to_owned),
            u32::try_from(settings.db()).unwrap(),
        );
        assert_eq!(parts(text), theirs, "{text}");
    }
}
