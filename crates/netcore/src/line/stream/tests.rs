#[cfg(feature = "tls")]
mod tls;

use std::collections::VecDeque;
use std::error::Error as _;
use std::thread;

use super::*;
use crate::fixture::{listen, moment, pair, patience};
use crate::line::write_buffer::WRITE_BUFFER;
use crate::testing::split_law;

/// A scripted stream: the results of its reads, and the number of bytes that each write takes.
#[derive(Debug, Default)]
struct Script {
    reads: VecDeque<Result<Vec<u8>, io::ErrorKind>>,
    writes: VecDeque<Result<usize, io::ErrorKind>>,
    written: Vec<u8>,
    flushes: usize,
}

impl Script {
    fn reading<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Script {
        let reads = chunks.into_iter().map(|chunk| Ok(chunk.to_vec())).collect();
        Script { reads, ..Script::default() }
    }

    fn then(mut self, read: Result<&[u8], io::ErrorKind>) -> Script {
        self.reads.push_back(read.map(<[u8]>::to_vec));
        self
    }

    fn writing(writes: impl IntoIterator<Item = Result<usize, io::ErrorKind>>) -> Script {
        Script { writes: writes.into_iter().collect(), ..Script::default() }
    }
}

impl Read for Script {
    /// After the script's end the stream has ended.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(next) = self.reads.pop_front() else { return Ok(0) };
        let mut bytes = next?;
        let rest = bytes.split_off(bytes.len().min(buffer.len()));
        if !rest.is_empty() {
            self.reads.push_front(Ok(rest));
        }
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Write for Script {
    /// After the script's end every write succeeds.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.writes.pop_front().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
        self.written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes += 1;
        Ok(())
    }
}

fn line(lines: &mut LineStream<Script>) -> Option<Vec<u8>> {
    lines.read_line().unwrap().map(|line| line.as_bytes().to_vec())
}

/// The text of the error's source.
fn cause(error: &Error) -> String {
    error.source().unwrap().to_string()
}

#[test]
fn lines_do_not_depend_on_chunking() {
    let stream = b"one\r\ntwo\n\n\r\nfar too long\nsix\n0123456789\r\nlast\r";
    let run = |chunks: &[&[u8]]| {
        let mut lines = LineStream::new(Script::reading(chunks.iter().copied()), 10);
        let mut events = Vec::new();
        loop {
            match lines.read_line() {
                Ok(Some(line)) => {
                    events.push(Ok((line.text().to_vec(), line.ending().to_vec())));
                }
                Ok(None) => return events,
                Err(error) => events.push(Err(error.to_string())),
            }
        }
    };
    let events = run(&[stream]);
    assert_eq!(events.len(), 8, "{events:?}");
    assert_eq!(events[4], Err("read: line too long".to_owned()));
    assert_eq!(events[6], Ok((b"0123456789".to_vec(), b"\r\n".to_vec())));
    split_law(stream, run);
}

#[test]
fn mixed_lines_and_bodies_do_not_depend_on_chunking() {
    let stream = b"5\nab\ncd3\r\nxyz\nrest\nof it";
    let run = |chunks: &[&[u8]]| {
        let mut lines = LineStream::new(Script::reading(chunks.iter().copied()), 10);
        let mut events = vec![line(&mut lines).unwrap()];
        let mut body = Vec::new();
        lines.read_to(&mut body, 5).unwrap();
        events.push(body);
        events.push(line(&mut lines).unwrap());
        let mut exact = [0; 4];
        lines.read_exact(&mut exact).unwrap();
        events.push(exact.to_vec());
        let mut body = Vec::new();
        assert_eq!(lines.read_to_end(&mut body, 10).unwrap(), 10);
        events.push(body);
        events
    };
    assert_eq!(run(&[stream]), [&b"5\n"[..], b"ab\ncd", b"3\r\n", b"xyz\n", b"rest\nof it"]);
    split_law(stream, run);
}

