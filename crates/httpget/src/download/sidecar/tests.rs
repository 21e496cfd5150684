use std::os::unix::fs::symlink;

use super::*;
use crate::fixture::Directory;

fn tag(text: &'static str) -> Validator {
    Validator::Tag(HeaderValue::from_static(text))
}

#[test]
fn what_is_written_is_read_again() {
    let directory = Directory::new();
    let path = directory.join("meta");
    let modified = Validator::Modified(HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
    let odd = Validator::Tag(HeaderValue::from_bytes(b"\"\xff total 1\"").unwrap());
    for validator in [tag("\"v1\""), tag("\"\""), modified, odd] {
        for total in [None, Some(0), Some(u64::MAX)] {
            write(&path, &text(&validator, total)).unwrap();
            assert_eq!(read(&path).unwrap(), Some((validator.clone(), total)));
        }
    }
}

#[test]
fn the_text_is_as_documented() {
    let text = text(&tag("\"5f3e-61a\""), Some(1 << 30));
    assert_eq!(text, b"httpget partial 1\ntag \"5f3e-61a\"\ntotal 1073741824\nend\n");
}

#[test]
fn each_prefix_and_each_other_text_is_nothing() {
    let whole = text(&tag("\"v1\""), Some(1000));
    for length in 0..whole.len() {
        assert_eq!(parse(&whole[..length]), None, "the first {length} bytes");
    }
    let others = [
        "httpget partial 2\ntag \"v1\"\ntotal 1000\nend\n",
        "httpget partial 1\nname \"v1\"\ntotal 1000\nend\n",
        "httpget partial 1\ntag \"v1\"\ntotal +1000\nend\n",
        "httpget partial 1\ntag \"v1\"\ntotal 1000\nend\nend\n",
        "httpget partial 1\ntag \"v1\"\ntotal 1000\ntotal 1000\nend\n",
        "httpget partial 1\ntag \"v1\0\"\nend\n",
        "httpget partial 1\ntotal 1000\nend\n",
    ];
    for text in others {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn what_is_not_ours_is_neither_read_nor_followed() {
    let directory = Directory::new();
    let path = directory.join("meta");
    assert_eq!(read(&path).unwrap(), None, "there is none");
    fs::create_dir(&path).unwrap();
    assert_eq!(read(&path).unwrap(), None, "a directory");
    fs::remove_dir(&path).unwrap();

    let other = directory.join("other");
    fs::write(&other, text(&tag("\"v1\""), None)).unwrap();
    symlink(&other, &path).unwrap();
    assert!(read(&path).is_err(), "a symbolic link");
    write(&path, b"x").unwrap();
    assert_eq!(
        fs::read(&other).unwrap(),
        text(&tag("\"v1\""), None),
        "the link's end is untouched"
    );

    let long = Validator::Tag(HeaderValue::from_bytes(&[b'"'; MAX_BYTES]).unwrap());
    write(&path, &text(&long, None)).unwrap();
    assert_eq!(read(&path).unwrap(), None, "too long");
}
