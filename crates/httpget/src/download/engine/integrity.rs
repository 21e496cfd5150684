//! Checks content against the digests of the whole file.

use http::HeaderMap;

use super::Engine;
use super::attempt::{Failure, Next};
use crate::download::sink::Sink;
use crate::error::{Error, ErrorKind};
use crate::response::Response;

impl Engine<'_> {
    /// Hashes the first `at` bytes of the partial file, which `response` continues.
    pub(super) fn hash_existing(&mut self, at: u64, response: &Response) -> Result<(), Failure> {
        // Repr-Digest is that of coded content (RFC 9530 section 3).
        let headers = match response.is_decoded() {
            true => &HeaderMap::new(),
            false => response.headers(),
        };
        let hashed = self.verifier.resume(at, headers, self.sink.readable());
        hashed.map_err(|error| {
            Error::new(ErrorKind::Write).with_cause(error).with_url(response.url()).into()
        })
    }

    /// Compares the digests of the complete file.
    pub(super) fn verify(&mut self, response: &Response) -> Result<(), Failure> {
        let verified = self.verifier.finish();
        verified.map_err(|error| error.with_url(response.url()).into())
    }

    /// Checks the `bytes` of content that the server calls complete: of the file to be replaced if
    /// it `stays`, or else of the partial file. Returns `false` if the former has another checksum,
    /// and must be replaced.
    pub(super) fn is_verified(
        &mut self,
        bytes: u64,
        stays: bool,
        response: &Response,
    ) -> Result<bool, Failure> {
        if !self.verifier.has_checksum() {
            return Ok(true);
        }
        if !stays {
            self.hash_existing(bytes, response)?;
            return self.verify(response).map(|()| true);
        }
        let file = self.sink.open_whole().map_err(|error| self.failed(error))?;
        self.verifier.begin();
        let hashed = self.verifier.resume(bytes, response.headers(), file.as_ref());
        let is_right = hashed.is_ok() && self.verifier.finish().is_ok();
        if !is_right {
            log::info!("get {}: the existing file has another checksum", response.url());
        }
        Ok(is_right)
    }

    /// Drops content that does not match its digest, so that nothing resumes it. Returns an error
    /// if it can't be taken back.
    pub(super) fn discard_wrong_content(&mut self, failure: Failure) -> Result<Failure, Error> {
        if failure.error.kind() != ErrorKind::Digest {
            return Ok(failure);
        }
        self.sink.keep(0).map_err(|error| self.failed(error).error)?;
        self.verifier.begin();
        Ok(match self.sink {
            Sink::Direct { bytes, .. } if bytes > 0 => Failure { next: Next::Never, ..failure },
            _ => failure,
        })
    }
}
