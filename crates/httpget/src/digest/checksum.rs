//! The digest that a user expects.

use std::fmt;
use std::str::FromStr;

use netcore::error::debug_as_chain;

use super::algorithm::Algorithm;

#[cfg(test)]
mod tests;

/// A digest that a user expects content to have.
///
/// ```
/// use httpget::digest::{Algorithm, Checksum};
///
/// let checksum: Checksum = "md5=5d41402abc4b2a76b9719d911017c592".parse()?;
/// assert_eq!(checksum.algorithm(), Algorithm::Md5);
/// assert_eq!(checksum, Checksum::new(Algorithm::Md5, "5D41402ABC4B2A76B9719D911017C592")?);
/// # Ok::<(), httpget::digest::ParseChecksumError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

/// A text that is not a checksum.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseChecksumError {
    /// There is no `=` between the algorithm and the digest.
    #[error("a checksum is ALGORITHM=HEX, as in sha256=9f86d0…")]
    Separator,
    /// The algorithm is unknown.
    #[error("unknown algorithm of a checksum: sha256, sha512, sha1 and md5 are known")]
    Algorithm,
    /// The digest has another length than those of the algorithm.
    #[error("{algorithm} has {expected} hexadecimal digits, not {found}")]
    Length {
        /// The algorithm.
        algorithm: Algorithm,
        /// The number of digits that the algorithm has.
        expected: usize,
        /// The number of characters in the text.
        found: usize,
    },
    /// The digest has a character that is not a hexadecimal digit.
    #[error("the digest has a character that is not a hexadecimal digit, at byte {at}")]
    Digit {
        /// The offset of the character in the digest.
        at: usize,
    },
}

debug_as_chain!(enum ParseChecksumError {
    Separator,
    Algorithm,
    Length { algorithm, expected, found },
    Digit { at },
});

impl Checksum {
    /// Returns the checksum with these hexadecimal digits, in any case.
    ///
    /// # Errors
    ///
    /// [`ParseChecksumError::Length`] and [`ParseChecksumError::Digit`].
    pub fn new(algorithm: Algorithm, hex: &str) -> Result<Checksum, ParseChecksumError> {
        if let Some(at) = hex.bytes().position(|byte| !byte.is_ascii_hexdigit()) {
            return Err(ParseChecksumError::Digit { at });
        }
        let (expected, found) = (2 * algorithm.digest_len(), hex.len());
        if expected != found {
            return Err(ParseChecksumError::Length { algorithm, expected, found });
        }
        let value = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
        let pairs = hex.as_bytes().chunks_exact(2);
        let digest = pairs.map(|pair| value(pair[0]) << 4 | value(pair[1])).collect();
        Ok(Checksum { algorithm, digest })
    }

    /// Returns the algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the digest.
    #[must_use]
    pub fn digest(&self) -> &[u8] {
        &self.digest
    }
}

impl FromStr for Algorithm {
    type Err = ParseChecksumError;

    /// Reads `sha256`, `sha512`, `sha1` or `md5` in any case, also with a hyphen as in `sha-256`.
    fn from_str(text: &str) -> Result<Algorithm, ParseChecksumError> {
        let all = [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Sha1, Algorithm::Md5];
        let name = text.replacen('-', "", 1);
        all.into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(&name))
            .ok_or(ParseChecksumError::Algorithm)
    }
}

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    /// Reads `ALGORITHM=HEX`.
    fn from_str(text: &str) -> Result<Checksum, ParseChecksumError> {
        let (algorithm, hex) = text.split_once('=').ok_or(ParseChecksumError::Separator)?;
        Checksum::new(algorithm.parse()?, hex)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.algorithm, Hex(&self.digest))
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(super) struct Hex<'a>(pub(super) &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
