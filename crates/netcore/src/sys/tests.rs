use std::cell::Cell;
use std::net::UdpSocket;

use super::*;
use crate::fixture::{moment, patience};

fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

#[test]
fn a_wait_ends_when_the_socket_is_ready_or_the_deadline_has_passed() {
    let socket = socket();
    assert!(wait(&socket, Interest::Write, patience()).unwrap());
    assert!(!wait(&socket, Interest::Read, moment()).unwrap());
    assert!(!wait(&socket, Interest::Read, Deadline::after(Duration::ZERO)).unwrap());
    socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
    assert!(wait(&socket, Interest::Read, patience()).unwrap());
    assert!(wait(&socket, Interest::Read, Deadline::never()).unwrap());
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

/// Restores the default effect of SIGPIPE, which std removes from every Rust program at its start.
#[cfg(unix)]
fn let_sigpipe_kill() {
    // SAFETY: SIG_DFL is a valid disposition, and no handler is run.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

#[cfg(unix)]
#[test]
fn writing_to_a_peer_that_has_gone_survives_a_default_sigpipe() {
    use std::io::Write;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use crate::datagram::Datagram;
    use crate::error::ErrorKind;
    use crate::stream::Stream;

    crate::fixture::in_child(
        "sys::tests::writing_to_a_peer_that_has_gone_survives_a_default_sigpipe",
        "",
        || {
            let_sigpipe_kill();
            let (ours, theirs) = UnixStream::pair().unwrap();
            drop(theirs);
            let mut stream = Stream::from(ours);
            let error = stream.write(b"x").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            let error = stream.write_vectored(&[io::IoSlice::new(b"x")]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            let error = stream.write_all_deadline(b"x", patience()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            let (ours, theirs) = UnixDatagram::pair().unwrap();
            drop(theirs);
            let datagram = Datagram::try_from(ours).unwrap();
            assert!(datagram.send(b"x", patience()).is_err());
        },
    );
}

#[test]
fn of_several_sockets_each_knows_whether_it_is_ready() {
    let sockets = [socket(), socket(), socket()];
    let mut entries = sockets.each_ref().map(|socket| PollEntry::new(socket, Interest::Read));
    assert!(!wait_any(&mut entries, moment()).unwrap());
    assert_eq!(entries.each_ref().map(PollEntry::is_ready), [false; 3]);
    sockets[0].send_to(b"x", sockets[1].local_addr().unwrap()).unwrap();
    assert!(wait_any(&mut entries, patience()).unwrap());
    assert_eq!(entries.each_ref().map(PollEntry::is_ready), [false, true, false]);
    assert!(!wait_any(&mut [], Deadline::after(Duration::ZERO)).unwrap());
}

#[cfg(unix)]
#[test]
fn splice_to_a_peer_that_has_gone_survives_a_default_sigpipe() {
    use crate::error::ErrorKind;
    use crate::fixture::{Piped, listen, pair};

    crate::fixture::in_child(
        "sys::tests::splice_to_a_peer_that_has_gone_survives_a_default_sigpipe",
        "",
        || {
            let pipe = Piped::gone();
            let_sigpipe_kill();
            let (client, server) = pair(&listen("127.0.0.1:0"));
            client.write_all_deadline(b"x", patience()).unwrap();
            let error = server.receive_into(&pipe, 9, patience()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            client.shutdown(std::net::Shutdown::Write).unwrap();
            let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
            let error = client.send_file(&file, ..9, patience()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            // A manual write raises it too.
            let write = || std::io::Write::write(&mut &pipe, b"x").unwrap_err();
            let quiet = NoSigpipe::new();
            assert_eq!(write().kind(), io::ErrorKind::BrokenPipe);
            drop(quiet);
            // A signal that was pending before stays.
            let outer = NoSigpipe::new();
            write();
            drop(NoSigpipe::new());
            assert!(outer.would_take());
        },
    );
}

#[test]
fn a_byte_is_found_where_it_is_first() {
    for length in 0..70 {
        let mut bytes = vec![b'a'; length];
        assert_eq!(find(b'\n', &bytes), None, "{length} bytes");
        assert_eq!(memchr::by_words::find(b'\n', &bytes), None, "{length} bytes");
        for at in (0..length).rev() {
            bytes[at] = b'\n';
            assert_eq!(find(b'\n', &bytes), Some(at), "{length} bytes");
            assert_eq!(memchr::by_words::find(b'\n', &bytes), Some(at), "{length} bytes");
        }
    }
}
