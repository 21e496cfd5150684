use std::collections::HashSet;
use std::error::Error;

use super::*;

fn parse(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_url_has_parts() {
    for (text, scheme, host, port, authority, target, origin) in [
        ("h", Scheme::Http, "h", 80, "h", "/", "http://h"),
        ("https://h/", Scheme::Https, "h", 443, "h", "/", "https://h"),
        ("https://u:p@H:80?q", Scheme::Https, "h", 80, "h:80", "/?q", "https://h:80"),
        ("http://[::1]:81/a/b", Scheme::Http, "::1", 81, "[::1]:81", "/a/b", "http://[::1]:81"),
        (
            "[FE80::1%Eth0]:80",
            Scheme::Http,
            "fe80::1%Eth0",
            80,
            "[fe80::1]",
            "/",
            "http://[fe80::1%Eth0]",
        ),
        (
            "10.0.0.7:8080/?",
            Scheme::Http,
            "10.0.0.7",
            8080,
            "10.0.0.7:8080",
            "/?",
            "http://10.0.0.7:8080",
        ),
    ] {
        let url = parse(text);
        assert_eq!(url.scheme(), scheme, "{text}");
        assert_eq!((url.host(), url.port()), (host, port), "{text}");
        assert_eq!(url.authority(), authority, "{text}");
        assert_eq!(url.target(), target, "{text}");
        assert_eq!(url.origin().to_string(), origin, "{text}");
        assert_eq!(url.to_string(), format!("{origin}{target}"), "{text}");
    }
}

#[test]
fn a_url_has_an_endpoint() {
    for (text, endpoint) in [
        ("http://h", "h:80"),
        ("https://h.example.", "h.example.:443"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]", "[::1]:80"),
        ("http://[fe80::1%25eth0]:81", "[fe80::1%eth0]:81"),
    ] {
        let expected: Endpoint = endpoint.parse().unwrap();
        assert_eq!(parse(text).endpoint(), expected, "{text}");
    }
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let texts = ["http://h/", "https://h/", "http://h:81/", "http://g/", "https://h:80/"];
    let origins: HashSet<Origin> = texts.map(|text| parse(text).origin()).into();
    assert_eq!(origins.len(), texts.len());
    for same in ["http://h:80/a?b", "HTTP://u:p@H"] {
        assert_eq!(parse(same).origin(), parse("http://h/").origin());
        assert!(parse(same).is_same_origin(&parse("http://h/")));
    }
    assert!(!parse("http://h/").is_same_origin(&parse("http://h:81/")));
}

#[test]
fn a_printed_url_parses_to_the_same_url() {
    for text in ["h", "https://u:p@h:8/a b/ü".replace(' ', "%20").as_str(), "[fe80::1%lo]:8/?%"] {
        let url = parse(text);
        assert_eq!(parse(url.as_str()), url.without_credentials());
    }
}

#[test]
fn a_password_is_never_shown() -> Result<(), Box<dyn Error>> {
    let url = parse("http://secret-user:secret%20word@example.com/a");
    let credentials = url.credentials().ok_or("no credentials")?;
    assert_eq!(
        (credentials.user(), credentials.password().expose()),
        ("secret-user", "secret word")
    );
    let shown = format!("{url} {url:?} {url:#?} {credentials:?} {}", url.origin());
    assert!(shown.contains("example.com/a") && !shown.contains("secret"), "{shown}");
    assert_eq!(url.without_credentials().credentials(), None);

    for text in [
        "http://u:secret@ex ample/",
        "http://u:sec/ret@h/",
        "http://u:sec@ret@h/",
        "http://u:secret%@h/",
        "ftp://u:secret@h/",
        "http://u:secret\n@h/",
    ] {
        let error = Url::parse(text).expect_err(text);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("sec") && !shown.contains('\n'), "{shown}");
    }
    Ok(())
}

