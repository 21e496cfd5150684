//! The digests of one response, computed as its content arrives.

use http::{HeaderMap, StatusCode};

use super::algorithm::Algorithm;
use super::field::{DigestField, is_announced, strongest};
use super::hasher::Hasher;
use super::mismatch::DigestMismatch;

#[cfg(test)]
mod tests;

/// The digests of one response, computed as its content arrives.
#[derive(Debug)]
pub(crate) struct ContentCheck {
    /// The digests in the head.
    expected: Vec<(DigestField, Algorithm, Vec<u8>)>,
    /// The fields announced for the trailers.
    announced: Vec<DigestField>,
    /// A hasher for each algorithm that may be needed.
    hashers: Vec<Hasher>,
}

impl ContentCheck {
    /// Returns the check that the head asks for. Returns `None` if it has no digest of its content.
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap) -> Option<ContentCheck> {
        // These have no content, and their fields describe that of another response.
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            return None;
        }
        let mut check =
            ContentCheck { expected: Vec::new(), announced: Vec::new(), hashers: Vec::new() };
        for field in [DigestField::Content, DigestField::Repr] {
            // A part is not the representation.
            if field == DigestField::Repr && status == StatusCode::PARTIAL_CONTENT {
                continue;
            }
            if let Some((algorithm, digest)) = strongest(headers, field) {
                check.hash(algorithm);
                check.expected.push((field, algorithm, digest));
            } else if is_announced(headers, field) {
                check.hash(Algorithm::Sha256);
                check.hash(Algorithm::Sha512);
                check.announced.push(field);
            }
        }
        (!check.hashers.is_empty()).then_some(check)
    }

    fn hash(&mut self, algorithm: Algorithm) {
        if self.hashers.iter().all(|hasher| hasher.algorithm() != algorithm) {
            self.hashers.push(Hasher::new(algorithm));
        }
    }

    /// Adds the next bytes of content.
    pub(crate) fn update(&mut self, content: &[u8]) {
        for hasher in &mut self.hashers {
            hasher.update(content);
        }
    }

    /// Compares the digests of complete content.
    pub(crate) fn finish(self, trailers: Option<&HeaderMap>) -> Result<(), DigestMismatch> {
        let ContentCheck { mut expected, announced, hashers } = self;
        for field in announced {
            if let Some((algorithm, digest)) = trailers.and_then(|it| strongest(it, field)) {
                expected.push((field, algorithm, digest));
            }
        }
        for hasher in hashers {
            let algorithm = hasher.algorithm();
            let actual = hasher.finish();
            let wrong =
                expected.iter().find(|(_, of, digest)| *of == algorithm && *digest != actual);
            if let Some((field, _, expected)) = wrong {
                let (field, expected) = (Some(*field), expected.clone());
                return Err(DigestMismatch { field, algorithm, expected, actual });
            }
        }
        Ok(())
    }
}
