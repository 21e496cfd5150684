//! Both sides with their settings: acceptance, refusal, files and reloads.

mod acceptance;
mod files;
mod refusals;
mod reload;

use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use super::*;
use crate::error::Error;
use crate::tls::session::Session;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// The two sides of a handshake that has succeeded or failed.
struct Attempt {
    client: Session,
    server: Session,
}

impl Attempt {
    /// Connects in memory, and exchanges everything that the two sides have to say.
    fn new(connector: &TlsConnector, acceptor: &TlsAcceptor, name: &str) -> Attempt {
        let client = connector.session(name).unwrap();
        let mut attempt = Attempt { client, server: acceptor.session().unwrap() };
        while carry(&mut attempt.client, &mut attempt.server)
            | carry(&mut attempt.server, &mut attempt.client)
        {}
        attempt
    }

    /// Returns the outcome for the client and for the server.
    fn outcomes(&self) -> [String; 2] {
        [&self.client, &self.server].map(|side| match side.peek() {
            Ok(None) if side.is_established() => String::from("ok"),
            Ok(_) => String::from("unfinished"),
            Err(error) => format!("{:#}", error.downcast::<Error>().unwrap()),
        })
    }

    fn assert_ok(&self) {
        assert_eq!(self.outcomes(), ["ok", "ok"]);
    }
}

/// Carries the ciphertext of one side to the other. Returns `true` if there was any.
fn carry(from: &mut Session, to: &mut Session) -> bool {
    let mut bytes = Vec::new();
    let taken = from.flush(|part| {
        bytes.extend_from_slice(part);
        Ok(part.len())
    });
    assert!(taken.unwrap());
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        let mut gone = 0;
        let _ = to.receive(
            |room| {
                gone = room.len().min(rest.len());
                room[..gone].copy_from_slice(&rest[..gone]);
                Ok(gone)
            },
            &mut [],
        );
        // A session that has failed reads nothing more.
        if gone == 0 {
            break;
        }
        rest = &rest[gone..];
    }
    !bytes.is_empty()
}

/// Returns the text of an error with its causes.
fn text(error: &Error) -> String {
    format!("{error:#}")
}