#[test]
fn an_error_has_an_offset_and_a_short_quote() {
    let error = Url::parse("ex\u{1b}[2Jample").unwrap_err();
    assert_eq!(error.offset(), 2);
    let text = error.to_string();
    assert!(text.starts_with(r#""ex\u{1b}[2Jample" is not a URL: at byte 2: "#), "{text}");
    assert_eq!(error.unsupported_scheme(), None);

    let scheme = "x".repeat(5000);
    let error = Url::parse(&format!("{scheme}://h/")).unwrap_err();
    assert!(error.to_string().len() < 500, "{error}");
    assert_eq!(Url::parse("GOPHER://h").unwrap_err().unsupported_scheme(), Some("gopher"));
    assert!(error.source().is_none());
}

#[test]
fn the_length_of_a_url_is_limited() {
    let of_length = |length| format!("http://h/{}", "a".repeat(length - "http://h/".len()));
    let longest = parse(&of_length(MAX_URL));
    assert_eq!(longest.as_str().len(), MAX_URL);
    let limit = MAX_URL.to_string();
    for result in [
        Url::parse(&of_length(MAX_URL + 1)),
        // What is sent counts, not what is given.
        Url::parse(&format!("h/{}", "ü".repeat(MAX_URL / 6))),
        Url::parse(&format!("h/{}", "a".repeat(1 << 20))),
        longest.join("/a".repeat(MAX_URL / 2).as_bytes()),
        longest.join(&[b'?'; 1 << 20]),
    ] {
        let error = result.unwrap_err();
        assert!(error.to_string().contains(&limit), "{error}");
    }
    assert_eq!(longest.join(b"b").unwrap().target(), "/b");
    // Dots count neither.
    let deep = parse(&format!("h/{}b", "a/".repeat(5000)));
    assert_eq!(deep.join("../".repeat(4999).as_bytes()).unwrap().target(), "/a/");
    assert_eq!(deep.join("../".repeat(5002).as_bytes()).unwrap().target(), "/");
}

/// RFC 3986 section 5.4, but for what has another scheme and for fragments, which are never sent.
#[test]
fn references_resolve_as_in_the_rfc() {
    let base = parse("http://a/b/c/d;p?q");
    for (reference, target) in [
        ("g", "/b/c/g"),
        ("./g", "/b/c/g"),
        ("g/", "/b/c/g/"),
        ("/g", "/g"),
        ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"),
        ("g#s", "/b/c/g"),
        ("g?y#s", "/b/c/g?y"),
        (";x", "/b/c/;x"),
        ("g;x?y#s", "/b/c/g;x?y"),
        ("", "/b/c/d;p?q"),
        (".", "/b/c/"),
        ("./", "/b/c/"),
        ("..", "/b/"),
        ("../g", "/b/g"),
        ("../..", "/"),
        ("../../g", "/g"),
        ("../../../../g", "/g"),
        ("/./g", "/g"),
        ("/../g", "/g"),
        ("g.", "/b/c/g."),
        (".g", "/b/c/.g"),
        ("..g", "/b/c/..g"),
        ("./../g", "/b/g"),
        ("./g/.", "/b/c/g/"),
        ("g/./h", "/b/c/g/h"),
        ("g/../h", "/b/c/h"),
        ("g;x=1/../y", "/b/c/y"),
        ("g?y/./x", "/b/c/g?y/./x"),
        ("g?y/../x", "/b/c/g?y/../x"),
        ("g#s/../x", "/b/c/g"),
    ] {
        let url = base.join(reference.as_bytes()).unwrap();
        assert_eq!((url.host(), url.target()), ("a", target), "{reference}");
    }
    assert_eq!(base.join(b"//g").unwrap().as_str(), "http://g/");
    assert_eq!(base.join(b"g:h").unwrap_err().unsupported_scheme(), Some("g"));
}

#[test]
fn only_safe_file_names_are_returned() {
    for (url, name) in [
        ("h/a/b.tar.gz?c=/d#e", Some("b.tar.gz")),
        ("h/b%20c", Some("b c")),
        ("h/%C3%BC", Some("ü")),
        ("h/ü", Some("ü")),
        ("h/%E4", Some("%E4")),
        ("h/100%", Some("100%")),
        ("h/...", Some("...")),
        ("h", None),
        ("h/", None),
        ("h/a/", None),
        ("h/?a", None),
        ("h/a/%2e", None),
        ("h/a/%2e%2e", None),
        ("h/..%2fpasswd", None),
        ("h/a%5Cb", None),
        ("h/a\\b", None),
        ("h/a%00b", None),
        ("h/a%0Ab", None),
        ("h/a%7F", None),
        ("h/a%C2%9B", None),
        ("h/%E4%2Fb", None),
    ] {
        assert_eq!(parse(url).file_name().as_deref(), name, "{url}");
    }
    assert_eq!(parse("h/c:d").file_name().is_none(), cfg!(windows));
}
