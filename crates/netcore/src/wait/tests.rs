use std::cell::Cell;
use std::net::UdpSocket;
use std::thread;

use super::*;
use crate::fixture::{cancel_a_wait, moment, patience};

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

#[test]
fn a_wait_ends_when_the_socket_is_ready_or_the_deadline_has_passed() {
    let socket = socket();
    assert!(ready(&socket, Interest::Write, patience()).unwrap());
    assert!(!ready(&socket, Interest::Read, moment()).unwrap());
    assert!(!ready(&socket, Interest::Read, Deadline::after(Duration::ZERO)).unwrap());
    socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
    assert!(ready(&socket, Interest::Read, patience()).unwrap());
    assert!(ready(&socket, Interest::Read, Deadline::never()).unwrap());
}

#[test]
fn part_of_a_millisecond_is_one_and_too_many_are_the_most() {
    assert_eq!(poll_timeout(None), -1);
    assert_eq!(poll_timeout(Some(Duration::ZERO)), 0);
    assert_eq!(poll_timeout(Some(Duration::from_nanos(1))), 1);
    assert_eq!(poll_timeout(Some(Duration::from_millis(7))), 7);
    assert_eq!(poll_timeout(Some(Duration::from_micros(7001))), 8);
    assert_eq!(poll_timeout(Some(Duration::MAX)), i32::MAX);
}

/// Answers with each of `script` in turn, then with success. Counts the calls.
fn scripted(script: &[io::ErrorKind], calls: &Cell<usize>) -> impl FnMut() -> io::Result<usize> {
    move || {
        let call = calls.replace(calls.get() + 1);
        match script.get(call) {
            Some(&kind) => Err(kind.into()),
            None => Ok(call),
        }
    }
}

#[test]
fn interruptions_and_refusals_are_retried() {
    use io::ErrorKind::{Interrupted, WouldBlock};

    let calls = Cell::new(0);
    let script = [Interrupted, WouldBlock, Interrupted, WouldBlock, WouldBlock];
    let result = until(&socket(), Interest::Write, patience(), scripted(&script, &calls));
    assert_eq!(result.unwrap(), Some(5));
    assert_eq!(calls.get(), 6);
}

#[test]
fn another_error_ends_it() {
    let calls = Cell::new(0);
    let script = [io::ErrorKind::ConnectionReset];
    let result = until(&socket(), Interest::Write, patience(), scripted(&script, &calls));
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(calls.get(), 1);
}

#[test]
fn nothing_is_tried_after_the_deadline() {
    let calls = Cell::new(0);
    let expired = Deadline::after(Duration::ZERO);
    let result = until(&socket(), Interest::Write, expired, scripted(&[], &calls));
    assert_eq!(result.unwrap(), None);
    assert_eq!(calls.get(), 0);
}

#[test]
fn the_deadline_ends_endless_interruptions_and_refusals() {
    for kind in [io::ErrorKind::Interrupted, io::ErrorKind::WouldBlock] {
        let result =
            until(&socket(), Interest::Write, moment(), || io::Result::<()>::Err(kind.into()));
        assert_eq!(result.unwrap(), None);
    }
}

#[test]
fn of_several_sockets_each_knows_whether_it_is_ready() {
    let sockets = [socket(), socket(), socket()];
    let mut entries = sockets.each_ref().map(|socket| PollEntry::new(socket, Interest::Read));
    assert!(!any_ready(&mut entries, moment()).unwrap());
    assert_eq!(entries.each_ref().map(PollEntry::is_ready), [false; 3]);
    sockets[0].send_to(b"x", sockets[1].local_addr().unwrap()).unwrap();
    assert!(any_ready(&mut entries, patience()).unwrap());
    assert_eq!(entries.each_ref().map(PollEntry::is_ready), [false, true, false]);
    assert!(!any_ready(&mut [], Deadline::after(Duration::ZERO)).unwrap());
}

#[test]
fn a_cancelled_token_ends_a_wait_at_once_and_each_later_one() {
    let socket = socket();
    let token = CancelToken::new();
    let until = patience().or_cancelled(&token);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| ready(&socket, Interest::Read, until).unwrap());
        cancel_a_wait(&token);
        assert!(!waiting.join().unwrap());
    });
    assert!(!ready(&socket, Interest::Write, until).unwrap());
}

#[test]
fn with_a_token_each_entry_knows_whether_it_is_ready() {
    let token = CancelToken::new();
    let sockets = [socket(), socket()];
    sockets[0].send_to(b"x", sockets[1].local_addr().unwrap()).unwrap();
    let mut entries = sockets.each_ref().map(|socket| PollEntry::new(socket, Interest::Read));
    assert!(any_ready(&mut entries, patience().or_cancelled(&token)).unwrap());
    assert_eq!(entries.each_ref().map(PollEntry::is_ready), [false, true]);
}

#[test]
fn nothing_is_tried_after_the_cancellation() {
    let token = CancelToken::new();
    token.cancel();
    let calls = Cell::new(0);
    let result = until(&socket(), Interest::Write, &token, scripted(&[], &calls));
    assert_eq!((result.unwrap(), calls.get()), (None, 0));
}

#[test]
fn without_a_pipe_the_token_ends_the_wait_too() {
    let token = CancelToken::new();
    let socket = socket();
    let slices = |interest, deadline| {
        poll_in_slices(&mut [PollEntry::new(&socket, interest)], deadline, &token).unwrap()
    };
    assert!(slices(Interest::Write, patience()));
    assert!(!slices(Interest::Read, moment()));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| slices(Interest::Read, patience()));
        token.cancel();
        assert!(!waiting.join().unwrap());
    });
}
