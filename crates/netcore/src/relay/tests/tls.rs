use socket2::SockRef;

use super::*;
#[cfg(unix)]
use crate::fixture::Piped;
use crate::stream::DeadlineStream;
use crate::tls::fixture::both_sides;
#[cfg(unix)]
use crate::tls::fixture::encrypt;

/// Reads the rest of a stream under a deadline.
fn rest(stream: &Stream) -> std::io::Result<Vec<u8>> {
    let mut rest = Vec::new();
    DeadlineStream::new(stream, patience()).read_to_end(&mut rest)?;
    Ok(rest)
}

#[test]
fn an_end_without_close_notify_is_an_error_and_not_passed_on() {
    for (from, is_nested) in
        [(Side::Left, false), (Side::Right, false), (Side::Left, true), (Side::Right, true)]
    {
        for other_is_encrypted in [true, false] {
            let ends = if is_nested { Ends::nested } else { Ends::encrypted };
            let Ends { left, right, west, east } = match from {
                Side::Left => ends(true, other_is_encrypted),
                Side::Right => ends(other_is_encrypted, true),
            };
            let (speaker, hearer) = match from {
                Side::Left => (west, east),
                Side::Right => (east, west),
            };
            speaker.write_all_deadline(b"half of it", patience()).unwrap();
            // The socket ends, the session does not.
            SockRef::from(&speaker).shutdown(Shutdown::Write).unwrap();
            let error = relay(End::from(&left), End::from(&right), None, patience()).unwrap_err();
            assert_eq!((error.from(), error.side()), (Some(from), Some(from)), "{error:?}");
            assert_eq!(error.error().operation(), Operation::Read, "{error:?}");
            assert_eq!(error.error().kind(), ErrorKind::UnexpectedEnd, "{error:?}");
            let Relayed { from_left, from_right, .. } = error.relayed();
            assert_eq!(from_left + from_right, 10);
            let mut words = [0; 10];
            hearer.read_exact_deadline(&mut words, patience()).unwrap();
            assert_eq!(&words, b"half of it");
            assert!(hearer.read_deadline(&mut words, moment()).unwrap_err().is_timeout());
            drop((left, right));
            if other_is_encrypted {
                let error = hearer.read_deadline(&mut words, patience()).unwrap_err();
                assert!(error.kind() != ErrorKind::TimedOut, "{error}");
            }
        }
    }
}

#[test]
fn an_end_is_passed_on_as_close_notify() {
    for Ends { left, right, west, east } in
        [Ends::encrypted(false, true), Ends::nested(false, true)]
    {
        west.write_all_deadline(b"all of it", patience()).unwrap();
        west.shutdown(Shutdown::Write).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                // A success says that close_notify has come.
                assert_eq!(rest(&east).unwrap(), b"all of it");
                east.shutdown(Shutdown::Write).unwrap();
                assert_eq!(rest(&west).unwrap(), b"");
            });
            let relayed = relay(End::from(&left), End::from(&right), None, patience()).unwrap();
            assert_eq!(relayed, carried(9, 0));
        });
    }
}

#[test]
fn the_handshake_of_an_accepted_stream_is_part_of_the_relay() {
    let (connector, acceptor) = both_sides();
    for is_left in [true, false] {
        // The other end is a file: it has ended before the handshake begins.
        let dir = TestDir::new();
        fs::write(dir.path("in"), b"from a file").unwrap();
        let input = File::open(dir.path("in")).unwrap();
        let output = File::create(dir.path("out")).unwrap();
        let (far, near) = pair(&listen("127.0.0.1:0"));
        let near = acceptor.accept(near).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                let far = connector.connect(far, "localhost", patience()).unwrap();
                far.write_all_deadline(b"to a file", patience()).unwrap();
                far.shutdown(Shutdown::Write).unwrap();
                assert_eq!(rest(&far).unwrap(), b"from a file");
            });
            let (file, near) = (End::new(&input, &output), End::from(&near));
            let relayed = match is_left {
                true => relay(near, file, None, patience()).unwrap(),
                false => relay(file, near, None, patience()).unwrap(),
            };
            assert_eq!(relayed.from_left + relayed.from_right, 20, "{relayed:?}");
        });
        assert_eq!(fs::read(dir.path("out")).unwrap(), b"to a file");
    }
}

