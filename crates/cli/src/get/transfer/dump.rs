//! The heads of a transfer, for `-D`, `-i` and `-I`.

use super::Transfers;
use crate::exit::Failure;
use crate::get::heads::HeadDump;
use crate::get::report::Report;

impl Transfers<'_> {
    /// Returns `true` if the heads go to the target of the body: by `-i`, by `-I` except into an
    /// object, whose fields have a member of their own, and by `-D -` if the body is printed.
    pub(super) fn writes_heads(&self, report: &Report, is_object: bool) -> bool {
        let dumps = self.heads.as_ref().is_some_and(HeadDump::is_output) && report.is_printed;
        self.args.include || (self.args.request.head && !is_object) || dumps
    }

    /// Notes a head for `-D`.
    pub(super) fn note_head(&self, head: &[u8], report: &mut Report) {
        let Some(heads) = &self.heads else { return };
        match heads.write_at_once(head) {
            Ok(true) => {}
            Ok(false) => report.heads.extend_from_slice(head),
            Err(failure) => report.dump_failure = Some(failure),
        }
    }

    /// Writes the heads that wait for the end of the transfer to the file of `-D`.
    pub(super) fn dump_heads(&self, report: &mut Report) -> Result<(), Failure> {
        match &self.heads {
            Some(heads) => {
                report.dump_failure.take().map_or_else(|| heads.write(&report.heads), Err)
            }
            None => Ok(()),
        }
    }

    /// Prints the heads for `-D -`.
    pub(super) fn print_heads(&self, report: &Report) -> Result<(), Failure> {
        match &self.heads {
            Some(HeadDump::Output) if !report.is_printed => self.output.print(&report.heads),
            _ => Ok(()),
        }
    }
}
