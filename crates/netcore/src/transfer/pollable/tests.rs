use std::io::{Cursor, Read};
use std::sync::mpsc;

use super::pollable;
use crate::deadline::Deadline;
use crate::error::ErrorKind;
use crate::fixture::{listen, pair, patience};

#[test]
fn the_stream_has_the_bytes_of_the_source_and_its_end() {
    let bytes: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
    let mut stream = pollable(Cursor::new(bytes.clone())).unwrap();
    let mut read = Vec::new();
    stream.read_to_end(&mut read).unwrap();
    assert!(read == bytes);
}

#[test]
fn a_failed_read_is_no_end() {
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("broken"))
        }
    }

    let stream = pollable(Broken).unwrap();
    let error = stream.read_deadline(&mut [0], patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_transfer_waits_for_a_source_that_has_no_descriptor() {
    struct Typed(mpsc::Receiver<u8>);

    impl Read for Typed {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            match self.0.recv() {
                Ok(byte) => {
                    buffer[0] = byte;
                    Ok(1)
                }
                Err(_) => Ok(0),
            }
        }
    }

    let (keys, typed) = mpsc::channel();
    let stream = pollable(Typed(typed)).unwrap();
    let (client, server) = pair(&listen("127.0.0.1:0"));
    let moment = Deadline::at(std::time::Instant::now());
    assert!(client.send_from(&stream, moment).unwrap_err().is_timeout());
    keys.send(b'x').unwrap();
    drop(keys);
    assert_eq!(client.send_from(&stream, patience()).unwrap(), 1);
    let mut byte = [0];
    server.read_exact_deadline(&mut byte, patience()).unwrap();
    assert_eq!(byte, *b"x");
}
