use std::fs::{self, File};

use super::{MAX_LINE, PIECE, ReverseLines};
use crate::journal::fixture::TestDir;

/// Reads `content` backwards. Returns its lines in order, each with `true` if it is complete.
fn read(content: &[u8]) -> Vec<(Vec<u8>, bool)> {
    let directory = TestDir::new();
    let path = directory.path().join("file");
    fs::write(&path, content).unwrap();
    let file = File::open(&path).unwrap();
    let mut lines = ReverseLines::new(&file, u64::MAX).unwrap();
    let mut read = Vec::new();
    let mut end = content.len();
    while let Some(line) = lines.next().unwrap() {
        let start = usize::try_from(line.start).unwrap();
        let expected = &content[start..end];
        match line.bytes {
            Some(bytes) => assert_eq!(bytes, expected),
            None => assert!(expected.len() > MAX_LINE),
        }
        assert_eq!(line.is_complete, expected.ends_with(b"\n"));
        read.push((expected.to_vec(), line.is_complete));
        end = start;
    }
    assert_eq!(end, 0);
    read.reverse();
    read
}

#[test]
fn reverse_lines_are_the_lines_that_are_read_forwards() {
    let piece = usize::try_from(PIECE).unwrap();
    let mut contents = vec![Vec::new(), b"\n".to_vec(), b"\n\n".to_vec(), b"a\nb".to_vec()];
    // The line endings are at, before and behind each offset at which a read may begin.
    for length in [1, piece - 1, piece, piece + 1, 2 * piece, 5 * piece, MAX_LINE, MAX_LINE + 1] {
        for last in ["", "\n", "x", "x\n"] {
            let line = "y".repeat(length) + "\n";
            contents.push((line.clone() + &line + "z\n" + &line + last).into_bytes());
        }
    }
    for content in contents {
        let expected: Vec<_> = content
            .split_inclusive(|&b| b == b'\n')
            .map(|line| (line.to_vec(), line.ends_with(b"\n")))
            .collect();
        assert_eq!(read(&content), expected, "{} bytes", content.len());
    }
}

#[test]
fn reading_stops_at_the_limit() {
    let directory = TestDir::new();
    let path = directory.path().join("file");
    fs::write(&path, "a\n".repeat(100)).unwrap();
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let mut lines = ReverseLines::new(&file, 20).unwrap();
    for number in 0..9 {
        assert_eq!(lines.next().unwrap().unwrap().bytes.unwrap(), b"a\n", "{number}");
    }
    assert_eq!(lines.next().unwrap_err().to_string(), "no complete record near its end");
    // A terabyte without a line ending is not kept in memory either.
    file.set_len(1 << 40).unwrap();
    let mut lines = ReverseLines::new(&file, 16 << 20).unwrap();
    assert!(lines.next().is_err());
    assert!(lines.buffer.capacity() < 4 * MAX_LINE, "{}", lines.buffer.capacity());
}