#[test]
fn two_accepted_streams_may_both_begin_with_the_handshake() {
    let (connector, acceptor) = both_sides();
    let Ends { left, right, west, east } = Ends::tcp();
    // The connection on the right is made by the relay's side in the clear first.
    let (left, right) = (acceptor.accept(left).unwrap(), acceptor.accept(right).unwrap());
    thread::scope(|scope| {
        for (stream, own, other) in [(west, b"west", b"east"), (east, b"east", b"west")] {
            let connector = &connector;
            scope.spawn(move || {
                let stream = connector.connect(stream, "localhost", patience()).unwrap();
                stream.write_all_deadline(own, patience()).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                assert_eq!(rest(&stream).unwrap(), other);
            });
        }
        let relayed = relay(End::from(&left), End::from(&right), None, patience()).unwrap();
        assert_eq!(relayed, carried(4, 4));
    });
}

#[test]
fn a_failed_handshake_names_its_side_whichever_direction_notices_it() {
    let (_, acceptor) = both_sides();
    for side in [Side::Left, Side::Right] {
        let Ends { left, right, west, east } = Ends::tcp();
        let (left, right, stranger, _other) = match side {
            Side::Left => (acceptor.accept(left).unwrap(), right, west, east),
            Side::Right => (left, acceptor.accept(right).unwrap(), east, west),
        };
        _other.write_all_deadline(b"secret", patience()).unwrap();
        stranger.write_all_deadline(b"GET / HTTP/1.1\r\n\r\n", patience()).unwrap();
        let error = relay(End::from(&left), End::from(&right), None, patience()).unwrap_err();
        assert_eq!(error.side(), Some(side), "{error:?}");
        assert_eq!(error.error().operation(), Operation::Handshake, "{error:?}");
        assert_eq!(error.error().kind(), ErrorKind::HandshakeFailed, "{error:?}");
        error_law(&error);
        drop((left, right));
        let received = rest(&stranger).unwrap_or_default();
        assert!(!received.windows(6).any(|it| it == b"secret"), "{}", received.escape_ascii());
    }
}

#[test]
fn an_encrypted_stream_is_no_descriptor() {
    let Ends { left, right, west, east } = Ends::encrypted(true, false);
    west.write_all_deadline(b"x", patience()).unwrap();
    let clone = left.try_clone().unwrap();
    for descriptor in [&left, &clone] {
        for (one, other) in [
            (End::new(descriptor, descriptor), End::from(&right)),
            (End::from(&right), End::new(&right, descriptor)),
            (End::new(descriptor, &right), End::from(&right)),
        ] {
            let error = relay(one, other, None, patience()).unwrap_err();
            assert_eq!(error.error().operation(), Operation::Open, "{error:?}");
            assert_eq!(error.error().kind(), ErrorKind::InvalidInput, "{error:?}");
            error_law(&error);
        }
    }
    drop((left, clone));
    assert!(east.read_deadline(&mut [0], moment()).unwrap_err().is_timeout());
    // The number of the socket is free for others.
    let (near, far) = pair(&listen("127.0.0.1:0"));
    far.shutdown(Shutdown::Write).unwrap();
    east.shutdown(Shutdown::Write).unwrap();
    let end = End::new(&near, &near);
    assert_eq!(relay(end, End::from(&right), None, patience()).unwrap(), carried(0, 0));
}

