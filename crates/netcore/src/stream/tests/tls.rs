mod nested;
mod proxy;

use std::thread;

use super::*;
use crate::error::{ErrorKind, Operation};
use crate::tls::fixture::{both_sides, pair, pairs};

#[test]
fn an_encrypted_stream_carries_bytes_both_ways() {
    for (mut client, mut server) in pairs() {
        assert_eq!(client.tls().unwrap().version(), Some("TLSv1.3"));
        client.write_all(b"ping").unwrap();
        let mut buffer = [0; 4];
        server.read_exact_deadline(&mut buffer, patience()).unwrap();
        assert_eq!(&buffer, b"ping");
        server.write_all_deadline(b"pong", patience()).unwrap();
        client.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"pong");
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(server.read_deadline(&mut buffer, patience()).unwrap(), 0);
        // The other direction is still open.
        server.write_all(b"late").unwrap();
        client.read_exact_deadline(&mut buffer, patience()).unwrap();
        assert_eq!(&buffer, b"late");
        server.finish(patience()).unwrap();
    }
}

#[test]
fn large_transfers_in_both_directions_at_once_arrive_whole() {
    for (client, server) in pairs() {
        let bytes: Vec<u8> = (0..3 << 20).map(|number: u32| (number % 251) as u8).collect();
        exchange_at_once("TLS", &client, &server, &bytes);
    }
}

#[test]
fn clones_share_the_session_and_the_mode() {
    for (client, server) in pairs() {
        let clone = client.try_clone().unwrap();
        for (handle, text) in [(&client, "one "), (&clone, "two "), (&client, "three")] {
            handle.write_all_deadline(text.as_bytes(), patience()).unwrap();
        }
        let mut words = [0; 13];
        server.read_exact_deadline(&mut words, patience()).unwrap();
        assert_eq!(&words, b"one two three");
        clone.set_nonblocking(true).unwrap();
        let error = (&client).read(&mut words).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        drop(client);
        server.write_all_deadline(b"still here", patience()).unwrap();
        clone.read_exact_deadline(&mut words[..10], patience()).unwrap();
        assert_eq!(&words[..10], b"still here");
    }
}

#[test]
fn vectored_calls_skip_empty_slices() {
    for (client, server) in pairs() {
        let written =
            (&client).write_vectored(&[IoSlice::new(b""), IoSlice::new(b"first")]).unwrap();
        assert_eq!(written, 5);
        assert_eq!((&client).write_vectored(&[IoSlice::new(b"")]).unwrap(), 0);
        let mut words = [0; 9];
        let mut slices = [IoSliceMut::new(&mut []), IoSliceMut::new(&mut words)];
        assert_eq!((&server).read_vectored(&mut slices).unwrap(), 5);
        assert_eq!(&words[..5], b"first");
    }
}

