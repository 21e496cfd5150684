//! TLS through a middle box that drips, or ends the connection at any point.

use std::thread;

use super::*;
use crate::error::Error;
use crate::tls::{TlsAcceptor, TlsConnector};

/// The treatment of the server's bytes.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Whole,
    /// The connection ends after that many bytes.
    End(usize),
    /// The connection is reset after that many bytes.
    Reset(usize),
    /// One byte at a time, with a pause.
    Drip,
}

/// Copies from `from` to `to`. Returns the number of bytes that `from` has sent.
fn copy(from: &Stream, to: Stream, fate: Fate) -> usize {
    let (limit, step) = match fate {
        Fate::End(limit) | Fate::Reset(limit) => (limit, 4096),
        Fate::Whole => (usize::MAX, 4096),
        Fate::Drip => (usize::MAX, 1),
    };
    let mut to = Some(to);
    let (mut seen, mut buffer) = (0, [0; 4096]);
    while let Ok(read @ 1..) = from.read_deadline(&mut buffer, patience()) {
        let passing = &buffer[..read.min(limit.saturating_sub(seen))];
        seen += read;
        for piece in passing.chunks(step) {
            to = to.filter(|to| to.write_all_deadline(piece, patience()).is_ok());
            if to.is_some() && step == 1 {
                // The pace of the peer, which the test does not wait for.
                thread::sleep(Duration::from_millis(1));
            }
        }
        if seen >= limit {
            finish(&mut to, fate);
        }
    }
    finish(&mut to, fate);
    seen
}

fn finish(to: &mut Option<Stream>, fate: Fate) {
    let Some(to) = to.take() else { return };
    if let Fate::Reset(_) = fate {
        SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&to).unwrap();
        // The thread of the other direction closes its handle, and the last one sends the reset.
        let _ = to.shutdown(Shutdown::Read);
    } else {
        let _ = to.shutdown(Shutdown::Write);
    }
}

/// Runs `client` with a stream to a server that says three lines, through a middle box, with so
/// many sessions inside one another. Returns the client's result, and the number of bytes that the
/// server has sent.
fn through(
    (connector, acceptor): &(TlsConnector, TlsAcceptor),
    sessions: usize,
    fate: Fate,
    client: impl FnOnce(Stream) -> Result<Vec<u8>, Error>,
) -> (Result<Vec<u8>, Error>, usize) {
    let ((near, box_near), (box_far, mut server)) = (tcp_pair(), tcp_pair());
    for _ in 0..sessions {
        server = acceptor.accept(server).unwrap();
    }
    thread::scope(|scope| {
        scope.spawn(move || {
            for line in ["one\n", "two\n", "three\n"] {
                if server.write_all_deadline(line.as_bytes(), patience()).is_err() {
                    return;
                }
            }
            let _ = server.finish(patience());
        });
        let (upstream, downstream) = (box_far.try_clone().unwrap(), box_near.try_clone().unwrap());
        scope.spawn(move || copy(&box_near, upstream, Fate::Whole));
        let downstream = scope.spawn(move || copy(&box_far, downstream, fate));
        let connected = (0..sessions)
            .try_fold(near, |stream, _| connector.connect(stream, "localhost", patience()));
        let result = connected.and_then(client);
        (result, downstream.join().unwrap())
    })
}

fn read_all(stream: Stream) -> Result<Vec<u8>, Error> {
    let (mut all, mut buffer) = (Vec::new(), [0; 100]);
    loop {
        match stream.read_deadline(&mut buffer, patience())? {
            0 => return Ok(all),
            read => all.extend_from_slice(&buffer[..read]),
        }
    }
}

fn read_lines(stream: Stream) -> Result<Vec<u8>, Error> {
    let mut lines = stream.into_lines(100, patience());
    let mut all = Vec::new();
    while let Some(line) = lines.read_line()? {
        all.extend_from_slice(line.text());
        all.extend_from_slice(line.ending());
    }
    Ok(all)
}

#[cfg(unix)]
fn receive(stream: Stream) -> Result<Vec<u8>, Error> {
    let dir = crate::fixture::TestDir::new();
    let file = std::fs::File::create_new(dir.path("to")).unwrap();
    stream.receive_into(&file, 1000, patience())?;
    Ok(std::fs::read(dir.path("to")).unwrap())
}

