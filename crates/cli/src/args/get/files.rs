//! The arguments of `sockit get` about the names of files.

use std::path::PathBuf;

use clap::Args as Group;

/// The arguments of `sockit get` about the names of files.
#[derive(Debug, Group)]
#[command(next_help_heading = "Files")]
pub(crate) struct FileArgs {
    /// With -O, prefer the file name that the server proposes (Content-Disposition); a file that
    /// exists is never replaced
    #[arg(short = 'J', long, conflicts_with_all = ["include", "head"])]
    pub(crate) remote_header_name: bool,
    /// Directory for the files of -o and -O
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,
    /// Create missing directories of FILE and DIR
    #[arg(long)]
    pub(crate) create_dirs: bool,
    /// File for the heads of all responses, byte for byte; - is standard output
    #[arg(short = 'D', long, value_name = "FILE")]
    pub(crate) dump_header: Option<PathBuf>,
}
