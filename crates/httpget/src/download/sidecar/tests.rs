#![allow(clippy::single_range_in_vec_init, reason = "one range is meant")]

use netcore::testing::TestDir;

use super::*;

fn tag(text: &'static str) -> Validator {
    Validator::Tag(HeaderValue::from_static(text))
}

fn mark(validator: Validator, total: Option<u64>) -> Mark {
    let asked = "http://host/disk.img?key=1".to_owned();
    let source = Source { asked, found: "http://mirror/disk.img".to_owned() };
    Mark { born: None, version: Some(Version { source, validator, total }), left: None }
}

#[test]
fn a_written_mark_is_read_back() {
    let directory = TestDir::new();
    let path = directory.path("meta");
    let modified = Validator::Modified(HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
    let odd = Validator::Tag(HeaderValue::from_bytes(b"\"\xff total 1\"").unwrap());
    for validator in [tag("\"v1\""), tag("\"\""), modified, odd] {
        for total in [None, Some(0), Some(u64::MAX)] {
            for born in [None, Some("12.345".to_owned())] {
                // Each over a longer one and over a shorter one.
                let mark = Mark { born, ..mark(validator.clone(), total) };
                write(&path, &mark, false).unwrap();
                assert_eq!(read(&path).unwrap(), Found::Ours(mark));
            }
        }
    }
    let blank = Mark { born: Some("1.000000002".to_owned()), ..Mark::default() };
    write(&path, &blank, true).unwrap();
    assert_eq!(read(&path).unwrap(), Found::Ours(blank));
}

#[test]
fn the_text_is_as_documented() {
    let born = Some("1794758462.034915000".to_owned());
    let mark = Mark { born, ..mark(tag("\"5f3e-61a\""), Some(1 << 30)) };
    let text = "httpget partial 2\nborn 1794758462.034915000\n\
        asked http://host/disk.img?key=1\nfound http://mirror/disk.img\n\
        tag \"5f3e-61a\"\ntotal 1073741824\nend\n";
    assert_eq!(String::from_utf8(mark.text()).unwrap(), text);
}

#[test]
fn truncated_and_foreign_texts_name_no_version() {
    let whole = mark(tag("\"v1\""), Some(1000)).text();
    for length in 0..whole.len() {
        let found = match length < OURS.len() {
            true => Found::Foreign,
            false => Found::Ours(Mark::default()),
        };
        assert_eq!(Mark::parse(&whole[..length]), found, "the first {length} bytes");
    }
    let url = "asked http://h/\nfound http://h/\n";
    let others = [
        "httpget partial 1\ntag \"v1\"\ntotal 1000\nend\n".to_owned(),
        format!("httpget partial 3\n{url}tag \"v1\"\ntotal 1000\nend\n"),
        "httpget partial 2\ntag \"v1\"\ntotal 1000\nend\n".to_owned(),
        "httpget partial 2\nasked http://h/\ntag \"v1\"\nend\n".to_owned(),
        format!("httpget partial 2\n{url}name \"v1\"\ntotal 1000\nend\n"),
        format!("httpget partial 2\n{url}tag \"v1\"\ntotal +1000\nend\n"),
        format!("httpget partial 2\n{url}tag \"v1\"\ntotal 1000\nend\nend\n"),
        format!("httpget partial 2\n{url}tag \"v1\"\ntotal 1000\ntotal 1000\nend\n"),
        format!("httpget partial 2\n{url}tag \"v1\0\"\nend\n"),
        format!("httpget partial 2\n{url}total 1000\nend\n"),
    ];
    for text in others {
        assert_eq!(Mark::parse(text.as_bytes()), Found::Ours(Mark::default()), "{text}");
    }
    assert_eq!(Mark::parse(b"somebody's\n"), Found::Foreign);
    assert_eq!(Mark::parse(b""), Found::Foreign);
}

#[test]
fn foreign_files_are_not_read() {
    let directory = TestDir::new();
    let path = directory.path("meta");
    assert_eq!(read(&path).unwrap(), Found::Nothing);
    fs::create_dir(&path).unwrap();
    assert_eq!(read(&path).unwrap(), Found::Foreign, "a directory");
}

#[cfg(unix)]
#[test]
fn links_are_not_read() {
    let directory = TestDir::new();
    let path = directory.path("meta");
    let other = directory.path("other");
    let ours = mark(tag("\"v1\""), None);
    fs::write(&other, ours.text()).unwrap();
    std::os::unix::fs::symlink(&other, &path).unwrap();
    assert_eq!(read(&path).unwrap(), Found::Foreign, "a symbolic link");
    write(&path, &Mark::default(), false).unwrap_err();
    assert_eq!(fs::read(&other).unwrap(), ours.text(), "the link's end is untouched");
}

#[test]
fn a_too_long_version_is_not_stored() {
    let directory = TestDir::new();
    let path = directory.path("meta");
    let long = Validator::Tag(HeaderValue::from_bytes(&[b'"'; MAX_BYTES]).unwrap());
    write(&path, &mark(long, None), false).unwrap();
    assert_eq!(read(&path).unwrap(), Found::Ours(Mark::default()));
}

#[test]
fn missing_ranges_are_read_back_and_have_a_constant_length() {
    let directory = TestDir::new();
    let path = directory.path("meta");
    let many = (0..16).map(|it| u64::MAX - 200 + 10 * it..u64::MAX - 195 + 10 * it).collect();
    let mut lengths = Vec::new();
    for left in [vec![], vec![0..1], vec![0..5, 6..u64::MAX], many] {
        let mark = Mark { left: Some(left), ..mark(tag("\"v1\""), Some(u64::MAX)) };
        lengths.push(mark.text().len());
        write(&path, &mark, false).unwrap();
        assert_eq!(read(&path).unwrap(), Found::Ours(mark));
    }
    assert!(lengths.windows(2).all(|pair| pair[0] == pair[1]), "{lengths:?}");
}

#[test]
fn damaged_ranges_name_no_version() {
    let whole = Mark { left: Some(vec![10..20, 30..1000]), ..mark(tag("\"v1\""), Some(1000)) };
    let text = whole.text();
    assert_eq!(Mark::parse(&text), Found::Ours(whole));
    for end in OURS.len()..text.len() {
        assert_eq!(Mark::parse(&text[..end]), Found::Ours(Mark::default()), "{end} bytes");
    }
    // The beginning of another record over the old one.
    let newer = Mark { left: Some(vec![15..20, 40..900]), ..mark(tag("\"v1\""), Some(1000)) };
    let newer = newer.text();
    assert_eq!(text.len(), newer.len());
    for end in 0..text.len() {
        let torn = [&newer[..end], &text[end..]].concat();
        let found = Mark::parse(&torn);
        let is_one = torn == text || torn == newer;
        assert_eq!(found != Found::Ours(Mark::default()), is_one, "{end} bytes of the newer one");
    }
    for left in [vec![10..20, 20..30], vec![30..40, 10..20], vec![10..10], vec![990..1001]] {
        let wrong = Mark { left: Some(left.clone()), ..mark(tag("\"v1\""), Some(1000)) };
        assert_eq!(Mark::parse(&wrong.text()), Found::Ours(Mark::default()), "{left:?}");
    }
    let endless = Mark { left: Some(vec![1..2]), ..mark(tag("\"v1\""), None) };
    assert_eq!(Mark::parse(&endless.text()), Found::Ours(Mark::default()), "of an unknown total");
}
