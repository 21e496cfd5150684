#[cfg(target_os = "linux")]
use std::fs::OpenOptions;
use std::fs::{self, File};
use std::io::Read;
use std::thread;

use super::*;
use crate::cancel::CancelToken;
#[cfg(target_os = "linux")]
use crate::error::ErrorKind;
#[cfg(unix)]
use crate::fixture::{Piped, moment};
use crate::fixture::{TestDir, cancel_a_wait, listen, pair, patience};

#[test]
fn all_of_it_arrives_in_a_file() {
    let dir = TestDir::new();
    let to = File::create_new(dir.path("to")).unwrap();
    write_all_to(&to, b"first ", patience()).unwrap();
    write_all_to(&to, b"", patience()).unwrap();
    write_all_to(&to, b"second", patience()).unwrap();
    assert_eq!(fs::read(dir.path("to")).unwrap(), b"first second");
}

#[cfg(unix)]
#[test]
fn all_of_it_arrives_behind_a_slow_pipe() {
    let content: Vec<u8> = (0..1_000_000_u32).map(|number| number as u8).collect();
    let mut cat = Piped::cat();
    let entrance = cat.take_entrance();
    let received = thread::scope(|scope| {
        scope.spawn(|| {
            write_all_to(&entrance, &content, patience()).unwrap();
            drop(entrance);
        });
        let mut received = Vec::new();
        cat.take_exit().read_to_end(&mut received).unwrap();
        received
    });
    assert!(received == content);
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_is_an_error_and_not_a_signal() {
    let error = write_all_to(&Piped::gone(), b"x", patience()).unwrap_err();
    assert_eq!(error.to_string(), "write to the pipe: broken pipe");

    let mut clogged = Piped::cat();
    let content = vec![0; 1 << 20];
    let error = write_all_to(&clogged.take_entrance(), &content, moment()).unwrap_err();
    assert_eq!(error.to_string(), "write to the pipe: timed out");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = write_all_to(&full, b"x", patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    assert_eq!(error.code(), Some(libc::ENOSPC));
}

#[test]
fn a_cancelled_write_to_a_full_socket_says_how_much_is_written() {
    let (reader, writer) = pair(&listen("127.0.0.1:0"));
    let token = CancelToken::new();
    let content: Vec<u8> = (0..1 << 22).map(|number: u32| (number % 251) as u8).collect();
    let mut written = 0;
    let error = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let until = patience().or_cancelled(&token);
            write_all_to_with_progress(&writer, &content, until, |now| written = now)
        });
        cancel_a_wait(&token);
        writing.join().unwrap().unwrap_err()
    });
    assert_eq!(error.to_string(), "write to the socket: cancelled");
    drop(writer);
    let mut received = Vec::new();
    reader.with_deadline(patience()).read_to_end(&mut received).unwrap();
    assert!(received == content[..usize::try_from(written).unwrap()]);
}
