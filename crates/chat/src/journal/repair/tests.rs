use std::fs::{self, File};

use super::repair;
use crate::journal::fixture::{LATER, TestDir, capture_log, line, logged};

/// Returns the file's content after a repair of `content`.
fn repaired(content: &[u8]) -> Result<Vec<u8>, String> {
    let directory = TestDir::new();
    let path = directory.write("dev", LATER, content);
    let file = File::options().read(true).append(true).open(&path).unwrap();
    let result = repair(&file, &path);
    let left = fs::read(&path).unwrap();
    match result {
        Ok(()) => Ok(left),
        Err(error) => {
            assert_eq!(left, content);
            Err(error.to_string())
        }
    }
}

#[test]
fn a_file_torn_at_any_byte_keeps_its_complete_lines() {
    capture_log();
    let whole: String =
        ["grüße", "\\\"{}[]", "", "你好"].iter().map(|text| line("dev", text)).collect();
    for torn in 0..=whole.len() {
        let content = &whole.as_bytes()[..torn];
        let kept = content.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        logged();
        assert_eq!(repaired(content).unwrap(), &content[..kept], "{torn}");
        assert_eq!(logged().len(), usize::from(kept < torn), "{torn}");
        // After a power loss, lost data reads as NULs of any length.
        for nuls in [1, 4096, 100_000, 3 << 20] {
            if nuls > 4096 && torn % 50 != 0 {
                continue;
            }
            let lost = [content, &vec![0; nuls]].concat();
            assert_eq!(repaired(&lost).unwrap(), &content[..kept], "{torn} and {nuls} NULs");
        }
        // The rest of the line follows the NULs, as if only some blocks were written.
        let lost = [content, &[0; 512], &whole.as_bytes()[whole.len() - 9..]].concat();
        assert_eq!(repaired(&lost).unwrap(), &content[..kept], "{torn} and a rest");
    }
}

#[test]
fn garbage_is_cut_off_and_records_of_newer_versions_are_kept() {
    let whole = line("dev", 1) + &line("dev", 2);
    for garbage in ["\n", "x", "x\n", "\n\n\n", "{\"time\":\n", "7\n", "[]\n", "{}x\n", "\r\n"] {
        let content = whole.clone() + garbage;
        assert_eq!(repaired(content.as_bytes()).unwrap(), whole.as_bytes(), "{garbage:?}");
    }
    let not_utf8 = [whole.as_bytes(), b"{\"a\":\"\xff\"}\n"].concat();
    assert_eq!(repaired(&not_utf8).unwrap(), whole.as_bytes());
    let newer = whole.clone() + "{\"time\":7,\"kind\":\"reaction\"}\n";
    assert_eq!(repaired(newer.as_bytes()).unwrap(), newer.as_bytes());
    let long = whole + "{\"text\":\"" + &"x".repeat(2 << 20) + "\"}\n";
    assert_eq!(repaired(long.as_bytes()).unwrap(), long.as_bytes());
}

#[test]
fn a_file_that_is_not_a_log_is_left_unchanged() {
    for content in
        ["hello\n", "hello", "\nhello\n", "{\n  \"time\": 7\n", "# notes\n\n", "{\"time\":7"]
    {
        assert_eq!(repaired(content.as_bytes()).unwrap_err(), "no record of a chat in it");
    }
    assert_eq!(repaired(b"").unwrap(), b"");
    // Blank lines, and a torn record after them, are cut off.
    for content in ["\n", "\r\n", " \n\n\n\n\n\n\n\n\n\n\n\n", "\n{\"ti", "\n\0\0"] {
        assert_eq!(repaired(content.as_bytes()).unwrap(), b"", "{content:?}");
    }
    let behind_a_blank = "\n".to_owned() + &line("dev", 1);
    assert_eq!(repaired(behind_a_blank.as_bytes()).unwrap(), behind_a_blank.as_bytes());
    #[cfg(unix)]
    {
        let null = "/dev/null";
        let device = File::open(null).unwrap();
        assert_eq!(repair(&device, null.as_ref()).unwrap_err().to_string(), "not a regular file");
    }
    // A large file is searched only near its end.
    let directory = TestDir::new();
    let path = directory.write("dev", LATER, line("dev", 1));
    let file = File::options().read(true).append(true).open(&path).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_eq!(repair(&file, &path).unwrap_err().to_string(), "no complete record near its end");
    assert_eq!(file.metadata().unwrap().len(), 1 << 40);
}
