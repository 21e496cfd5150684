//! The arguments of `sockit get` about content codings.

use clap::Args as Group;

use crate::parse;

/// The arguments of `sockit get` about content codings.
#[derive(Debug, Group)]
#[command(next_help_heading = "Content codings")]
pub(crate) struct Coding {
    /// Ask for compressed content (gzip, deflate, br, zstd) and decode it; --max-filesize counts
    /// decoded bytes
    #[arg(long)]
    pub(crate) compressed: bool,
    /// Most decoded bytes per received byte, beyond the first 64 MiB; more is a decompression bomb
    /// and exits with 63; 0 means no limit
    #[arg(long, value_name = "N", default_value = "2000", value_parser = parse::count::<u64>)]
    pub(crate) max_ratio: u64,
}
