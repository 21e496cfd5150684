use std::fs::File;
use std::time::{Duration, UNIX_EPOCH};

use netcore::testing::TestDir;

use super::*;

#[test]
fn dates_of_every_usual_form_are_understood() {
    let modified = "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT";
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 09:49:37 +0100",
        "6 Nov 1994 08:49:37 +0000",
        "1994-11-06T08:49:37Z",
        "1994-11-06T10:49:37+02:00",
        "1994-11-06 08:49:37",
    ] {
        assert_eq!(time_field(text).as_deref(), Some(modified), "{text}");
        let before = time_field(&format!("-{text}"));
        assert_eq!(before, Some(modified.replace("Modified", "Unmodified")), "{text}");
    }
    for text in ["1994-11-06", "19941106"] {
        let midnight = "If-Modified-Since: Sun, 06 Nov 1994 00:00:00 GMT";
        assert_eq!(time_field(text).as_deref(), Some(midnight), "{text}");
    }
    for text in ["", "yesterday", "784111777", "1994", "1994-13-01", "19941306"] {
        assert_eq!(time_field(text), None, "{text}");
    }
}

#[test]
fn a_file_stands_for_its_time() {
    let directory = TestDir::new();
    let path = directory.path("file");
    let file = File::create(&path).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_millis(784_111_777_900)).unwrap();
    let field = time_field(path.to_str().unwrap());
    assert_eq!(field.as_deref(), Some("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"));
}

#[test]
fn a_tag_is_one_line_of_its_file() {
    let directory = TestDir::new();
    let path = directory.path("tag");
    assert_eq!(tag_field(&path, true).unwrap(), "If-None-Match: \"\"");
    assert_eq!(tag_field(&path, false).unwrap_err().code(), exit::UNREADABLE);
    for (content, field) in [
        ("\"abc\"\n", "If-None-Match: \"abc\""),
        ("W/\"abc\"", "If-None-Match: W/\"abc\""),
        ("\n", "If-None-Match: \"\""),
        ("", "If-None-Match: \"\""),
    ] {
        fs::write(&path, content).unwrap();
        assert_eq!(tag_field(&path, false).unwrap(), field, "{content:?}");
    }
    for content in [&b"\"a\"\r\nX: y"[..], b"\xff", b"\"\x1b\""] {
        fs::write(&path, content).unwrap();
        assert_eq!(tag_field(&path, true).unwrap_err().code(), exit::UNREADABLE, "{content:?}");
    }
}
