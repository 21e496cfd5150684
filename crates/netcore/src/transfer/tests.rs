#[cfg(unix)]
mod pipes;
#[cfg(feature = "tls")]
mod tls;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use super::*;
use crate::cancel::CancelToken;
use crate::fixture::{TestDir, listen, moment, pair, patience};
use crate::options::SocketOptions;

fn tcp_pair() -> (Stream, Stream) {
    pair(&listen("127.0.0.1:0"))
}

fn pairs() -> Vec<(&'static str, (Stream, Stream))> {
    vec![
        ("TCP", tcp_pair()),
        #[cfg(unix)]
        ("Unix", pair(&listen(&TestDir::new().endpoint("socket").to_string()))),
        #[cfg(feature = "tls")]
        ("TLS", crate::tls::fixture::pair()),
        #[cfg(feature = "tls")]
        ("TLS in TLS", crate::tls::fixture::nested_pair()),
    ]
}

/// Bytes that differ at any two places.
fn bytes(count: usize) -> Vec<u8> {
    (0u32..).flat_map(|number| number.wrapping_mul(0x9e37_79b9).to_be_bytes()).take(count).collect()
}

fn file_of(dir: &TestDir, bytes: &[u8]) -> File {
    let path = dir.path("from");
    fs::write(&path, bytes).unwrap();
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

fn empty_file(dir: &TestDir) -> File {
    File::create_new(dir.path("to")).unwrap()
}

fn reset(stream: Stream) {
    SocketOptions::new().with_linger(Some(Duration::ZERO)).apply(&stream).unwrap();
}

/// The bytes that arrive at `peer` while `send` runs on the stream.
fn sent<T>(stream: Stream, peer: &Stream, send: impl FnOnce(&Stream) -> T + Send) -> (T, Vec<u8>)
where
    T: Send,
{
    thread::scope(|scope| {
        let sending = scope.spawn(move || {
            let result = send(&stream);
            stream.shutdown(Shutdown::Write).unwrap();
            result
        });
        let mut received = Vec::new();
        peer.with_deadline(patience()).read_to_end(&mut received).unwrap();
        (sending.join().unwrap(), received)
    })
}

/// More bytes than sockets and pipes hold.
const MANY: usize = 9_000_001;

#[test]
fn a_file_is_sent_whole_and_received_whole() {
    let content = bytes(MANY);
    for (name, (client, server)) in pairs() {
        let dir = TestDir::new();
        let (from, to) = (file_of(&dir, &content), empty_file(&dir));
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut steps = vec![0];
                let sent =
                    client.send_file_with_progress(&from, .., patience(), |sent| steps.push(sent));
                assert_eq!(sent.unwrap(), MANY as u64, "{name}");
                assert!(steps.is_sorted_by(|a, b| a < b), "{name}: {steps:?}");
                assert_eq!(steps.last(), Some(&(MANY as u64)), "{name}");
                assert_eq!((&from).stream_position().unwrap(), 0, "{name}");
                client.shutdown(Shutdown::Write).unwrap();
            });
            let mut last = 0;
            let received =
                server.receive_into_with_progress(&to, 1 << 40, patience(), |count| last = count);
            assert_eq!((received.unwrap(), last), (MANY as u64, MANY as u64), "{name}");
        });
        assert!(fs::read(dir.path("to")).unwrap() == content, "{name}");
    }
}

