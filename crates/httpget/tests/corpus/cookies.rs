//! The check for any cookie, and any cookie file. The fuzz target `cookie` and the test over
//! its corpus include this file.

use std::time::{Duration, SystemTime};

use httpget::Url;
use httpget::cookies::{CookieJar, CookieReport};

/// A second of the year 2026.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

/// Splits the input at its first line end.
fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &[]),
    }
}

/// Checks a URL, LF, a `Set-Cookie` from it, LF, and a cookie file. Returns `true` if the cookie is
/// stored.
pub(crate) fn cookie(input: &[u8]) -> bool {
    let (url, rest) = first_line(input);
    let (value, file) = first_line(rest);
    let Some(url) = std::str::from_utf8(url).ok().and_then(|url| Url::parse(url).ok()) else {
        return false;
    };
    let jar = CookieJar::new();
    let report = jar.receive(&url, value, now());
    let is_stored = jar.len() == 1;
    check_report(&report, is_stored);
    check_sent(&jar, &url, value, is_stored);
    check_file(&jar);

    read(&jar, file);
    assert!(jar.len() <= 3000, "the limit of cookies");
    check_file(&jar);
    if let Some(field) = jar.field(&url, now()) {
        assert!(field.is_sensitive() && field.len() <= 8190);
        assert!(!field.as_bytes().iter().any(u8::is_ascii_control), "{}", field.len());
    }
    is_stored
}

/// A report can be printed, and says what happened.
fn check_report(report: &CookieReport, is_stored: bool) {
    let text = report.to_string();
    assert!(!text.contains(char::is_control), "{text:?}");
    assert!(report.name().chars().count() <= 64);
    assert_eq!(text.starts_with("stored"), is_stored, "{text}");
    assert_eq!(text.starts_with("refused"), report.refusal().is_some(), "{text}");
}

/// A stored cookie is sent as a simple reading says, and to nobody else.
fn check_sent(jar: &CookieJar, url: &Url, value: &[u8], is_stored: bool) {
    let sent = |to: &str| {
        let field = jar.field(&Url::parse(to).expect("a URL of the test"), now());
        field.map(|field| field.as_bytes().to_vec())
    };
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let trim = |text: &[u8]| {
        let begin = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
        let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(begin, |last| last + 1);
        text[begin..end].to_vec()
    };
    let pair = value.split(|byte| *byte == b';').next().unwrap_or_default();
    let mut halves = pair.splitn(2, |byte| *byte == b'=');
    let name = trim(halves.next().unwrap_or_default());
    let expected = halves.next().map(|value| [&name[..], b"=", &trim(value)].concat());

    // Any path of this host and of its subdomains, with TLS: it is this cookie or none.
    let scheme = if url.port() == 443 { "https" } else { "http" };
    let authority = url.authority();
    for target in ["/", "/a", "/a/b", "/a/b/c"] {
        if let Some(sent) = sent(&format!("{scheme}://{authority}{target}")) {
            assert!(is_stored);
            assert_eq!(Some(sent), expected);
        }
    }
    for stranger in ["https://stranger.example/", "https://com/", "https://192.0.2.77/a/b/c"] {
        if !stranger.contains(&format!("//{}/", url.host())) {
            assert_eq!(sent(stranger), None, "{stranger}");
        }
    }
    // A cookie that came without TLS is never Secure, and goes back the same way.
    let has_path = String::from_utf8_lossy(value).to_ascii_lowercase().contains("path");
    if is_stored && !has_path {
        assert_eq!(jar.field(url, now()).map(|field| field.as_bytes().to_vec()), expected);
    }
}

/// Reads lines into the jar, whatever they are, in pieces of any size.
fn read(jar: &CookieJar, file: &[u8]) {
    let (whole, pieces) = (CookieJar::new(), CookieJar::new());
    let mut bad = [Vec::new(), Vec::new()];
    for (jar, skipped, size) in [(&whole, 0, 1 << 16), (&pieces, 1, 3)] {
        let mut reader = std::io::BufReader::with_capacity(size, file);
        let skip = &mut |line, reason| bad[skipped].push((line, reason));
        jar.read(&mut reader, now(), skip).expect("a file in memory, below the limit");
    }
    assert_eq!(bad[0], bad[1], "the pieces do not matter");
    assert_eq!(whole.to_netscape(now()), pieces.to_netscape(now()));
    let lines = file.split(|byte| *byte == b'\n').count();
    for (line, reason) in &bad[0] {
        assert!((1..=lines).contains(line));
        assert!(!reason.to_string().contains(char::is_control));
    }
    jar.read(&mut &*file, now(), &mut |_, _| ()).expect("a file in memory, below the limit");
}

/// A jar can be written and read again without a loss.
fn check_file(jar: &CookieJar) {
    let written = jar.to_netscape(now());
    let again = CookieJar::new();
    let mut bad = Vec::new();
    again
        .read(&mut &*written, now(), &mut |line, reason| bad.push((line, reason)))
        .expect("memory");
    assert_eq!(bad, [], "{}", written.escape_ascii());
    assert_eq!(again.len(), jar.len());
    assert_eq!(
        again.to_netscape(now()).escape_ascii().to_string(),
        written.escape_ascii().to_string()
    );
}
