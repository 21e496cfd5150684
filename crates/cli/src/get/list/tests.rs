use std::io::Cursor;

use super::*;

/// Each line that is a URL, or its place and why it is none.
fn entries(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let mut list = List::new("list", Box::new(Cursor::new(bytes.as_ref().to_vec())));
    let next = || {
        let Entry { place, url, file } = list.next()?;
        let url = url.unwrap_or_else(|failure| format!("{place} {}", failure.message().unwrap()));
        Some(file.map_or(url.clone(), |file| format!("{url} to {}", file.display())))
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn lines_are_urls_unless_empty_or_comments() {
    assert_eq!(entries(""), [""; 0]);
    assert_eq!(entries("a\n\n # no\r\n b \r\nc"), ["a", "b", "c"]);
}

#[test]
fn a_line_may_name_the_file() {
    let list = "a b\nc \t d e.txt \r\nf\t../g\n h -\n";
    assert_eq!(entries(list), ["a to b", "c to d e.txt", "f to ../g", "h to -"]);
}

#[test]
fn a_byte_order_mark_belongs_to_no_line() {
    assert_eq!(entries("\u{feff}a\r\nb\r\n"), ["a", "b"]);
    assert_eq!(entries("\u{feff}"), [""; 0]);
    assert_eq!(entries("a\n\u{feff}b"), ["a", "\u{feff}b"]);
}

#[test]
fn a_line_that_is_no_text_is_refused_with_its_number_and_the_next_one_is_read() {
    let long = "x".repeat(MAX_LINE);
    let list = [b"a\n\xff\xfe\n", long.as_bytes(), b"x\nb\n", long.as_bytes()].concat();
    let refused = "list:3 the line is longer than 65536 bytes, the limit of a URL";
    assert_eq!(
        entries(list),
        ["a", "list:2 the line is not UTF-8 from byte 0", refused, "b", &long]
    );
}

#[test]
fn a_list_that_breaks_ends_with_the_reason() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let mut list = List::new("list", Box::new(BufReader::new(Cursor::new("a\nb").chain(Broken))));
    assert_eq!(list.next().unwrap().url.unwrap(), "a");
    let entry = list.next().unwrap();
    assert_eq!((&*entry.place, entry.url.unwrap_err().code()), ("list:2", exit::UNREADABLE));
    assert!(list.next().is_none());
}
