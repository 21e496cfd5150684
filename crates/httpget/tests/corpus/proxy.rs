//! The check for any bytes of a proxy. The fuzz target `proxy_reply`, the test over its corpus
//! and the test of the table in `docs/http.md` include this file.

use std::fmt;

use httpget::protocol::ProtocolError;
use httpget::protocol::proxy::{
    Connect, Handshake, Progress, ProxyError, Socks4, Socks5, TunnelTarget,
};
use httpget::{Credentials, Limits};
use netcore::testing::cut;

/// The handshakes under test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Connect,
    Socks4,
    Socks5,
    Socks5WithLogin,
}

/// All that a handshake told of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Story {
    /// Heads, byte for byte.
    pub(crate) heads: Vec<Vec<u8>>,
    /// The events, in words.
    events: Vec<String>,
    /// Messages behind the first.
    sent: Vec<Vec<u8>>,
    /// The bytes of the tunnel, if it was opened.
    pub(crate) tunnel: Option<Vec<u8>>,
    pub(crate) end: Option<ProxyError>,
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|event| write!(f, "{event}; "))?;
        match (&self.tunnel, &self.end) {
            (Some(tunnel), None) => write!(f, "open \"{}\"", tunnel.escape_ascii()),
            (_, Some(error)) => write!(f, "{error}"),
            (None, None) => f.write_str("no end"),
        }
    }
}

fn handshake(kind: Kind, limits: &Limits) -> Box<dyn Handshake> {
    let url = "https://h/".parse().expect("a URL");
    let target = TunnelTarget::of(&url);
    let login = Credentials::new("ann", "secret").expect("a user");
    match kind {
        Kind::Connect => Box::new(Connect::new(&target, limits)),
        Kind::Socks4 => Box::new(Socks4::new(&target, "ann").expect("a name")),
        Kind::Socks5 => Box::new(Socks5::new(&target, None).expect("a name")),
        Kind::Socks5WithLogin => Box::new(Socks5::new(&target, Some(&login)).expect("a user")),
    }
}

/// Gives the pieces to a handshake and then closes.
pub(crate) fn tell(kind: Kind, limits: &Limits, pieces: &[&[u8]]) -> Story {
    let mut handshake = handshake(kind, limits);
    let mut story = Story::default();
    assert!(!handshake.start().is_empty());
    for piece in pieces {
        let mut rest = *piece;
        if let Some(tunnel) = &mut story.tunnel {
            let (used, progress) = handshake.receive(rest).expect("an open tunnel stays open");
            assert!(used == 0 && matches!(progress, Progress::Open), "{progress:?}");
            tunnel.extend_from_slice(rest);
            continue;
        }
        loop {
            let (used, progress) = match handshake.receive(rest) {
                Ok(received) => received,
                Err(error) => {
                    let again = handshake.receive(b"HTTP/1.1 200 OK\r\n\r\n").err();
                    assert_eq!(again.as_ref(), Some(&error), "the first error is final");
                    assert_eq!(handshake.closed(), error, "the first error is final");
                    story.end = Some(error);
                    return story;
                }
            };
            assert!(used <= rest.len(), "more is consumed than there is");
            rest = &rest[used..];
            match progress {
                Progress::NeedMore => {
                    assert!(rest.is_empty(), "all is consumed before more is asked for");
                    break;
                }
                Progress::Send(message) => {
                    story.events.push(match message.first() {
                        Some(1) => "sends user and password".to_owned(),
                        _ => "sends the request".to_owned(),
                    });
                    story.sent.push(message.to_vec());
                }
                Progress::Interim(head) | Progress::Reply(head) => {
                    story.events.push(head.status().as_u16().to_string());
                    story.heads.push(head.raw().to_vec());
                }
                Progress::Open => {
                    story.tunnel = Some(rest.to_vec());
                    break;
                }
            }
        }
    }
    if story.tunnel.is_none() {
        let error = handshake.closed();
        assert_eq!(handshake.closed(), error, "the first error is final");
        story.end = Some(error);
    }
    story
}

