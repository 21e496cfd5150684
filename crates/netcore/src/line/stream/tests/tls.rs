use std::net::Shutdown;

use super::*;
use crate::tls::fixture::pair as tls_pair;

#[test]
fn lines_and_bodies_are_the_same_over_tls() {
    let (client, server) = tls_pair();
    let mut lines = client.into_lines(100, patience()).crlf();
    let mut others = server.into_lines(100, patience()).crlf();
    lines.write_line(b"length 100000").unwrap();
    let body: Vec<u8> = (0..100_000).map(|number: u32| (number % 251) as u8).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            lines.write_all(&body).unwrap();
            assert_eq!(lines.read_line().unwrap().unwrap().text(), b"received");
            lines.stream().stream().shutdown(Shutdown::Write).unwrap();
        });
        assert_eq!(others.read_line().unwrap().unwrap().text(), b"length 100000");
        let mut received = Vec::new();
        others.read_to(&mut received, 100_000).unwrap();
        assert!(received == body);
        others.write_line(b"received").unwrap();
        others.flush().unwrap();
        assert!(others.read_line().unwrap().is_none());
    });
}

#[test]
fn a_line_and_a_body_without_close_notify_are_not_whole() {
    for is_line in [true, false] {
        let (client, server) = tls_pair();
        client.write_all_deadline(b"the beginning", patience()).unwrap();
        socket2::SockRef::from(&client).shutdown(Shutdown::Write).unwrap();
        let mut lines = server.into_lines(100, patience());
        let error = match is_line {
            true => lines.read_line().unwrap_err(),
            false => lines.read_to_end(&mut Vec::new(), 100).unwrap_err(),
        };
        assert_eq!(error.kind(), ErrorKind::UnexpectedEnd);
        assert_eq!(error.operation(), Operation::Read);
    }
}

#[test]
fn a_read_that_ends_early_loses_nothing_over_tls() {
    let (client, server) = tls_pair();
    let mut lines = server.into_lines(100, moment());
    client.write_all_deadline(b"one ", patience()).unwrap();
    assert!(lines.read_line().unwrap_err().is_timeout());
    client.write_all_deadline(b"line\n", patience()).unwrap();
    assert_eq!(lines.until(patience()).read_line().unwrap().unwrap().text(), b"one line");
}
