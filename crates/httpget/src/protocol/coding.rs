//! Content codings: the list in a head, and the decoders. Without I/O.
//!
//! [`list`] reads Content-Encoding, and a [`Decoder`] undoes the codings of such a list in
//! reverse order: coded bytes in, decoded bytes out, in any pieces.
//!
//! ```
//! # #[cfg(feature = "gzip")] {
//! use httpget::Limits;
//! use httpget::protocol::coding::{Coding, Decoder};
//!
//! let coded = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0";
//! let mut decoder = Decoder::new(&[Coding::Gzip], &Limits::default());
//! let mut decoded = [0; 64];
//! let done = decoder.decode(coded, &mut decoded)?;
//! assert_eq!(&decoded[..done.written], b"hello");
//! // The connection has ended: is the coded content at its end, too?
//! decoder.finish()?;
//! # }
//! # Ok::<(), httpget::protocol::coding::CodingError>(())
//! ```
//!
//! | coding | feature | format |
//! |---|---|---|
//! | `gzip`, `x-gzip` | `gzip` | RFC 1952: members, each with its checksum and length |
//! | `deflate` | `gzip` | RFC 1950, or RFC 1951 without the zlib header |
//! | `br` | `brotli` | RFC 7932 |
//! | `zstd` | `zstd` | RFC 8878: frames, skippable ones too, with windows up to 8 MiB (RFC 9659) |
//! | `identity`, `none` | | |
//!
//! Several members of gzip and several frames of zstd are joined. Zero bytes behind the last member
//! of gzip are ignored, as gzip(1) does. The names are compared without regard to case.
//!
//! Content that is truncated or has other bytes behind its end is an error. Only a body without any
//! byte decodes to nothing, since servers send the field with empty bodies, too.

mod decoder;
mod error;
mod list;
mod name;
mod stage;

#[cfg(feature = "brotli")]
mod brotli;
#[cfg(feature = "gzip")]
mod deflate;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "zstd")]
mod zstd;

pub use decoder::{Decoded, Decoder};
pub use error::CodingError;
pub use list::list;
pub use name::{Coding, accept_encoding};

#[cfg(test)]
#[cfg(all(feature = "gzip", feature = "brotli", feature = "zstd"))]
mod tests;