/// Replies of a proxy. The first byte of the input chooses the handshake, the second is the seed of
/// the cutting, the rest is what a proxy sends. Says whether the tunnel was opened.
pub(crate) fn proxy_reply(input: &[u8]) -> bool {
    let [kind, seed, stream @ ..] = input else { return false };
    let kind =
        [Kind::Connect, Kind::Socks4, Kind::Socks5, Kind::Socks5WithLogin][usize::from(kind % 4)];
    let limits = Limits::default().with_head(512).with_fields(12).with_interim(2);
    let story = tell(kind, &limits, &[stream]);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    for pieces in [&bytes, &cut(stream, *seed, 24)] {
        assert_eq!(tell(kind, &limits, pieces), story, "{pieces:?}");
    }

    if let Some(error) = &story.end {
        let words = error.to_string();
        assert!(!words.contains(char::is_control) && words.len() < 200, "{words:?}");
        let offset = match error {
            ProxyError::Malformed { offset, .. } => *offset as u64,
            ProxyError::Head(ProtocolError::Malformed { offset, .. }) => *offset,
            _ => 0,
        };
        assert!(offset == 0 || offset < stream.len() as u64, "{words}, of {} bytes", stream.len());
    }
    // The password goes to a proxy that selects it, and only then.
    let selects = kind == Kind::Socks5WithLogin && stream.starts_with(b"\x05\x02");
    let has_password = |message: &Vec<u8>| message.windows(6).any(|part| part == b"secret");
    assert_eq!(story.sent.iter().filter(|it| has_password(it)).count(), usize::from(selects));

    let expected = opened(kind, &limits, stream);
    assert_eq!(story.tunnel.as_deref(), expected, "{kind:?}: {}", stream.escape_ascii());
    let raw: Vec<u8> = story.heads.concat();
    assert!(stream.starts_with(&raw), "a head is kept as it came");
    if let (Kind::Connect, Some(tunnel)) = (kind, expected) {
        assert_eq!([&raw[..], tunnel].concat(), stream, "the tunnel begins behind the head");
    }
    // No beginning of a stream opens a tunnel that the whole does not open.
    let step = stream.len() / 64 + 1;
    for length in (usize::from(*seed) % step..stream.len()).step_by(step) {
        let short = tell(kind, &limits, &[&stream[..length]]);
        match (&short.tunnel, &story.tunnel) {
            (Some(short), Some(whole)) => assert!(whole.starts_with(short)),
            (Some(_), None) => panic!("open after {length} bytes, and then not"),
            (None, _) => assert!(short.end.is_some()),
        }
    }
    expected.is_some()
}

/// The bytes of the tunnel, read the simple way. `None` if none is opened.
fn opened<'a>(kind: Kind, limits: &Limits, stream: &'a [u8]) -> Option<&'a [u8]> {
    match kind {
        Kind::Connect => opened_by_connect(limits, stream),
        Kind::Socks4 => match stream {
            [0, 90, _, _, _, _, _, _, tunnel @ ..] => Some(tunnel),
            _ => None,
        },
        Kind::Socks5 | Kind::Socks5WithLogin => {
            let reply = match stream {
                [5, 0, reply @ ..] => reply,
                [5, 2, _, 0, reply @ ..] if kind == Kind::Socks5WithLogin => reply,
                _ => return None,
            };
            let [5, 0, _, address_type, address @ ..] = reply else { return None };
            let length = match address_type {
                1 => 4,
                3 => 1 + usize::from(*address.first()?),
                4 => 16,
                _ => return None,
            };
            address.get(length + 2..)
        }
    }
}

/// Reads heads by their lines. Says `None` too much rather than too little where a head has a fault
/// that only a parser of fields finds, so the caller's heads decide about those.
fn opened_by_connect<'a>(limits: &Limits, mut stream: &'a [u8]) -> Option<&'a [u8]> {
    for _ in 0..=limits.interim {
        let story = tell(Kind::Connect, limits, &[stream]);
        let head = story.heads.first()?;
        let end = |text: &[u8]| stream.windows(text.len()).position(|part| part == text);
        let ends = [end(b"\n\r\n").map(|at| at + 3), end(b"\n\n").map(|at| at + 2)];
        assert_eq!(ends.into_iter().flatten().min(), Some(head.len()), "a head ends there");
        let status = std::str::from_utf8(head.get(9..12)?).ok()?;
        stream = &stream[head.len()..];
        match status.as_bytes() {
            [b'2', ..] => return Some(stream),
            [b'1', ..] => {}
            _ => return None,
        }
    }
    None
}