#[test]
fn an_interrupted_read_continues() {
    let would_block = || Err(io::ErrorKind::WouldBlock);
    let script = Script::reading([&b"on"[..]])
        .then(would_block())
        .then(Err(io::ErrorKind::Interrupted))
        .then(Ok(b"e\ntw"))
        .then(would_block())
        .then(Ok(b"o\nthree"));
    let mut lines = LineStream::new(script, 10);
    assert_eq!(lines.read_line().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(line(&mut lines).unwrap(), b"one\n");
    assert_eq!(lines.read_line().unwrap_err().kind(), ErrorKind::WouldBlock);
    // The kept beginning of the line comes first for a read of bytes.
    let mut bytes = [0; 3];
    lines.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"two");
    assert_eq!(line(&mut lines).unwrap(), b"\n");
    assert_eq!(line(&mut lines).unwrap(), b"three");
    assert_eq!(line(&mut lines), None);
}

#[test]
fn after_a_line_that_is_too_long_the_next_one_comes() {
    let mut lines =
        LineStream::new(Script::reading([&b"abcd"[..], b"ef", b"gh\nok\n"]), 3).at("host:1");
    let error = lines.read_line().unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Read, ErrorKind::LineTooLong));
    assert_eq!(error.to_string(), "read from host:1: line too long");
    assert_eq!(cause(&error), "line longer than 3 bytes");
    assert_eq!(line(&mut lines).unwrap(), b"ok\n");
}

#[test]
fn an_early_end_keeps_the_received_bytes() {
    let mut lines = LineStream::new(Script::reading([&b"a\nbcd"[..]]), 10);
    assert_eq!(line(&mut lines).unwrap(), b"a\n");
    let mut body = b"had: ".to_vec();
    let error = lines.read_to(&mut body, usize::MAX).unwrap_err();
    assert_eq!((error.kind(), &body[..]), (ErrorKind::UnexpectedEnd, &b"had: bcd"[..]));
    assert_eq!(cause(&error), format!("the peer ended after 3 of {} bytes", usize::MAX));
    let mut lines = LineStream::new(Script::reading([&b"bcd"[..]]), 10);
    let mut buffer = *b".....";
    let error = lines.read_exact(&mut buffer).unwrap_err();
    assert_eq!((error.kind(), &buffer), (ErrorKind::UnexpectedEnd, b"bcd.."));
}

#[test]
fn a_body_has_a_limit() {
    let body = vec![b'x'; 3 * READ_AHEAD];
    for (limit, fits) in [(body.len(), true), (body.len() - 1, false), (0, false)] {
        let mut lines = LineStream::new(Script::reading([&body[..]]), 1);
        let mut got = Vec::new();
        let result = lines.read_to_end(&mut got, limit);
        assert_eq!(got.len(), limit.min(body.len()));
        match result {
            Ok(read) => assert!(fits && read == body.len()),
            Err(error) => assert!(!fits && error.kind() == ErrorKind::TooLarge, "{error}"),
        }
    }
    assert_eq!(LineStream::new(Script::default(), 1).read_to_end(&mut Vec::new(), 0).unwrap(), 0);
}

#[test]
fn written_bytes_wait_for_a_flush_or_a_read() {
    let mut lines = LineStream::new(Script::reading([&b"+OK\r\n+OK\r\n"[..]]), 10).crlf();
    lines.write_line(b"HELO").unwrap();
    lines.write_all(b"x").unwrap();
    assert_eq!(lines.stream().written, b"");
    lines.read_line().unwrap();
    assert_eq!(lines.stream().written, b"HELO\r\nx");
    lines.write_line(b"QUIT").unwrap();
    // Buffered input needs no wait, so nothing has to be sent for it.
    lines.read_line().unwrap();
    assert_eq!(lines.stream().written, b"HELO\r\nx");
    lines.flush().unwrap();
    assert_eq!(lines.stream().written, b"HELO\r\nxQUIT\r\n");
    assert_eq!(lines.stream().flushes, 2);
}

#[test]
fn writing_obeys_the_order_and_the_bound_whatever_the_sizes() {
    let mut lines = LineStream::new(Script::writing([3, 1, 4, 1, 5, 9, 2, 6].map(Ok)), 1);
    let mut expected = Vec::new();
    let sizes = [0, 1, 100, WRITE_BUFFER, 1, WRITE_BUFFER - 1, WRITE_BUFFER + 1, 5, 2];
    for (at, size) in sizes.into_iter().enumerate() {
        let bytes = vec![b'a' + u8::try_from(at).unwrap(); size];
        lines.write_all(&bytes).unwrap();
        expected.extend_from_slice(&bytes);
        assert!(lines.output.len() <= WRITE_BUFFER);
    }
    let (stream, rest) = lines.into_parts().unwrap();
    assert!(stream.written == expected);
    assert!(rest.is_empty());
}

