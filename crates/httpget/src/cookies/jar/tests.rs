use std::time::Duration;

use super::*;

#[test]
fn a_jar_is_read_and_written() {
    let jar = CookieJar::with_limits(CookieLimits::default().with_domain(2));
    let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let mut bad = Vec::new();
    let mut content =
        &b"h\tFALSE\t/\tFALSE\t0\ta\t1\nx\nh\tFALSE\t/\tFALSE\t1790000009\tb\t2\n"[..];
    jar.read(&mut content, now, &mut |line, reason| bad.push((line, reason))).unwrap();
    assert_eq!(bad, [(2, BadLine::Fields)]);
    let url = Url::parse("http://h/").unwrap();
    let field = jar.field(&url, now).unwrap();
    assert!(field.is_sensitive());
    assert_eq!(field, "a=1; b=2");
    jar.receive(&url, b"c=3; HttpOnly", now);
    let written = String::from_utf8(jar.to_netscape(now)).unwrap();
    let (header, cookies) = written.split_once("\n\n").unwrap();
    assert!(header.starts_with("# Netscape HTTP Cookie File\n"), "{header}");
    // Both were sent at once, so the older one made room.
    let expected = "h\tFALSE\t/\tFALSE\t1790000009\tb\t2\n#HttpOnly_h\tFALSE\t/\tFALSE\t0\tc\t3\n";
    assert_eq!(cookies, expected);
    assert_eq!(jar.len(), 2);
    jar.end_session();
    let later = now + Duration::from_secs(9);
    assert!(!String::from_utf8(jar.to_netscape(later)).unwrap().contains("\tb\t"));
    assert!(jar.is_empty());
}

#[test]
fn threads_share_a_jar() {
    let jar = CookieJar::new();
    let now = UNIX_EPOCH;
    let url = Url::parse("http://h/").unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (jar, url) = (jar.clone(), &url);
            scope.spawn(move || jar.receive(url, format!("n{n}=1").as_bytes(), now));
        }
    });
    assert_eq!(jar.len(), 8);
}