#[test]
fn a_part_of_a_file_is_just_that() {
    let content = bytes(100_000);
    let dir = TestDir::new();
    let mut from = file_of(&dir, &content);
    from.seek(SeekFrom::Start(7)).unwrap();
    let all = 100_000;
    for (range, expected) in [
        ((Bound::Included(0), Bound::Excluded(1)), 0..1),
        ((Bound::Included(99_999), Bound::Unbounded), 99_999..all),
        ((Bound::Excluded(4095), Bound::Included(70_000)), 4096..70_001),
        ((Bound::Unbounded, Bound::Excluded(0)), 0..0),
        ((Bound::Included(5), Bound::Excluded(5)), 5..5),
        ((Bound::Included(100_000), Bound::Unbounded), 0..0),
        // There is nothing to send beyond the end.
        ((Bound::Included(1 << 40), Bound::Unbounded), 0..0),
    ] {
        let (client, server) = tcp_pair();
        let (result, received) =
            sent(client, &server, |client| client.send_file(&from, range, patience()));
        assert_eq!(result.unwrap(), expected.len() as u64, "{range:?}");
        assert!(received == content[expected], "{range:?}: {} bytes", received.len());
    }
    // From its current position, as for a pipe.
    let (client, server) = tcp_pair();
    let (result, received) = sent(client, &server, |client| client.send_from(&from, patience()));
    assert_eq!(result.unwrap(), 99_993);
    assert!(received == content[7..]);
    assert_eq!(from.stream_position().unwrap(), 100_000);
}

#[test]
fn a_range_that_the_file_does_not_have_is_an_error() {
    let content = bytes(1000);
    let dir = TestDir::new();
    let from = file_of(&dir, &content);
    for (range, part, text) in [
        (0..1001, 0..1000, "the file ended after 1000 of 1001 bytes"),
        (990..2000, 990..1000, "the file ended after 10 of 1010 bytes"),
        (1 << 40..(1 << 40) + 1, 0..0, "the file ended after 0 of 1 bytes"),
    ] {
        let (client, server) = tcp_pair();
        let (result, received) =
            sent(client, &server, |client| client.send_file(&from, range, patience()));
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), "read from the file: unexpected end");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), text);
        assert!(received == content[part]);
    }
    let (client, _server) = tcp_pair();
    for range in [
        (Bound::Included(2), Bound::Excluded(1)),
        (Bound::Included(0), Bound::Included(u64::MAX)),
        (Bound::Excluded(u64::MAX), Bound::Unbounded),
        (Bound::Included(u64::MAX), Bound::Unbounded),
    ] {
        let error = client.send_file(&from, range, patience()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{range:?}");
    }
}

#[test]
fn a_file_that_grows_is_sent_with_its_growth() {
    let dir = TestDir::new();
    let from = file_of(&dir, &bytes(MANY));
    let (client, server) = tcp_pair();
    let (result, received) = sent(client, &server, |client| {
        let mut grown = false;
        client.send_file_with_progress(&from, .., patience(), |_| {
            if !std::mem::replace(&mut grown, true) {
                (&from).seek(SeekFrom::End(0)).unwrap();
                (&from).write_all(b"more").unwrap();
            }
        })
    });
    assert_eq!(result.unwrap(), MANY as u64 + 4);
    assert_eq!((received.len(), &received[MANY..]), (MANY + 4, &b"more"[..]));
}

#[test]
fn a_file_that_shrinks_below_the_range_is_an_error() {
    let dir = TestDir::new();
    let from = file_of(&dir, &bytes(MANY));
    let (client, server) = tcp_pair();
    let to = empty_file(&dir);
    let (error, last, received) = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut last = 0;
            let result = client.send_file_with_progress(&from, ..MANY as u64, patience(), |sent| {
                from.set_len(0).unwrap();
                last = sent;
            });
            drop(client);
            (result.unwrap_err(), last)
        });
        let received = server.receive_into(&to, 1 << 40, patience()).unwrap();
        let (error, last) = sending.join().unwrap();
        (error, last, received)
    });
    assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
    assert_eq!(received, last);
    assert!(last > 0 && last < MANY as u64, "{last}");
}

#[test]
fn the_bytes_of_another_stream_are_sent_until_it_ends() {
    let content = bytes(MANY);
    let (client, server) = tcp_pair();
    let (source, other) = tcp_pair();
    let (result, received) = thread::scope(|scope| {
        scope.spawn(|| {
            source.write_all_deadline(&content, patience()).unwrap();
            drop(source);
        });
        sent(client, &server, |client| client.send_from(&other, patience()))
    });
    assert_eq!(result.unwrap(), MANY as u64);
    assert!(received == content);
}

