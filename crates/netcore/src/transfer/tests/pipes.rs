use std::io::{Read, Write};
use std::net::Shutdown;
use std::thread;

use socket2::SockRef;

use super::*;
use crate::fixture::{Piped, cancel_a_wait};

#[test]
fn a_part_of_a_pipe_is_an_error() {
    let (client, _server) = tcp_pair();
    let mut pipe = Piped::cat();
    let error = client.send_file(&pipe.take_exit(), .., patience());
    let error = error.unwrap_err();
    assert_eq!(error.operation(), Operation::Read);
    assert_eq!(error.endpoint(), Some("the pipe"));
}

#[test]
fn pipes_are_sent_until_they_end() {
    let content = bytes(MANY);
    for (name, (client, server)) in pairs() {
        let mut cat = Piped::cat();
        let mut entrance = cat.take_entrance();
        let exit = cat.take_exit();
        let (result, received) = thread::scope(|scope| {
            scope.spawn(|| {
                entrance.write_all(&content).unwrap();
                drop(entrance);
            });
            sent(client, &server, |client| {
                let sent = client.send_from(&exit, patience());
                assert!(!SockRef::from(&exit).nonblocking().unwrap(), "{name}");
                sent
            })
        });
        assert_eq!(result.unwrap(), MANY as u64, "{name}");
        assert!(received == content, "{name}");
    }
}

/// The bytes that `receive` writes into a pipe, while a stream sends `content`.
fn through_pipe(content: &[u8], (client, server): (Stream, Stream)) -> Vec<u8> {
    let mut cat = Piped::cat();
    let entrance = cat.take_entrance();
    thread::scope(|scope| {
        scope.spawn(move || {
            client.write_all_deadline(content, patience()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        scope.spawn(move || {
            let received = server.receive_into(&entrance, 1 << 40, patience());
            assert_eq!(received.unwrap(), content.len() as u64);
            assert!(!SockRef::from(&entrance).nonblocking().unwrap());
        });
        let mut received = Vec::new();
        cat.take_exit().read_to_end(&mut received).unwrap();
        received
    })
}

#[test]
fn received_bytes_go_into_pipes() {
    let content = bytes(MANY);
    for (name, streams) in pairs() {
        assert!(through_pipe(&content, streams) == content, "{name}");
    }
}

#[test]
fn a_pipe_that_stalls_is_named() {
    let (client, server) = tcp_pair();
    let mut silent = Piped::cat();
    let error = client.send_from(&silent.take_exit(), moment()).unwrap_err();
    assert_eq!(error.to_string(), "read from the pipe: timed out");
    let mut clogged = Piped::cat();
    let entrance = clogged.take_entrance();
    let content = bytes(MANY);
    thread::scope(|scope| {
        scope.spawn(|| while client.write_all_deadline(&content, patience()).is_ok() {});
        let error = clogs(|| server.receive_into(&entrance, 1 << 40, moment()));
        assert_eq!(error.to_string(), "write to the pipe: timed out");
        drop(server);
    });
}

#[test]
fn a_transfer_is_cancelled_while_either_side_is_silent() {
    let (client, _server) = tcp_pair();
    let mut silent = Piped::cat();
    let (from, to) = (silent.take_exit(), silent.take_entrance());
    let cancelled = |call: &(dyn Fn(Until<'_>) -> Result<u64, Error> + Sync)| {
        let token = CancelToken::new();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| call(patience().or_cancelled(&token)).unwrap_err());
            cancel_a_wait(&token);
            let error = waiting.join().unwrap();
            assert_eq!(error.kind(), ErrorKind::Cancelled);
            error.operation()
        })
    };
    assert_eq!(cancelled(&|until| client.send_from(&from, until)), Operation::Read);
    assert_eq!(cancelled(&|until| client.receive_into(&to, 9, until)), Operation::Read);
    let zeros = File::open("/dev/zero").unwrap();
    assert_eq!(cancelled(&|until| client.send_from(&zeros, until)), Operation::Write);
}

#[test]
fn a_reset_is_noticed_while_the_source_is_silent() {
    let (client, server) = tcp_pair();
    reset(server);
    let mut silent = Piped::cat();
    let error = client.send_from(&silent.take_exit(), patience()).unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::ConnectionReset));
}

#[test]
fn a_reader_that_has_gone_is_noticed_while_the_peer_is_silent() {
    let (_client, server) = tcp_pair();
    let error = server.receive_into(&Piped::gone(), 9, patience()).unwrap_err();
    assert_eq!(error.to_string(), "write to the pipe: broken pipe");
}
