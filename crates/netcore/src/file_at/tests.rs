use std::fs::File;
use std::io::{ErrorKind, Read, Write};

use super::{read_at, read_exact_at, write_all_at};
use crate::testing::TestDir;

#[test]
fn bytes_are_read_and_written_where_they_are_wanted() {
    let dir = TestDir::new();
    let mut options = File::options();
    let mut file = options.read(true).write(true).create(true).open(dir.path("file")).unwrap();
    file.write_all(b"abcdef").unwrap();
    let mut two = [0; 2];
    assert_eq!(read_at(&file, &mut two, 2).unwrap(), 2);
    assert_eq!(&two, b"cd");
    // The position of the file is still behind the last byte that was written.
    file.write_all(b"g").unwrap();
    read_exact_at(&file, &mut two, 5).unwrap();
    assert_eq!(&two, b"fg");
    assert_eq!(read_at(&file, &mut two, 7).unwrap(), 0);
    let error = read_exact_at(&file, &mut two, 6).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    write_all_at(&file, b"XY", 1).unwrap();
    let mut all = String::new();
    File::open(dir.path("file")).unwrap().read_to_string(&mut all).unwrap();
    assert_eq!(all, "aXYdefg");
}