#[test]
fn a_sink_without_room_gets_the_end_later_and_blocks_nothing() {
    for Ends { left, right, west, east } in
        [Ends::encrypted(false, true), Ends::nested(false, true)]
    {
        // Nobody reads at the right end until the answer has arrived at the left one.
        let content = speech(8);
        thread::scope(|scope| {
            let writing = scope.spawn(|| {
                west.write_all_deadline(&content, patience()).unwrap();
                west.shutdown(Shutdown::Write).unwrap();
            });
            scope.spawn(|| {
                east.write_all_deadline(b"meanwhile", patience()).unwrap();
                let mut words = [0; 9];
                west.read_exact_deadline(&mut words, patience()).unwrap();
                assert_eq!(&words, b"meanwhile");
                let mut received = vec![0; content.len()];
                east.read_exact_deadline(&mut received, patience()).unwrap();
                assert!(received == content);
                assert_eq!(rest(&east).unwrap(), b"");
                east.shutdown(Shutdown::Write).unwrap();
            });
            let relayed = relay(End::from(&left), End::from(&right), None, patience()).unwrap();
            assert_eq!(relayed, carried(64 << 20, 9));
            writing.join().unwrap();
        });
    }
}

#[test]
fn an_end_that_the_sink_does_not_take_is_not_forgotten() {
    for Ends { left, right, west, east: _east } in
        [Ends::encrypted(false, true), Ends::nested(false, true)]
    {
        // The session on the right has unsent ciphertext when the left end ends.
        while right.try_write(&[0; 16_384]).is_ok() {}
        assert!(right.has_unsent());
        west.shutdown(Shutdown::Write).unwrap();
        let error = relay(End::from(&left), End::from(&right), brief(), patience()).unwrap_err();
        assert!(error.error().is_timeout(), "{error:?}");
    }
}

#[test]
fn an_end_that_waits_for_the_handshake_is_not_forgotten() {
    let (_, acceptor) = both_sides();
    let null = File::open("/dev/null").unwrap();
    let (_far, near) = pair(&listen("127.0.0.1:0"));
    let near = acceptor.accept(near).unwrap();
    let file = End::new(&null, &null).with_half_closed(Duration::from_millis(30));
    let error = relay(file, End::from(&near), None, patience()).unwrap_err();
    assert!(error.error().is_timeout(), "{error:?}");
}

#[test]
fn decrypted_bytes_in_the_session_are_relayed_without_new_ciphertext() {
    for Ends { left, right, west, east } in [Ends::encrypted(true, true), Ends::nested(true, true)]
    {
        west.write_all_deadline(&[b'x'; 16_000], patience()).unwrap();
        // One record: all of it is decrypted, and most of it waits in the session.
        assert!(left.has_more(patience().into()).unwrap());
        left.read_exact_deadline(&mut [0; 1000], patience()).unwrap();
        thread::scope(|scope| {
            scope.spawn(|| {
                east.read_exact_deadline(&mut [0; 15_000], patience()).unwrap();
                west.shutdown(Shutdown::Write).unwrap();
                east.shutdown(Shutdown::Write).unwrap();
            });
            let relayed = relay(End::from(&left), End::from(&right), None, patience()).unwrap();
            assert_eq!(relayed, carried(15_000, 0));
        });
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_files_are_relayed_over_tls() {
    let content = &speech(9)[..5_000_000];
    let (mut input, mut output) = (Piped::cat(), Piped::cat());
    let (mut to_input, from_input) = (input.take_entrance(), input.take_exit());
    let (to_output, mut from_output) = (output.take_entrance(), output.take_exit());
    let (near, far) = encrypt(pair(&listen("127.0.0.1:0")));
    thread::scope(|scope| {
        scope.spawn(|| {
            to_input.write_all(content).unwrap();
            drop(to_input);
        });
        scope.spawn(|| {
            let heard = rest(&far).unwrap();
            far.write_all_deadline(&heard, patience()).unwrap();
            far.shutdown(Shutdown::Write).unwrap();
        });
        scope.spawn(|| {
            let end = End::new(&from_input, &to_output);
            let relayed = relay(end, End::from(&near), None, patience()).unwrap();
            assert_eq!(relayed, carried(5_000_000, 5_000_000));
            drop(to_output);
        });
        let mut heard = Vec::new();
        from_output.read_to_end(&mut heard).unwrap();
        assert!(heard == content, "{} bytes", heard.len());
    });
}