#[test]
fn received_bytes_go_into_appended_files() {
    let content = bytes(MANY);
    let dir = TestDir::new();
    drop(file_of(&dir, b"before "));
    // The kernel does not copy there by itself. The content of its pipe must not be lost.
    let to = OpenOptions::new().append(true).open(dir.path("from")).unwrap();
    let (client, server) = tcp_pair();
    thread::scope(|scope| {
        scope.spawn(|| {
            client.write_all_deadline(&content, patience()).unwrap();
            drop(client);
        });
        let received = server.receive_into(&to, 1 << 40, patience()).unwrap();
        assert_eq!(received, MANY as u64);
    });
    assert!(fs::read(dir.path("from")).unwrap() == [b"before ", &content[..]].concat());
}

const NULL: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

#[test]
fn devices_do_as_well() {
    let (client, server) = tcp_pair();
    assert_eq!(client.send_from(&File::open(NULL).unwrap(), patience()).unwrap(), 0);
    let null = OpenOptions::new().write(true).open(NULL).unwrap();
    thread::scope(|scope| {
        scope.spawn(move || client.write_all_deadline(&bytes(MANY), patience()).unwrap());
        let received = server.receive_into(&null, 1 << 40, patience());
        assert_eq!(received.unwrap(), MANY as u64);
    });
}

#[test]
fn a_limit_is_the_most_and_a_count_is_exact() {
    let dir = TestDir::new();
    let to = empty_file(&dir);
    let (client, server) = tcp_pair();
    client.write_all_deadline(b"twelve bytes", patience()).unwrap();
    server.receive_exact_into(&to, 6, patience()).unwrap();
    server.receive_exact_into(&to, 0, patience()).unwrap();
    assert_eq!(fs::read(dir.path("to")).unwrap(), b"twelve");
    let error = server.receive_into(&to, 5, patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(error.address(), server.peer_address().ok().as_ref());
    assert_eq!(fs::read(dir.path("to")).unwrap(), b"twelve byte");
    let error = server.receive_into(&to, 1, moment()).unwrap_err();
    assert!(error.is_timeout(), "whether there is more is not known: {error}");
    drop(client);
    assert_eq!(server.receive_into(&to, 0, patience()).unwrap(), 0);
    let error = server.receive_exact_into(&to, 3, patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
    assert_eq!(fs::read(dir.path("to")).unwrap(), b"twelve bytes");
}

#[test]
fn a_drip_does_not_outlast_the_deadline_and_received_bytes_are_kept() {
    for (name, (client, server)) in pairs() {
        let dir = TestDir::new();
        let to = empty_file(&dir);
        let dripping = thread::spawn(move || {
            while client.write_all_deadline(b".", patience()).is_ok() {
                thread::yield_now();
            }
        });
        let mut last = 0;
        let error = server
            .receive_into_with_progress(&to, 1 << 40, moment(), |count| last = count)
            .unwrap_err();
        assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::TimedOut));
        assert_eq!(to.metadata().unwrap().len(), last, "{name}");
        assert!(!server.is_nonblocking(), "{name}");
        drop(server);
        dripping.join().unwrap();
    }
}

/// Repeats until writing fails because all buffers are full. Returns that error.
fn clogs(mut transfer: impl FnMut() -> Result<u64, Error>) -> Error {
    loop {
        let error = transfer().unwrap_err();
        assert!(error.is_timeout(), "{error}");
        if error.operation() == Operation::Write {
            return error;
        }
    }
}

#[test]
fn the_side_that_stalls_is_named() {
    let dir = TestDir::new();
    let from = file_of(&dir, &bytes(100));
    from.set_len(1 << 30).unwrap();
    for (name, (client, _server)) in pairs() {
        let error = clogs(|| client.send_file(&from, .., moment()));
        assert_eq!(error.endpoint(), client.peer_name().as_deref(), "{name}");
    }
}