#[cfg(not(unix))]
use read_all as receive;

#[test]
fn an_end_at_any_point_is_never_success() {
    // The lines and close_notify are the last bytes, of which every one is cut.
    no_end_is_success(1, 130, 0);
}

#[test]
fn an_end_at_any_point_of_two_sessions_is_never_success() {
    // The close_notify of the outer session says nothing about the data.
    no_end_is_success(2, 250, CLOSE_NOTIFY);
}

/// The size of the record with `close_notify` over TLS 1.3: a header, two bytes, the type, and the
/// tag.
const CLOSE_NOTIFY: usize = 5 + 2 + 1 + 16;

/// Cuts the server's bytes at many points, among them each of the last `tail` ones. All but the
/// last `spare` bytes have to arrive.
fn no_end_is_success(sessions: usize, tail: usize, spare: usize) {
    let text = b"one\ntwo\nthree\n";
    let (result, total) = through(&both_sides(), sessions, Fate::Whole, read_all);
    assert_eq!(result.unwrap(), text);
    // Some of each message of the handshake, whose length varies with the signature.
    let points = (0..total - tail).step_by(37).chain(total - tail..total + 4);
    let mut refused = 0;
    for (number, point) in points.enumerate() {
        let fate = if number % 2 == 0 { Fate::End(point) } else { Fate::Reset(point) };
        let client = [read_all, read_lines, receive][number % 3];
        // Without a ticket of another connection: each has the whole handshake.
        let (result, sent) = through(&both_sides(), sessions, fate, client);
        match result {
            Ok(read) => {
                assert!(point >= sent - spare, "{fate:?} of {sent}");
                assert_eq!(read, text, "{fate:?} of {sent}");
            }
            Err(error) => {
                // A reset destroys bytes on their way, so it may come early.
                assert!(point < sent || matches!(fate, Fate::Reset(_)), "{fate:?}: {error}");
                assert!(!error.is_timeout(), "{fate:?} of {sent}: {error}");
                let operations = [Operation::Handshake, Operation::Read];
                assert!(operations.contains(&error.operation()), "{fate:?} of {sent}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > tail - spare - 30, "{refused}");
}

#[test]
fn a_drip_does_not_outlast_the_deadline() {
    let sides = both_sides();
    // The handshake has about a thousand bytes, and so has to take a second.
    let ((near, box_near), (box_far, server)) = (tcp_pair(), tcp_pair());
    let server = sides.1.accept(server).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || server.handshake(patience()).unwrap_err());
        let (upstream, downstream) = (box_far.try_clone().unwrap(), box_near.try_clone().unwrap());
        scope.spawn(move || copy(&box_near, upstream, Fate::Whole));
        scope.spawn(move || copy(&box_far, downstream, Fate::Drip));
        let error = sides.0.connect(near, "localhost", moment()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Handshake, ErrorKind::TimedOut));
    });
}

#[test]
fn a_record_that_drips_does_not_outlast_the_deadline() {
    for (client, server) in pairs() {
        a_record_drips(client, server);
    }
}

fn a_record_drips(client: Stream, server: Stream) {
    // The header of a record of 16 KiB, of which a byte comes now and then.
    let drip = server.socket.try_clone().unwrap();
    drip.send(&[23, 3, 3, 0x40, 0]).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            while drip.send_with_flags(&[7], sys::NO_SIGNAL).is_ok() {
                thread::sleep(Duration::from_millis(1));
            }
        });
        let error = client.read_deadline(&mut [0], moment()).unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::TimedOut));
        assert!(!client.wait_readable(moment()).unwrap());
        let mut lines = client.try_clone().unwrap().into_lines(100, moment());
        assert!(lines.read_line().unwrap_err().is_timeout());
        #[cfg(unix)]
        {
            let null = std::fs::File::options().write(true).open("/dev/null").unwrap();
            assert!(client.receive_into(&null, 100, moment()).unwrap_err().is_timeout());
        }
        drop((client, lines, server));
    });
}
