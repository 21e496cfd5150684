//! `-J`: a file with the name that the server proposes.

use std::io;
use std::path::Path;

use httpget::download::Downloaded;
use netcore::error::FileError;

use super::Transfers;
use crate::escape::visible;
use crate::exit::Failure;
use crate::get::destination;
use crate::get::report::Report;

impl Transfers<'_> {
    /// Fetches to a new file that the response names.
    pub(super) fn fetch_to_proposed(
        &self,
        file: &Path,
        report: &mut Report,
    ) -> Result<Downloaded, Failure> {
        if self.args.files.create_dirs {
            destination::create_directory_of(file)?;
        }
        let mut chosen = file.to_owned();
        let (download, mut monitor) = self.begin(report, None, &visible(&file.to_string_lossy()));
        let done = download.to_new_file(
            &mut |response| {
                let file = destination::proposed(response, file);
                chosen = match self.args.no_clobber {
                    true => self.names.free(&file).map_err(|failure| {
                        let cause =
                            io::Error::other(failure.message().unwrap_or_default().to_owned());
                        FileError::new("create", &file)(cause)
                    })?,
                    false => file,
                };
                Ok(chosen.clone())
            },
            &mut |step| monitor.handle_step(&step),
        );
        monitor.end();
        report.file = Some(chosen.display().to_string());
        Ok(done?)
    }
}