#[test]
fn a_reset_ends_a_transfer_each_way() {
    let dir = TestDir::new();
    let from = file_of(&dir, &[]);
    from.set_len(1 << 30).unwrap();
    let (client, server) = tcp_pair();
    thread::scope(|scope| {
        scope.spawn(|| {
            server.read_exact_deadline(&mut [0; 5000], patience()).unwrap();
            reset(server);
        });
        let error = client.send_file(&from, .., patience()).unwrap_err();
        let (operation, kind) = (error.operation(), error.kind());
        assert_eq!(operation, Operation::Write);
        let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
        assert!(kinds.contains(&kind), "{error}");
    });
    let (client, server) = tcp_pair();
    let to = empty_file(&dir);
    client.write_all_deadline(b"abc", patience()).unwrap();
    let mut client = Some(client);
    let error = server.receive_into_with_progress(&to, 1 << 40, patience(), |received| {
        if received == 3 {
            reset(client.take().unwrap());
        }
    });
    let error = error.unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::ConnectionReset));
    assert_eq!(fs::read(dir.path("to")).unwrap(), b"abc");
}

#[test]
fn a_cancelled_transfer_says_how_far_it_came() {
    let dir = TestDir::new();
    let to = empty_file(&dir);
    let (client, server) = tcp_pair();
    client.write_all_deadline(b"abc", patience()).unwrap();
    let token = CancelToken::new();
    let limits = TransferDeadline::from(patience().or_cancelled(&token));
    let limits = limits.with_stall_timeout(Duration::from_secs(60));
    let mut moved = 0;
    let error = server.receive_into_with_progress(&to, 9, limits, |now| {
        moved = now;
        if now == 3 {
            token.cancel();
        }
    });
    let error = error.unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::Cancelled));
    assert_eq!((moved, fs::read(dir.path("to")).unwrap()), (3, b"abc".to_vec()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named() {
    let (client, server) = tcp_pair();
    client.write_all_deadline(b"x", patience()).unwrap();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = server.receive_into(&full, 9, patience()).unwrap_err();
    assert_eq!(error.to_string(), "write to the device: no space left");
    assert_eq!(error.code(), Some(libc::ENOSPC));
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::StorageFull);
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_before_a_full_disk_are_counted() {
    let dir = TestDir::new();
    let to = empty_file(&dir);
    // The end beyond which the file system has no offset: lseek(2) refuses it.
    let (mut end, mut beyond) = (0, 1u64 << 63);
    while beyond - end > 1 {
        let between = end + (beyond - end) / 2;
        match (&to).seek(SeekFrom::Start(between)) {
            Ok(_) => end = between,
            Err(_) => beyond = between,
        }
    }
    // Some pieces, and a part of one.
    let room = 300_001;
    (&to).seek(SeekFrom::Start(end - room)).unwrap();
    let (client, server) = tcp_pair();
    let (error, last) = thread::scope(|scope| {
        // The connection is reset if the other end closes first.
        scope.spawn(move || client.write_all_deadline(&bytes(MANY), patience()).is_ok());
        let mut last = 0;
        let result =
            server.receive_into_with_progress(&to, 1 << 40, patience(), |count| last = count);
        drop(server);
        (result.unwrap_err(), last)
    });
    assert_eq!(error.operation(), Operation::Write, "{error}");
    assert!(last > 0 && last <= room, "{last}");
    assert_eq!(to.metadata().unwrap().len(), end - room + last);
}

#[cfg(unix)]
#[test]
fn a_directory_is_no_file() {
    let dir = TestDir::new();
    let (client, _server) = tcp_pair();
    let from = File::open(dir.path(".")).unwrap();
    let error = client.send_file(&from, .., patience()).unwrap_err();
    assert_eq!(error.operation(), Operation::Read);
}
