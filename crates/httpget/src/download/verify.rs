//! The digests of a whole file, over all attempts: the user's checksum, and Repr-Digest of a part.

use std::fs::File;
use std::io;

use http::HeaderMap;
use netcore::file_at;

use crate::digest::{Algorithm, Checksum, DigestField, DigestMismatch, Hasher, strongest};
use crate::error::{Error, ErrorKind};

/// The piece in which existing content is read, in bytes.
const PIECE: usize = 128 << 10;

/// The digests of a whole file.
///
/// Content is hashed as it arrives. Existing content that this run has not received is read once.
#[derive(Debug)]
pub(super) struct Verifier {
    checksum: Option<Checksum>,
    /// The Repr-Digest of a 206 that continues the file. That of a complete response is checked by
    /// its body.
    announced: Option<(Algorithm, Vec<u8>)>,
    running: Vec<Running>,
}

/// A digest of the first bytes of the file.
#[derive(Debug)]
struct Running {
    hasher: Hasher,
    /// The number of bytes.
    hashed: u64,
}

impl Verifier {
    pub(super) fn new(checksum: Option<Checksum>) -> Verifier {
        let mut verifier = Verifier { checksum, announced: None, running: Vec::new() };
        verifier.begin();
        verifier
    }

    /// Starts again, before the first byte of the file.
    pub(super) fn begin(&mut self) {
        self.announced = None;
        self.running.clear();
        self.require(self.checksum.as_ref().map(Checksum::algorithm));
    }

    /// Returns `true` if the user expects a checksum.
    pub(super) fn has_checksum(&self) -> bool {
        self.checksum.is_some()
    }

    /// Returns `true` if content must pass through [`update`](Verifier::update).
    pub(super) fn is_active(&self) -> bool {
        !self.running.is_empty()
    }

    /// Continues after the first `at` bytes, with a response that has these `headers`. `file` has
    /// these bytes; `None` if they can't be read back.
    pub(super) fn resume(
        &mut self,
        at: u64,
        headers: &HeaderMap,
        file: Option<&File>,
    ) -> io::Result<()> {
        self.announced = file.and_then(|_| strongest(headers, DigestField::Repr));
        self.require(self.announced.as_ref().map(|(algorithm, _)| *algorithm));
        for running in &mut self.running {
            running.catch_up(at, file)?;
        }
        Ok(())
    }

    /// Adds the next bytes of the file.
    pub(super) fn update(&mut self, content: &[u8]) {
        for Running { hasher, hashed } in &mut self.running {
            hasher.update(content);
            *hashed += content.len() as u64;
        }
    }

    /// Compares the digests of the complete file.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let expected = self.checksum.iter().map(|it| (None, it.algorithm(), it.digest()));
        let announced = self.announced.iter();
        let announced = announced.map(|(of, it)| (Some(DigestField::Repr), *of, &it[..]));
        for (field, algorithm, expected) in expected.chain(announced) {
            let of = |running: &&Running| running.hasher.algorithm() == algorithm;
            let Some(running) = self.running.iter().find(of) else { continue };
            let actual = running.hasher.clone().finish();
            if actual != expected {
                let expected = expected.to_vec();
                let mismatch = DigestMismatch { field, algorithm, expected, actual };
                return Err(Error::new(ErrorKind::Digest).with_cause(mismatch));
            }
        }
        Ok(())
    }

    /// Adds a digest of this algorithm.
    fn require(&mut self, algorithm: Option<Algorithm>) {
        let Some(algorithm) = algorithm else { return };
        if self.running.iter().all(|running| running.hasher.algorithm() != algorithm) {
            self.running.push(Running { hasher: Hasher::new(algorithm), hashed: 0 });
        }
    }
}

impl Running {
    /// Reads from `file` so that exactly its first `at` bytes are hashed.
    fn catch_up(&mut self, at: u64, file: Option<&File>) -> io::Result<()> {
        if self.hashed == at {
            return Ok(());
        }
        let Some(file) = file else {
            return Err(io::Error::other("its first bytes can't be read back for the checksum"));
        };
        if self.hashed > at {
            *self = Running { hasher: Hasher::new(self.hasher.algorithm()), hashed: 0 };
        }
        let mut piece = vec![0; PIECE];
        while self.hashed < at {
            let left = usize::try_from(at - self.hashed).unwrap_or(PIECE).min(PIECE);
            match file_at::read_at(file, &mut piece[..left], self.hashed) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    self.hasher.update(&piece[..count]);
                    self.hashed += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
