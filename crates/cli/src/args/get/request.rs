//! The arguments of `sockit get` about the request.

use std::path::PathBuf;

use clap::Args as Group;

/// The arguments of `sockit get` about the request.
#[derive(Debug, Group)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Request only the head of the response (HEAD), and write it to standard output or FILE
    #[arg(short = 'I', long)]
    #[arg(conflicts_with_all = ["resume", "raw", "checksums"])]
    pub(crate) head: bool,
    /// User-Agent to send; an empty NAME sends none
    #[arg(short = 'A', long, value_name = "NAME")]
    pub(crate) user_agent: Option<String>,
    /// Referer to send; ';auto' at the end sends the URL before a redirect
    #[arg(short = 'e', long, value_name = "URL")]
    pub(crate) referer: Option<String>,
    /// Fetch only if modified after DATE or after FILE's time; '-DATE' asks for the contrary; DATE
    /// is as in HTTP, RFC 2822 or ISO 8601, in UTC unless it has a zone
    #[arg(short = 'z', long, value_name = "DATE|FILE", allow_hyphen_values = true)]
    pub(crate) time_cond: Option<String>,
    /// Save the entity tag of the response to FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) etag_save: Option<PathBuf>,
    /// Fetch only if the entity tag differs from the one in FILE
    #[arg(long, value_name = "FILE")]
    pub(crate) etag_compare: Option<PathBuf>,
}
