//! Where a body goes.

use std::path::{Path, PathBuf};

use httpget::Url;

use crate::exit::{self, Failure};

#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// Standard output, also if it is a terminal and the body is `binary`.
    Output {
        binary: bool,
    },
    File(PathBuf),
    /// Into the object that `--json` prints.
    Object,
}

impl Destination {
    pub(crate) fn is_output(&self) -> bool {
        matches!(self, Destination::Output { .. })
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Destination::File(file) => Some(file),
            _ => None,
        }
    }
}

/// Returns the file that `-O` writes, in the current directory.
pub(crate) fn name_of(url: &str) -> Result<PathBuf, Failure> {
    let parsed = Url::parse(url).map_err(httpget::Error::from)?;
    match parsed.file_name() {
        Some(name) => Ok(PathBuf::from(name)),
        None => {
            let words = format!("-O: the last part of {parsed} is no file name; -o FILE names one");
            Err(Failure::new(exit::USAGE, words))
        }
    }
}
