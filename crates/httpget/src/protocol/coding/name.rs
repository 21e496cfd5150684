//! The names of content codings, and the ones that are built in.

use std::fmt;

/// A content coding (RFC 9110 section 8.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Coding {
    /// `gzip`, also named `x-gzip`.
    Gzip,
    /// `deflate`.
    Deflate,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

/// The codings that are built in, in the order of [`accept_encoding`].
const BUILT_IN: &[Coding] = &[
    #[cfg(feature = "gzip")]
    Coding::Gzip,
    #[cfg(feature = "gzip")]
    Coding::Deflate,
    #[cfg(feature = "brotli")]
    Coding::Brotli,
    #[cfg(feature = "zstd")]
    Coding::Zstd,
];

/// The value of Accept-Encoding that names the codings that are built in.
#[must_use]
pub fn accept_encoding() -> String {
    let names: Vec<&str> = BUILT_IN.iter().map(|coding| coding.name()).collect();
    names.join(", ")
}

impl Coding {
    /// Returns the codings that are built in, as the features say.
    #[must_use]
    pub fn built_in() -> &'static [Coding] {
        BUILT_IN
    }

    /// Returns the name in Content-Encoding.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// Returns the coding of that name, if it is built in.
    pub(super) fn named(name: &[u8]) -> Option<Coding> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let mut built_in = BUILT_IN.iter().copied();
        built_in.find(|coding| is(coding.name()) || (*coding == Coding::Gzip && is("x-gzip")))
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
