//! Content whose coding is undone: the next attempt of the same run goes on decoding.
//!
//! Ranges count coded bytes (RFC 9110 section 14.1.2), and the file has decoded ones. Only the
//! decoder knows both offsets, so a later run can't resume such a file.

use http::header::CONTENT_ENCODING;

use super::Engine;
use super::carried::{Carried, Place};
use crate::download::resume::{Held, Partial};
use crate::download::sink::Sink;
use crate::error::ErrorKind;
use crate::response::Response;

impl Engine<'_> {
    /// Keeps the decoder of a transfer that broke with an error of `kind`, if the next attempt can
    /// go on with it.
    pub(super) fn carry(&mut self, response: &mut Response, written: u64, kind: ErrorKind) {
        let is_usable =
            !matches!(kind, ErrorKind::Coding | ErrorKind::Digest | ErrorKind::TooLarge);
        let decoding = response.body().take_decoding().filter(|_| is_usable);
        self.carried = match (decoding, self.decoded_version.clone()) {
            (Some(decoding), Some(version)) => Some(Carried { decoding, version, written }),
            _ => None,
        };
    }

    /// Returns the coded content that the decoder in memory has seen.
    pub(super) fn held_by_decoder(&self) -> Option<Held> {
        let Carried { decoding, version, .. } = self.carried.as_ref()?;
        Some(Held::Part(Partial { bytes: decoding.received(), version: version.clone() }))
    }

    /// Returns the place at which a 206 continues `held`, and gives it the decoder of the broken
    /// transfer. Returns `None` if it has another coding.
    pub(super) fn place(&mut self, held: &Held, response: &mut Response) -> Option<Place> {
        let content = held.bytes();
        match self.carried.take() {
            None if response.is_decoded() => None,
            None => Some(Place { file: content, content }),
            Some(Carried { decoding, written, .. }) => {
                let is_same = match response.body().take_decoding() {
                    Some(other) => other.codings() == decoding.codings(),
                    // A 206 need not repeat the field (RFC 9110 section 15.3.7).
                    None => !response.headers().contains_key(CONTENT_ENCODING),
                };
                is_same.then(|| {
                    response.body().decode_by(decoding);
                    Place { file: written, content }
                })
            }
        }
    }

    /// Says that the partial file begins again, since no version of it is known.
    pub(super) fn report_unknown_part(&self) {
        let bytes = match &self.sink {
            Sink::Part(part) if self.options.resume && self.attempts == 1 => part.bytes(),
            _ => return,
        };
        if bytes.is_ok_and(|bytes| bytes > 0) {
            log::info!(
                "get {}: the partial file has no version, or was decoded: it begins again",
                self.prepared.url
            );
        }
    }
}
