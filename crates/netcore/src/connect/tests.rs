use std::cell::RefCell;

use super::*;
use crate::fixture::{endpoint, has_ipv6, listen, moment, patience, refusing};

#[test]
fn each_attempt_has_an_equal_part_of_what_is_left() {
    let whole = Deadline::after(Duration::from_secs(3600));
    let seen = RefCell::new(Vec::new());
    let result = in_order(&endpoint(":80"), whole, |address, deadline| {
        seen.borrow_mut().push((address.to_string(), deadline));
        Err(Error::timed_out(Operation::Connect))
    });
    assert_eq!(result.unwrap_err().attempts().len(), 2);
    let seen = seen.into_inner();
    assert_eq!((&*seen[0].0, &*seen[1].0), ("[::1]:80", "127.0.0.1:80"));
    let (first, last) = (seen[0].1.instant().unwrap(), seen[1].1);
    assert_eq!(last, whole, "the last has all of it");
    // Half of what is left: no more than half an hour before the end, and before it.
    let half = whole.instant().unwrap() - first;
    assert!(half > Duration::ZERO && half <= Duration::from_secs(1800), "{half:?}");
}

#[test]
fn the_first_address_that_answers_is_taken() {
    if !has_ipv6() {
        return;
    }
    let listener = listen("127.0.0.1:0");
    let Some(port) = listener.local_address().unwrap().inet().map(|it| it.port()) else {
        panic!("a TCP listener has a port");
    };
    // Holds [::1] with the same port, so that the first attempt is refused for certain.
    let (_held, _) = refusing(&format!("[::1]:{port}"));
    let target = endpoint(&format!(":{port}"));
    let (_socket, peer) = stream(&target, &SocketOptions::new(), patience()).unwrap();
    assert_eq!(peer.to_string(), format!("127.0.0.1:{port}"));
}

#[test]
fn an_error_lists_every_attempt() {
    if !has_ipv6() {
        return;
    }
    let (_v4, address) = refusing("127.0.0.1:0");
    let port = address.port();
    let (_v6, _) = refusing(&format!("[::1]:{port}"));
    let error =
        stream(&endpoint(&format!(":{port}")), &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.to_string(), format!("connect to :{port}: connection refused"));
    let attempts: Vec<_> = error.attempts().iter().map(ToString::to_string).collect();
    assert_eq!(
        attempts,
        [
            format!("connect to :{port} ([::1]:{port}): connection refused"),
            format!("connect to :{port} (127.0.0.1:{port}): connection refused"),
        ]
    );
}

#[test]
fn a_refusal_names_the_endpoint_as_given() {
    let (_held, address) = refusing("127.0.0.1:0");
    let text = address.to_string();
    let error = stream(&endpoint(&text), &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.to_string(), format!("connect to {text}: connection refused"));
    assert_eq!(error.endpoint(), Some(&*text));
    assert!(error.code().is_some());
}

/// Linux drops the handshake where the backlog is full, so the client hears nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_silent_host_costs_no_more_than_the_deadline_or_the_option() {
    let options = SocketOptions::new().with_backlog(0);
    let listener = crate::Listener::bind(&endpoint("127.0.0.1:0"), &options).unwrap().remove(0);
    let target = listener.endpoint();
    let address: SocketAddr = listener.local_address().unwrap().inet().unwrap();
    let mut held = Vec::new();
    let error = loop {
        match tcp(address, &SocketOptions::new(), moment()) {
            Ok(socket) => held.push(socket),
            Err(error) => break error,
        }
        assert!(held.len() < 64, "the backlog is never full");
    };
    assert!(error.is_timeout(), "{error}");
    let options = SocketOptions::new().with_connect_timeout(Duration::from_millis(10));
    let error = stream(target, &options, Deadline::never()).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[cfg(unix)]
#[test]
fn a_unix_server_with_a_full_backlog_costs_no_more_than_the_deadline() {
    let dir = crate::fixture::TestDir::new();
    let options = SocketOptions::new().with_backlog(0);
    let listener = crate::Listener::bind(&dir.endpoint("socket"), &options).unwrap().remove(0);
    let mut held = Vec::new();
    let error = loop {
        match stream(listener.endpoint(), &SocketOptions::new(), moment()) {
            Ok(connected) => held.push(connected),
            Err(error) => break error,
        }
        assert!(held.len() < 64, "the backlog is never full");
    };
    if cfg!(target_os = "linux") {
        assert!(error.is_timeout(), "{error}");
    }
    assert_eq!(error.endpoint(), Some(&*listener.endpoint().to_string()));
}

#[cfg(unix)]
#[test]
fn the_write_timeout_of_the_options_outlives_a_unix_connect() {
    let dir = crate::fixture::TestDir::new();
    let listener =
        crate::Listener::bind(&dir.endpoint("socket"), &SocketOptions::new()).unwrap().remove(0);
    for (options, expected) in [
        (SocketOptions::new(), None),
        (
            SocketOptions::new().with_write_timeout(Duration::from_secs(7)),
            Some(Duration::from_secs(7)),
        ),
    ] {
        let (socket, _) = stream(listener.endpoint(), &options, patience()).unwrap();
        assert_eq!(socket.write_timeout().unwrap(), expected);
    }
}

#[test]
fn an_expired_deadline_connects_to_nobody() {
    let listener = listen("127.0.0.1:0");
    let expired = Deadline::after(Duration::ZERO);
    let error = stream(listener.endpoint(), &SocketOptions::new(), expired).unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[test]
fn the_transport_must_fit() {
    let error = stream(&endpoint("udp://127.0.0.1:9"), &SocketOptions::new(), patience());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
    let error = datagram(&endpoint("127.0.0.1:9"), &SocketOptions::new(), patience());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[cfg(unix)]
#[test]
fn a_unix_path_that_is_too_long_or_not_there_is_a_clear_error() {
    let long = Endpoint::unix("x".repeat(200));
    let error = stream(&long, &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("200 bytes"), "{source}");
    let dir = crate::fixture::TestDir::new();
    let error = stream(&dir.endpoint("none"), &SocketOptions::new(), patience()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
