use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;
use crate::error::ErrorKind;
use crate::fixture::{listen, moment, pair, patience};

fn tcp_pair() -> (Stream, Stream) {
    pair(&listen("127.0.0.1:0"))
}

#[test]
fn carries_bytes_for_generic_code() {
    let (client, server) = tcp_pair();
    writeln!(client.with_deadline(patience()), "{}", 42).unwrap();
    drop(client);
    let mut text = String::new();
    server.with_deadline(patience()).read_to_string(&mut text).unwrap();
    assert_eq!(text, "42\n");
}

#[test]
fn a_drip_does_not_outlast_the_deadline() {
    let (client, server) = tcp_pair();
    let dripping = thread::spawn(move || {
        while client.write_all_deadline(b".", patience()).is_ok() {
            thread::yield_now();
        }
    });
    let error = io::copy(&mut server.with_deadline(moment()), &mut io::sink()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let error: crate::error::Error = error.downcast().unwrap();
    assert_eq!(error.address(), server.peer_address().ok().as_ref());
    drop(server);
    dripping.join().unwrap();
}

#[test]
fn a_reader_of_single_bytes_does_not_outlast_the_deadline() {
    let (client, server) = tcp_pair();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                if client.read_deadline(&mut [0], patience()).unwrap() == 0 {
                    break;
                }
            }
        });
        let error = io::copy(&mut io::repeat(7), &mut server.with_deadline(moment())).unwrap_err();
        over.store(true, Ordering::Relaxed);
        assert_eq!(ErrorKind::of(&error), ErrorKind::TimedOut);
        server.shutdown(std::net::Shutdown::Write).unwrap();
    });
}

#[test]
fn the_deadline_can_be_set_for_later_calls() {
    let (client, server) = tcp_pair();
    let mut server = DeadlineStream::new(Arc::new(server), moment());
    assert_eq!(server.read(&mut [0]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    let later = patience();
    server.set_deadline(later);
    assert_eq!(server.deadline(), later);
    client.with_deadline(later).write_all(b"x").unwrap();
    assert_eq!(server.read(&mut [0]).unwrap(), 1);
    assert_eq!(server.stream().local_address().unwrap(), client.peer_address().unwrap());
    assert_eq!(Arc::strong_count(&server.into_inner()), 1);
}
