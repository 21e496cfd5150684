//! Application protocols (ALPN, RFC 7301).

use crate::error::{Error, ErrorKind, Operation};

/// The most bytes of all protocols, each with its length. RFC 7301 allows four times as many, which
/// would leave the first message of the handshake no room for the rest.
const MAX_LIST: usize = 16 * 1024;

/// Returns the protocols as rustls takes them. It does not check their lengths.
pub(super) fn protocols(protocols: &[&[u8]]) -> Result<Vec<Vec<u8>>, Error> {
    let refused = |text: String| {
        Err(Error::new(Operation::Handshake, ErrorKind::InvalidInput).because_text(text))
    };
    if let Some(wrong) = protocols.iter().find(|it| !(1..=255).contains(&it.len())) {
        let length = wrong.len();
        return refused(format!("an ALPN protocol has 1 to 255 bytes, not {length}"));
    }
    let length: usize = protocols.iter().map(|it| it.len() + 1).sum();
    if length > MAX_LIST {
        return refused(format!("the ALPN protocols have {length} bytes; the limit is {MAX_LIST}"));
    }
    Ok(protocols.iter().map(|it| it.to_vec()).collect())
}