#[test]
fn the_mode_and_the_times_of_options_apply_to_plaintext() {
    for (client, server) in pairs() {
        let mut byte = [0];
        client.set_nonblocking(true).unwrap();
        // The tickets of the server are no data.
        assert_eq!((&client).read(&mut byte).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let error = loop {
            if let Err(error) = (&client).write(&[0; 60_000]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        client.set_nonblocking(false).unwrap();

        let options = SocketOptions::new().with_read_timeout(Duration::from_millis(30));
        options.apply(&client).unwrap();
        assert_eq!((&client).read(&mut byte).unwrap_err().kind(), io::ErrorKind::TimedOut);
        server.write_all_deadline(b"x", patience()).unwrap();
        assert_eq!((&client).read(&mut byte).unwrap(), 1);

        let options = SocketOptions::new().with_write_timeout(Duration::from_millis(30));
        options.apply(&client).unwrap();
        let error = loop {
            if let Err(error) = (&client).write(&[0; 60_000]) {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}

#[test]
fn only_data_an_end_or_an_error_is_readable() {
    for (client, server) in pairs() {
        let now = || Deadline::after(Duration::ZERO);
        // The tickets have arrived with the handshake of the server.
        assert!(!client.wait_readable(moment()).unwrap());
        assert!(!client.wait_readable(now()).unwrap());
        server.write_all_deadline(b"xy", patience()).unwrap();
        assert!(client.wait_readable(patience()).unwrap());
        client.read_exact_deadline(&mut [0], patience()).unwrap();
        // The other byte is in the session, and the socket has nothing.
        assert!(client.wait_readable(now()).unwrap());
        client.read_exact_deadline(&mut [0], patience()).unwrap();
        assert!(!client.wait_readable(now()).unwrap());
        server.shutdown(Shutdown::Write).unwrap();
        assert!(client.wait_readable(patience()).unwrap());
        assert_eq!(client.read_deadline(&mut [0], patience()).unwrap(), 0);

        client.socket.shutdown(Shutdown::Write).unwrap();
        assert!(server.wait_readable(patience()).unwrap());
        let error = server.read_deadline(&mut [0], patience()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
    }
}

#[test]
fn a_deadline_bounds_traits_over_tls() {
    for (client, server) in pairs() {
        let mut words = Vec::new();
        client.write_all_deadline(b"no end", patience()).unwrap();
        let error = server.with_deadline(moment()).read_to_end(&mut words).unwrap_err();
        assert_eq!((error.kind(), &words[..]), (io::ErrorKind::TimedOut, &b"no end"[..]));
        let error = server.with_deadline(moment()).write_all(&vec![0; 64 << 20]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}

#[test]
fn the_end_has_a_deadline_too() {
    for (client, _server) in pairs() {
        let error = client.finish(moment()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Shutdown, ErrorKind::TimedOut));
        // The peer takes nothing, so there may be no room for close_notify.
        let (client, _server) = pair();
        let error = client.write_all_deadline(&vec![0; 64 << 20], moment()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::TimedOut));
        assert!(client.finish(moment()).unwrap_err().is_timeout());
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn drain_waits_for_the_ciphertext() {
    let (client, server) = pair();
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all_deadline(&[7; 1_000_000], patience()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            client.drain(patience()).unwrap();
        });
        let mut received = Vec::new();
        server.with_deadline(patience()).read_to_end(&mut received).unwrap();
        assert_eq!(received.len(), 1_000_000);
    });
    let (client, _server) = pair();
    client.write_all_deadline(&vec![0; 64 << 20], moment()).unwrap_err();
    assert!(client.drain(moment()).unwrap_err().is_timeout());
}

#[test]
fn a_peer_that_ends_the_session_before_the_handshake_is_no_tls_peer() {
    // close_notify in the clear, and then nothing or the end.
    for ends in [true, false] {
        let (far, near) = tcp_pair();
        far.write_all_deadline(&[21, 3, 3, 0, 2, 1, 0], patience()).unwrap();
        if ends {
            far.shutdown(Shutdown::Write).unwrap();
        }
        let near = both_sides().1.accept(near).unwrap();
        let deadline = if ends { patience() } else { moment() };
        let error = near.read_deadline(&mut [0], deadline).unwrap_err();
        assert_eq!(error.operation(), Operation::Handshake, "{error}");
        assert_eq!(error.is_timeout(), !ends, "{error}");
    }
}

#[test]
fn closing_both_ways_wakes_a_reader_and_a_handshake() {
    let (_client, server) = pair();
    thread::scope(|scope| {
        let reader = scope.spawn(|| server.read_deadline(&mut [0], patience()));
        server.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 0);
    });
    assert_eq!(server.write_deadline(b"x", patience()).unwrap_err().kind(), ErrorKind::BrokenPipe);

    let (_far, near) = tcp_pair();
    let near = both_sides().1.accept(near).unwrap();
    thread::scope(|scope| {
        let shaking = scope.spawn(|| near.handshake(patience()));
        near.shutdown(Shutdown::Both).unwrap();
        assert!(!shaking.join().unwrap().unwrap_err().is_timeout());
    });
}
