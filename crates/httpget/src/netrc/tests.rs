use netcore::testing::error_law;

use super::*;

/// The user and password that a file has for a host.
fn found(text: &str, host: &str, user: Option<&str>) -> Option<(String, String)> {
    let netrc = Netrc::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let credentials = netrc.find(host, user).unwrap()?;
    Some((credentials.user().to_owned(), credentials.password().expose().to_owned()))
}

#[test]
fn an_entry_is_found_as_curl_finds_it() {
    const TWO: &str = "machine h login a password p\nmachine h login b password q\n";
    const DEFAULT: &str = "machine h login a password p\ndefault login d password e\n";
    for (text, host, user, expected) in [
        ("machine h login a password p", "h", None, Some(("a", "p"))),
        ("MACHINE H\r\nLOGIN a\r\nPassword p\r\n", "h", None, Some(("a", "p"))),
        ("machine\nh\n\n login\na\n\tpassword\np", "h", None, Some(("a", "p"))),
        ("machine h password p login a account x", "h", None, Some(("a", "p"))),
        ("machine h login a password p", "g", None, None),
        ("machine h login a password p", "h.example", None, None),
        (TWO, "h", None, Some(("a", "p"))),
        (TWO, "h", Some("b"), Some(("b", "q"))),
        (TWO, "h", Some("B"), None),
        (DEFAULT, "h", None, Some(("a", "p"))),
        (DEFAULT, "g", None, Some(("d", "e"))),
        (DEFAULT, "h", Some("d"), Some(("d", "e"))),
        // The first entry that fits counts, as in curl.
        ("default login d password e machine h login a", "h", None, Some(("d", "e"))),
        // No login, no password, neither.
        ("machine h password p", "h", None, Some(("", "p"))),
        ("machine h password p", "h", Some("u"), Some(("u", "p"))),
        ("machine h login a", "h", None, Some(("a", ""))),
        ("machine h machine h login a password p", "h", None, Some(("a", "p"))),
        ("machine ::1 login a password p", "::1", None, Some(("a", "p"))),
        ("", "h", None, None),
        ("# machine h login a", "h", None, None),
        // Comments, and a password that begins with #.
        (
            "machine h # x\nlogin a # login b\n#password q\npassword #p",
            "h",
            None,
            Some(("a", "#p")),
        ),
        // Quotes and escapes.
        (r#"machine h login "a b" password "p\"\\\n\q""#, "h", None, None),
        (r#"machine h login "a b" password "p\"\\\q""#, "h", None, Some(("a b", "p\"\\q"))),
        (r#"machine h login a password p\"q"#, "h", None, Some(("a", r#"p\"q"#))),
        (r#"machine h login a password """#, "h", None, Some(("a", ""))),
        // Macros.
        ("machine h login a\nmacdef m\nlogin b\n\npassword p", "h", None, Some(("a", "p"))),
        ("macdef m\nmachine h login b\r\n\r\nmachine h login a", "h", None, Some(("a", ""))),
        ("macdef m\nmachine h login b", "h", None, None),
        ("machine h login \u{fc} password \u{20ac}", "h", None, Some(("\u{fc}", "\u{20ac}"))),
    ] {
        // A password with a line end can't be sent.
        if text.contains("\\n") {
            let refused = Netrc::parse(text.as_bytes()).unwrap().find(host, user);
            assert_eq!(refused, Err(InvalidCredentials::ControlCharacter));
            continue;
        }
        let expected = expected.map(|(user, password)| (user.to_owned(), password.to_owned()));
        assert_eq!(found(text, host, user), expected, "{text:?}, {host}, {user:?}");
    }
}

#[test]
fn a_malformed_file_is_refused_with_the_number_of_the_line() {
    let long = format!("machine h\nlogin {}", "a".repeat(Netrc::MAX_WORD + 1));
    for (text, line, expected) in [
        (&b"machine"[..], 1, "a value"),
        (b"\n\nmachine h login", 3, "a value"),
        (b"machine h\nlogin a password my secret", 2, "needs quotes"),
        (b"machine h\n\n port 80", 3, "unknown keyword"),
        (b"login a", 1, "machine or default"),
        (b"secret", 1, "machine or default"),
        (b"machine h password \"a\nb\"", 1, "closing quote"),
        (b"machine h password \"a\\", 1, "closing quote"),
        (b"machine h\npassword \xff", 2, "UTF-8"),
        (long.as_bytes(), 2, "4 KiB"),
    ] {
        let error = Netrc::parse(text).unwrap_err();
        assert_eq!(error.line(), line, "{error}");
        let said = error_law(&error);
        assert!(said.contains(expected) && !said.contains("secret"), "{said}");
    }
    let error = Netrc::parse(&vec![b' '; Netrc::MAX_BYTES + 1]).unwrap_err();
    assert_eq!(error.line(), 0);
    assert!(Netrc::parse(&vec![b' '; Netrc::MAX_BYTES]).is_ok());
    let longest = "a".repeat(Netrc::MAX_WORD);
    assert_eq!(
        found(&format!("machine h login {longest}"), "h", None).map(|(user, _)| user.len()),
        Some(Netrc::MAX_WORD)
    );
}

#[test]
fn a_file_does_not_print_itself() {
    let netrc = Netrc::parse(b"machine host login alice password sesame").unwrap();
    for text in [format!("{netrc:?}"), format!("{netrc:#?}")] {
        assert!(!text.contains("sesame") && !text.contains("alice"), "{text}");
    }
}

#[test]
fn a_login_that_basic_authentication_cannot_send_is_an_error() {
    let netrc = Netrc::parse(b"machine h login a:b password p").unwrap();
    assert_eq!(netrc.find("h", None), Err(InvalidCredentials::Colon));
    assert_eq!(netrc.find("g", None), Ok(None));
}
