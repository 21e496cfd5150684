use http::{StatusCode, Version};

use super::{Event, Exchange, Framing, ProtocolError, ResponseHead, ResponsePart, Warning};
use crate::limits::Limits;

/// Gives `stream` to a new exchange until it wants more or has ended.
fn receive(limits: &Limits, stream: &[u8]) -> (Exchange, Result<Vec<u8>, ProtocolError>) {
    let mut exchange = Exchange::new(limits);
    let content = go_on(&mut exchange, stream);
    (exchange, content)
}

fn go_on(exchange: &mut Exchange, mut stream: &[u8]) -> Result<Vec<u8>, ProtocolError> {
    let mut all = Vec::new();
    loop {
        let (used, event) = exchange.receive(stream)?;
        stream = &stream[used..];
        match event {
            Event::NeedMore | Event::End => return Ok(all),
            Event::Content(content) => all.extend_from_slice(content),
            Event::Interim(_) | Event::Head => {}
        }
    }
}

fn head(text: &str) -> ResponseHead {
    let (exchange, _) = receive(&Limits::default(), text.as_bytes());
    exchange.head().cloned().unwrap()
}

fn too_large(limit: &'static str, max: u64) -> ProtocolError {
    ProtocolError::TooLarge { limit, max }
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn a_head_is_decoded_and_keeps_its_bytes() {
    let raw = "HTTP/1.0 404  Not\tFound \nServer: a\r\nserver:b\r\n\r\n";
    let head = head(&format!("{raw}content"));
    assert_eq!(head.version(), Version::HTTP_10);
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    assert_eq!(head.reason(), b" Not\tFound ");
    assert_eq!(head.headers().get_all("server").iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(head.raw(), raw.as_bytes());
}

#[test]
fn a_reason_phrase_may_be_missing() {
    for line in ["HTTP/1.1 200", "HTTP/1.1 200 "] {
        for end in ["\n", "\r\n"] {
            assert_eq!(head(&format!("{line}{end}{end}")).reason(), b"", "{line:?} {end:?}");
        }
    }
}

#[test]
fn framing_is_decided_in_the_order_of_the_rfc() {
    let cases = [
        ("200 OK\r\n", Framing::UntilClose),
        ("200 OK\r\nContent-Length: 0\r\n", Framing::Length(0)),
        ("404 No\r\nContent-Length: 18446744073709551615\r\n", Framing::Length(u64::MAX)),
        ("200 OK\r\nTransfer-Encoding: chunked\r\n", Framing::Chunked),
        ("200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", Framing::Chunked),
        ("204 No\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", Framing::Empty),
        ("304 No\r\nContent-Length: 5\r\n", Framing::Empty),
    ];
    for (fields, framing) in cases {
        assert_eq!(Framing::of(&head(&format!("HTTP/1.1 {fields}\r\n"))), framing, "{fields}");
    }
}

/// What is exactly as long as a limit is taken, a byte more is not.
#[test]
fn limits_are_exact() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let folded = "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n d\r\nContent-Length: 0\r\n\r\n";
    let interim = "HTTP/1.1 103 Early\r\n\r\n".repeat(3) + head;
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let chunk_line = format!("{CHUNKED}1;name\r\na\r\n0\r\n\r\n");
    let content = format!("{CHUNKED}2\r\nab\r\n1\r\nc\r\n2\r\nde\r\n0\r\n\r\n");
    let trailers = format!("{CHUNKED}0\r\nA: b\r\n\r\n");
    let fields = format!("{CHUNKED}0\r\nA: b\r\nB: c\r\n\r\n");
    type Set = fn(&mut Limits, usize);
    let cases: [(&str, &str, usize, Set); 8] = [
        ("head", head, head.len(), |limits, max| limits.head = max),
        ("fields", folded, 2, |limits, max| limits.fields = max),
        ("fields", &fields, 2, |limits, max| limits.fields = max),
        ("interim", &interim, 3, |limits, max| limits.interim = max),
        ("body", sized, 5, |limits, max| limits.body = max as u64),
        ("body", &content, 5, |limits, max| limits.body = max as u64),
        ("chunk_line", &chunk_line, "1;name\r\n".len(), |limits, max| limits.chunk_line = max),
        ("trailers", &trailers, "A: b\r\n\r\n".len(), |limits, max| limits.trailers = max),
    ];
    for (name, stream, exact, set) in cases {
        let mut limits = Limits::default();
        set(&mut limits, exact);
        let (exchange, content) = receive(&limits, stream.as_bytes());
        assert!(content.is_ok() && exchange.is_done(), "{name} {exact}: {content:?}");
        set(&mut limits, exact - 1);
        let (exchange, content) = receive(&limits, stream.as_bytes());
        assert_eq!(content, Err(too_large(name, exact as u64 - 1)));
        assert!(!exchange.is_done() && !exchange.is_reusable());
    }
}

#[test]
fn a_body_until_the_end_may_be_as_long_as_the_limit() {
    let limits = Limits { body: 5, ..Limits::default() };
    let (mut exchange, content) = receive(&limits, b"HTTP/1.1 200 OK\r\n\r\nhello");
    assert_eq!(content.unwrap(), b"hello");
    assert_eq!(exchange.passthrough_len(), 0);
    let mut more = Exchange::new(&limits);
    go_on(&mut more, b"HTTP/1.1 200 OK\r\n\r\nhello").unwrap();
    assert_eq!(go_on(&mut more, b"!"), Err(too_large("body", 5)));
    assert_eq!(more.closed(), Err(too_large("body", 5)));
    assert_eq!(exchange.closed(), Ok(()));
    assert!(exchange.is_done() && !exchange.is_reusable());
    assert!(matches!(exchange.receive(b""), Ok((0, Event::End))));
}

#[test]
fn the_head_before_a_too_large_body_is_available() {
    let limits = Limits { body: 4, ..Limits::default() };
    let mut exchange = Exchange::new(&limits);
    let stream = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert!(
        matches!(exchange.receive(stream), Ok((length, Event::Head)) if length == stream.len())
    );
    assert_eq!(exchange.content_length(), Some(5));
    assert_eq!(exchange.passthrough_len(), 0);
    assert_eq!(exchange.receive(b"").err(), Some(too_large("body", 4)));
}

#[test]
fn chunks_that_add_up_to_more_than_64_bits_are_too_large() {
    let (mut exchange, _) = receive(&Limits::default(), CHUNKED.as_bytes());
    go_on(&mut exchange, b"ffffffffffffffff\r\n").unwrap();
    assert_eq!(exchange.passthrough_len(), u64::MAX);
    exchange.advance(u64::MAX);
    assert_eq!(exchange.received(), u64::MAX);
    assert_eq!(go_on(&mut exchange, b"\r\n1\r\n"), Err(too_large("body", u64::MAX)));
}

#[test]
fn content_may_bypass_receive() {
    let (mut exchange, content) =
        receive(&Limits::default(), b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!(content.unwrap(), b"abc");
    assert_eq!(exchange.passthrough_len(), 7);
    exchange.advance(5);
    assert_eq!((exchange.passthrough_len(), exchange.received()), (2, 8));
    assert!(!exchange.is_done());
    exchange.advance(2);
    assert!(exchange.is_done() && exchange.is_reusable());
    assert_eq!((exchange.received(), exchange.content_length()), (10, Some(10)));
}

#[test]
fn chunked_content_may_bypass_receive() {
    let (mut exchange, _) = receive(&Limits::default(), CHUNKED.as_bytes());
    assert_eq!(exchange.passthrough_len(), 0);
    assert_eq!(go_on(&mut exchange, b"a\r\nabc").unwrap(), b"abc");
    assert_eq!(exchange.passthrough_len(), 7);
    exchange.advance(7);
    assert_eq!(exchange.passthrough_len(), 0);
    // The offset counts what was moved.
    let error = go_on(&mut exchange, b"!").unwrap_err();
    assert!(
        matches!(error, ProtocolError::Malformed { part: ResponsePart::Body, offset: 13, .. }),
        "{error}"
    );
}

#[test]
#[should_panic(expected = "8 bytes moved, 7 at most")]
fn advance_beyond_the_content_panics() {
    let (mut exchange, _) =
        receive(&Limits::default(), b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n");
    exchange.advance(8);
}

#[test]
fn bytes_after_the_end_prevent_reuse() {
    let stream = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (mut exchange, _) = receive(&Limits::default(), stream);
    assert!(exchange.is_reusable());
    assert!(exchange.warnings().is_empty());
    assert!(matches!(exchange.receive(b"\r\n"), Ok((0, Event::End))));
    assert!(exchange.is_done() && !exchange.is_reusable());
    assert_eq!(exchange.warnings(), [Warning::Surplus]);
}

#[test]
fn a_closed_connection_is_not_reusable() {
    let (mut exchange, _) =
        receive(&Limits::default(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(exchange.closed(), Ok(()));
    assert!(exchange.is_done() && !exchange.is_reusable());
}

#[test]
fn only_chunked_bodies_have_trailers() {
    let (exchange, _) = receive(&Limits::default(), format!("{CHUNKED}0\r\n\r\n").as_bytes());
    assert!(exchange.trailers().unwrap().is_empty());
    let (exchange, _) =
        receive(&Limits::default(), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert!(exchange.trailers().is_none());
}

/// More fields than `http::HeaderMap` holds, and a longer name, with limits that would allow them.
#[test]
fn more_fields_than_the_header_map_holds_are_refused() {
    let limits = Limits { head: 1 << 20, fields: usize::MAX, ..Limits::default() };
    let mut stream = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..40_000 {
        stream.extend_from_slice(format!("x{number}:\r\n").as_bytes());
    }
    stream.extend_from_slice(b"\r\n");
    let (_, content) = receive(&limits, &stream);
    assert_eq!(content, Err(too_large("fields", 1 << 15)));

    let stream = format!("HTTP/1.1 200 OK\r\n{}: a\r\n\r\n", "n".repeat(70_000));
    let (_, content) = receive(&limits, stream.as_bytes());
    let Err(ProtocolError::Malformed { part: ResponsePart::Head, offset: 17, .. }) = content else {
        panic!("{content:?}");
    };
}

#[test]
fn every_interim_response_is_an_event() {
    let stream = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n";
    let mut exchange = Exchange::new(&Limits::default());
    let mut input = &stream[..];
    let mut statuses = Vec::new();
    while let (used, Event::Interim(head)) = exchange.receive(input).unwrap() {
        statuses.push(head.status().as_u16());
        input = &input[used..];
    }
    assert_eq!(statuses, [100, 103]);
    assert!(input.is_empty() && exchange.head().is_none());
}

#[test]
fn errors_and_warnings_are_one_line_each() {
    let warnings = [
        Warning::LengthIgnored,
        Warning::ChunkedHttp10,
        Warning::LengthRepeated,
        Warning::ContentImpossible,
        Warning::BareLf,
        Warning::Folded,
        Warning::TrailersDropped,
        Warning::Surplus,
    ];
    let mut texts = warnings.map(|warning| warning.to_string()).to_vec();
    for text in &texts {
        assert!(!text.contains(char::is_control) && !text.contains("  "), "{text:?}");
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), warnings.len());
}
