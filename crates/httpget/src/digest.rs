//! Checksums, and the digests that servers send: Repr-Digest and Content-Digest (RFC 9530).
//!
//! Feature `digest`. A response with one of these fields is verified by itself, as its bytes
//! arrive, for each way of reading it. A body that does not match ends with an error of the kind
//! [`ErrorKind::Digest`](crate::ErrorKind::Digest) and a [`DigestMismatch`] as the cause.
//!
//! - `Content-Digest` is the digest of the content of one message: of a part in a 206.
//! - `Repr-Digest` is the digest of the whole representation. It is verified for complete
//!   responses, and over the whole file if a download resumes.
//!
//! Both count bytes as they were sent, before a content coding is undone. If a field has several
//! digests, the strongest of `sha-512` and `sha-256` counts. Others are ignored: they protect only
//! from accidents (RFC 9530 section 5). A field that is malformed is ignored as a whole (RFC 9651
//! section 4.2). A field in the trailers counts if the head announces it in `Trailer`; otherwise
//! the content has gone by without a digest.
//!
//! A [`Checksum`] is what a user expects; see `Download::with_checksum`.

mod algorithm;
mod base64;
mod checksum;
mod content;
mod dictionary;
mod field;
#[cfg(test)]
pub(crate) mod fixture;
mod hasher;
mod mismatch;

pub use algorithm::Algorithm;
pub use checksum::{Checksum, ParseChecksumError};
pub(crate) use content::ContentCheck;
pub use dictionary::{Dictionary, DictionaryMember, parse_dictionary};
pub use field::{DigestField, strongest};
pub use hasher::Hasher;
pub use mismatch::DigestMismatch;