#[test]
fn an_interrupted_flush_continues() {
    for kind in [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut] {
        let script = Script::writing([Ok(2), Err(io::ErrorKind::Interrupted), Err(kind)]);
        let mut lines = LineStream::new(script, 10);
        lines.write_line(b"abc").unwrap();
        assert_eq!(lines.flush().unwrap_err().kind(), ErrorKind::of(&kind.into()));
        lines.flush().unwrap();
        assert_eq!(lines.stream().written, b"abc\n");
    }
}

#[test]
fn the_last_bytes_of_a_peer_can_be_read() {
    let mut script = Script::writing([Err(io::ErrorKind::BrokenPipe)]);
    script.reads.push_back(Ok(b"421 too busy\r\n".to_vec()));
    let mut lines = LineStream::new(script, 100);
    lines.write_line(b"HELO").unwrap();
    assert_eq!(lines.read_line().unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(line(&mut lines).unwrap(), b"421 too busy\r\n");
}

#[test]
fn a_stream_that_takes_nothing_is_an_error() {
    let mut lines = LineStream::new(Script::writing([Ok(0)]), 10);
    lines.write_line(b"x").unwrap();
    let error = lines.flush().unwrap_err();
    assert_eq!((error.operation(), error.kind()), (Operation::Write, ErrorKind::Other));
    let text = error.to_string();
    assert!(text.ends_with(": failed: the stream accepts no more bytes"), "{text}");
}

#[test]
fn a_line_to_write_is_one_line() {
    let mut lines = LineStream::new(Script::default(), 10);
    for text in [&b"a\nb"[..], b"a\n", b"a\r", b"\n"] {
        assert_eq!(lines.write_line(text).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    lines.write_line(b"a\rb").unwrap();
    lines.flush().unwrap();
    assert_eq!(lines.stream().written, b"a\rb\n");
}

#[test]
fn the_parts_have_the_bytes_read_ahead() {
    let script = Script::reading([&b"one\ntw"[..]]).then(Err(io::ErrorKind::WouldBlock));
    let mut lines = LineStream::new(script, 10);
    assert_eq!(line(&mut lines).unwrap(), b"one\n");
    lines.read_line().unwrap_err();
    lines.write_line(b"bye").unwrap();
    let (stream, ahead) = lines.into_parts().unwrap();
    assert_eq!((&ahead[..], &stream.written[..]), (&b"tw"[..], &b"bye\n"[..]));
}

#[test]
fn over_a_socket_a_drip_does_not_outlast_the_deadline_and_nothing_is_lost() {
    let (client, server) = pair(&listen("127.0.0.1:0"));
    let mut lines = server.into_lines(1 << 30, moment());
    let dripping = thread::spawn(move || {
        let mut sent = 0;
        while client.write_all_deadline(b".", patience()).is_ok() {
            sent += 1;
            thread::yield_now();
        }
        sent
    });
    let error = lines.read_line().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.address(), lines.stream().stream().peer_address().ok().as_ref());
    // All bytes that were read are still available.
    let mut one = [0];
    lines.until(patience()).read_exact(&mut one).unwrap();
    assert_eq!(&one, b".");
    drop(lines);
    assert!(dripping.join().unwrap() > 0);
}

#[test]
fn over_a_socket_errors_name_the_peer() {
    let (client, server) = pair(&listen("127.0.0.1:0"));
    let peer = server.peer_address().unwrap();
    let mut lines = server.into_lines(3, patience());
    client.write_all_deadline(b"abcdef\nab", patience()).unwrap();
    drop(client);
    let error = lines.read_line().unwrap_err();
    assert_eq!(error.to_string(), format!("read from {peer}: line too long"));
    let error = lines.read_exact(&mut [0; 100]).unwrap_err();
    assert_eq!(error.to_string(), format!("read from {peer}: unexpected end"));
}
