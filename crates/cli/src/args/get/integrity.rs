//! The arguments of `sockit get` about digests.

use clap::Args as Group;
use httpget::digest::Checksum;

/// The arguments of `sockit get` about digests.
#[derive(Debug, Group)]
#[command(next_help_heading = "Integrity")]
pub(crate) struct Integrity {
    /// Digest that the body must have, with sha256, sha512, sha1 or md5; otherwise FILE does not
    /// appear, and the exit code is 19; one per URL, in the same order
    #[arg(long = "checksum", value_name = "ALGORITHM=HEX", conflicts_with_all = ["include", "raw"])]
    pub(crate) checksums: Vec<Checksum>,
}
