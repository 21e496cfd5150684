use http::HeaderValue;

use super::*;

#[test]
fn names_are_read_as_the_rfc_has_them() {
    // Many of these are cases of greenbytes.de/tech/tc2231.
    let cases: [(&[u8], Option<&str>); 40] = [
        (b"inline", None),
        (b"attachment", None),
        (b"attachment;", None),
        (b"\"attachment\"", None),
        (b"", None),
        (b";", None),
        (b"attachment; filename=\"foo.html\"", Some("foo.html")),
        (b"attachment;filename=foo.html", Some("foo.html")),
        (b"attachment ;filename = foo.html ;", Some("foo.html")),
        (b"attachment;FILENAME=foo.html", Some("foo.html")),
        (b"filename=foo.html", Some("foo.html")),
        (b"; filename=foo.html", Some("foo.html")),
        (b"attachment; filename=\"f\\oo.html\"", Some("foo.html")),
        (b"attachment; filename=\"\\\"quoted\\\" \\\\.html\"", Some("\"quoted\" \\.html")),
        (b"attachment; filename=\"a;b=c.html\"", Some("a;b=c.html")),
        (b"attachment; filename=a b.html", Some("a b.html")),
        (b"attachment; filename=\"foo-%41.html\"", Some("foo-%41.html")),
        (b"attachment; foo=\"\\\"\\\\\";filename=\"foo.html\"", Some("foo.html")),
        (b"attachment; foo=\"filename=bar\"", None),
        (b"attachment; filename=\"\"", Some("")),
        (b"attachment; filename=\"foo-\xe4.html\"", Some("foo-\u{e4}.html")),
        (b"attachment; filename=\"foo-\xc3\xa4.html\"", Some("foo-\u{e4}.html")),
        (
            b"attachment; filename*=UTF-8''foo-%c3%a4-%e2%82%ac.html",
            Some("foo-\u{e4}-\u{20ac}.html"),
        ),
        (b"attachment; filename*=utf-8'en'foo.html", Some("foo.html")),
        (b"attachment; filename*=iso-8859-1''foo-%E4.html", Some("foo-\u{e4}.html")),
        (b"attachment; filename* = UTF-8''a", Some("a")),
        (b"attachment; filename*=UTF-8''a; filename=b", Some("a")),
        (b"attachment; filename=b; filename*=UTF-8''a", Some("a")),
        // Malformed ones, which the plain name replaces.
        (b"attachment; filename=b; filename*=UTF-8''%ff", Some("b")),
        (b"attachment; filename=b; filename*=koi8-r''a", Some("b")),
        (b"attachment; filename=b; filename*=UTF-8'a", Some("b")),
        (b"attachment; filename=b; filename*=UTF-8''a b", Some("b")),
        (b"attachment; filename=b; filename*=''a", Some("b")),
        (b"attachment; filename*=UTF-8''%ff", None),
        // Malformed values.
        (b"attachment; filename=\"foo", None),
        (b"attachment; filename=\"foo\\", None),
        (b"attachment; filename=\"foo\"bar", None),
        (b"attachment; filename=a; filename=a", None),
        (b"attachment; filename*=UTF-8''a; filename*=UTF-8''b", None),
        (b"attachment; filename", None),
    ];
    for (value, name) in cases {
        assert_eq!(disposition_name(value).as_deref(), name, "{}", value.escape_ascii());
    }
}

#[test]
fn a_name_is_never_a_path_or_a_special_file() {
    for (name, safe) in [
        ("a.txt", Some("a.txt")),
        ("a b's \u{fc}.tar.gz", Some("a b's \u{fc}.tar.gz")),
        ("", None),
        (".", None),
        ("..", None),
        ("...", None),
        (" . . ", None),
        ("/", None),
        ("a/", None),
        ("a/..", None),
        ("../../etc/passwd", Some("passwd")),
        ("/etc/passwd", Some("passwd")),
        ("C:\\Windows\\system32\\evil.dll", Some("evil.dll")),
        ("..\\evil", Some("evil")),
        (".bashrc", Some("_bashrc")),
        ("..bashrc", Some("_.bashrc")),
        (" .bashrc", Some("_bashrc")),
        (" a ", Some("a")),
        ("a. . ", Some("a")),
        ("a\r\nb\0c\x1b[2J\u{9b}\u{7f}", Some("a__b_c_[2J__")),
        ("photo\u{202e}gpj.exe", Some("photo_gpj.exe")),
        ("a\u{2028}b\u{200f}\u{2066}", Some("a_b__")),
        ("nul", Some("_nul")),
        ("Com1.tar.gz", Some("_Com1.tar.gz")),
        ("lpt\u{b2} .txt", Some("_lpt\u{b2} .txt")),
        ("com0", Some("com0")),
        ("console", Some("console")),
        ("disk.img.part", Some("disk.img.part_")),
        ("disk.img.PART.meta", Some("disk.img.PART.meta_")),
        (".part", Some("_part")),
    ] {
        assert_eq!(safe_file_name(name).as_deref(), safe, "{name:?}");
    }
    if cfg!(windows) {
        assert_eq!(safe_file_name("a:b?").as_deref(), Some("a_b_"));
    }
}

#[test]
fn a_long_name_is_cut_between_characters_and_keeps_its_ending() {
    let longest = "a".repeat(LONGEST);
    assert_eq!(safe_file_name(&longest), Some(longest.clone()));
    let cut = safe_file_name(&format!("{longest}.tar")).unwrap();
    assert_eq!(cut, format!("{}.tar", "a".repeat(LONGEST - 5)));
    for stem in ["\u{e4}", "\u{20ac}", "\u{1f600}", "x.", ". "] {
        for ending in ["", ".part", ".gz", ".an-ending-that-is-long"] {
            let name = safe_file_name(&format!("x{}{ending}", stem.repeat(200))).unwrap();
            assert!(name.len() <= LONGEST, "{name}");
            assert!(name.ends_with(ending) || ending.len() > ENDING || ending == ".part", "{name}");
        }
    }
}

#[test]
fn several_fields_have_to_agree() {
    let mut headers = HeaderMap::new();
    assert_eq!(proposed_file_name(&headers), None);
    headers.append(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=a/b"));
    assert_eq!(proposed_file_name(&headers).as_deref(), Some("b"));
    headers.append(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=a/b"));
    assert_eq!(proposed_file_name(&headers).as_deref(), Some("b"));
    headers.append(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=c"));
    assert_eq!(proposed_file_name(&headers), None);
}
