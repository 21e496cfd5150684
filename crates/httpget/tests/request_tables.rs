//! The tables of `docs/http.md` about requests, row by row.

mod page;

use httpget::protocol::{
    Event, Exchange, RedirectError, Redirects, RequestHead, ResponseHead, parse_field,
    proposed_file_name, redirect_request,
};
use httpget::{Limits, ParseUrlError, Url};
use page::{PAGE, rows, unescape};

fn text(escaped: &str) -> String {
    String::from_utf8(unescape(escaped)).expect("UTF-8")
}

fn refusal(error: &ParseUrlError) -> String {
    let text = error.to_string();
    let at = text.find("at byte").unwrap_or_else(|| panic!("no place in {text}"));
    assert!(!text.contains(char::is_control), "{text:?}");
    String::from(&text[at..])
}

fn shown(url: &Url) -> String {
    match url.credentials() {
        Some(with) => format!("{url} ({}, {})", with.user(), with.password().expose()),
        None => url.to_string(),
    }
}

#[test]
fn urls() {
    for [case, url, becomes, _] in rows("### URLs") {
        let outcome = match Url::parse(&text(&url)) {
            Ok(url) => shown(&url),
            Err(error) => refusal(&error),
        };
        assert_eq!(outcome, becomes, "{case}: {url}");
    }
}

#[cfg(feature = "idna")]
#[test]
fn names_beyond_ascii() {
    for [case, url, becomes, _] in rows("### Names beyond ASCII") {
        let outcome = Url::parse(&text(&url)).map_or_else(|error| refusal(&error), |it| shown(&it));
        assert_eq!(outcome, becomes, "{case}: {url}");
    }
}

#[cfg(not(feature = "idna"))]
#[test]
fn names_beyond_ascii_need_a_feature() {
    let expected = "a host in ASCII expected; a name in other letters has an xn-- form";
    assert!(PAGE.replace('\n', " ").contains(expected));
    let error = Url::parse("http://b\u{fc}cher.example/").unwrap_err();
    assert_eq!(refusal(&error), format!("at byte 8: {expected}"));
}

fn response(status: &str, fields: &[u8]) -> ResponseHead {
    let mut exchange = Exchange::new(&Limits::default());
    let bytes = [b"HTTP/1.1 ", status.as_bytes(), b" \r\n", fields, b"\r\n"].concat();
    match exchange.receive(&bytes) {
        Ok((_, Event::Head)) => exchange.head().cloned().expect("a head"),
        other => panic!("{}: {other:?}", bytes.escape_ascii()),
    }
}

fn location(value: &[u8]) -> Vec<u8> {
    [b"Location: ", value, b"\r\n"].concat()
}

fn base() -> Url {
    let text = "http://user:password@example.com:8080/a/b?c";
    assert!(PAGE.contains(&format!("from `{text}`")));
    Url::parse(text).expect("the table's own URL")
}

#[test]
fn locations() {
    for [case, value, becomes, _] in rows("### Locations") {
        let mut redirects = Redirects::new(1);
        let outcome = match redirects.next(&base(), &response("302", &location(&unescape(&value))))
        {
            Ok(Some(url)) => shown(&url),
            Ok(None) => String::from("the answer"),
            Err(RedirectError::Location(error)) => refusal(&error),
            Err(error) => panic!("{case}: {error}"),
        };
        assert_eq!(outcome, becomes, "{case}: {value}");
        assert_eq!(redirects.followed(), usize::from(becomes.starts_with("http")), "{case}");
    }
}

#[test]
fn statuses() {
    for status in 200..400 {
        let fields = location(b"/d");
        let next = Redirects::new(1).next(&base(), &response(&status.to_string(), &fields));
        let is_redirect = matches!(next, Ok(Some(_)));
        let mention = format!("{status}");
        let sentence = PAGE.lines().find(|line| line.starts_with("The statuses 301")).unwrap();
        let (redirects, _) = sentence.split_once("are redirects").unwrap();
        assert_eq!(is_redirect, redirects.contains(&mention), "{status}: {next:?}");
    }
    let twice = [location(b"/d"), location(b" /d")].concat();
    let to = Redirects::new(1).next(&base(), &response("301", &twice)).unwrap();
    assert_eq!(to.unwrap().target(), "/d");
    for other in [&b"/e"[..], b""] {
        let fields = [location(b"/d"), location(other)].concat();
        let next = Redirects::new(1).next(&base(), &response("301", &fields));
        assert_eq!(next, Err(RedirectError::Conflicting));
    }
}

/// The lines that go out, without the empty one at the end.
fn sent(head: &RequestHead) -> Vec<String> {
    let mut bytes = Vec::new();
    head.encode(&mut bytes);
    let text = String::from_utf8(bytes).expect("UTF-8");
    let lines = text.strip_suffix("\r\n\r\n").expect("an empty line at the end");
    lines.split("\r\n").map(String::from).collect()
}

#[test]
fn fields_by_hand() {
    let defaults = RequestHead::get(&Url::parse("http://example.com/").unwrap());
    let names =
        |head: &RequestHead| head.headers().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    for [case, field, becomes, _] in rows("### Fields by hand") {
        let field = match parse_field(&text(&field)) {
            Ok(field) => field,
            Err(error) => {
                let text = error.to_string();
                assert_eq!(&text[text.find("at byte").unwrap()..], becomes, "{case}: {field}");
                continue;
            }
        };
        let mut head = defaults.clone();
        head.apply(&field);
        // The request line, what was there before, and the field.
        let mut expected = sent(&defaults);
        let others = names(&defaults).into_iter().map(|name| name != field.name());
        let mut keep = std::iter::once(true).chain(others);
        expected.retain(|_| keep.next().unwrap());
        if becomes != "nothing" {
            let place = if field.name() == "host" { 1 } else { expected.len() };
            expected.insert(place, text(&becomes));
        }
        assert_eq!(sent(&head), expected, "{case}");
    }
}

#[test]
fn proposed_file_names() {
    for [case, value, name, _] in rows("### Proposed file names") {
        let field = [b"Content-Disposition: ", &unescape(&value)[..], b"\r\n"].concat();
        let proposed = proposed_file_name(response("200", &field).headers());
        // No file of Windows has such a character in its name.
        let as_there = |name: String| if cfg!(windows) { name.replace('"', "_") } else { name };
        let expected = (name != "nothing").then(|| as_there(text(&name)));
        assert_eq!(proposed, expected, "{case}: {value}");
    }
}

#[test]
fn what_goes_along() {
    let from = Url::parse("http://example.com/").unwrap();
    for [field, same, another, _] in rows("### Fields after a redirect") {
        let field = parse_field(&field).unwrap();
        let mut head = RequestHead::get(&from);
        head.apply(&field);

        let home = from.join(b"/d").unwrap();
        assert_eq!(redirect_request(&from, &home, &mut head), [""; 0], "{field:?}");
        assert_eq!(head.target(), "/d");
        assert_eq!((head.value(field.name()), &*same), (field.value(), "yes"));

        for away in ["http://example.com:8080/d", "https://example.com/d", "http://d.example/"] {
            let away = Url::parse(away).unwrap();
            let mut head = head.clone();
            let lost = redirect_request(&from, &away, &mut head);
            assert_eq!(head.value(&httpget::http::header::HOST).unwrap(), away.authority());
            if another == "yes" {
                assert_eq!(head.value(field.name()), field.value());
                assert_eq!(lost, [""; 0]);
            } else {
                assert_ne!(head.value(field.name()), field.value());
                assert_eq!(lost, [field.name()], "{another}");
            }
        }
    }
}

#[cfg(feature = "cookies")]
mod cookies {
    use std::time::{Duration, SystemTime};

    use httpget::Url;
    use httpget::cookies::CookieJar;

    use super::{PAGE, rows, unescape};

    /// A second of the year 2026.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)
    }

    fn receive(jar: &CookieJar, url: &str, cookie: &str) -> String {
        let report = jar.receive(&Url::parse(url).expect("a URL"), &unescape(cookie), now());
        let text = report.to_string();
        assert!(!text.contains(char::is_control), "{text:?}");
        text
    }

    const URL: &str = "https://www.example.com/a/b";

    #[test]
    fn received() {
        assert!(PAGE.contains(&format!("in a response from `{URL}`")));
        for [case, cookie, becomes, _] in rows("### Cookies received") {
            let jar = CookieJar::new();
            assert_eq!(receive(&jar, URL, &cookie), becomes, "{case}");
            assert_eq!(jar.len(), usize::from(becomes.starts_with("stored")), "{case}");
        }
    }

    #[test]
    fn from_other_urls() {
        const OLD: &str = "old=1; Path=/a; Secure";
        assert!(PAGE.contains(&format!("The first is `{OLD}`, from `{URL}`")));
        for [url, cookie, becomes, _] in rows("### Cookies from other URLs") {
            let jar = CookieJar::new();
            receive(&jar, URL, OLD);
            assert_eq!(receive(&jar, &url, &cookie), becomes, "{url}: {cookie}");
        }
    }

    #[test]
    fn sent() {
        let (_, listed) =
            PAGE.split_once(&format!("`{URL}` has sent these, in this order:")).unwrap();
        let (listed, _) = listed.split_once(".\n").unwrap();
        let cookies: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
        assert_eq!(cookies.len(), 5, "{cookies:?}");
        let jar = CookieJar::new();
        for cookie in cookies {
            receive(&jar, URL, cookie);
        }
        for [case, url, becomes, _] in rows("### Cookies sent") {
            let field = jar.field(&Url::parse(&url).unwrap(), now());
            let field = field.as_ref().map_or("nothing", |field| field.to_str().unwrap());
            assert_eq!(field, becomes, "{case}");
        }
    }
}
