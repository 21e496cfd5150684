//! The target of the content: a partial file, a file in place, or a descriptor.

use std::fs::{self, File};
use std::io;
use std::time::SystemTime;

use netcore::error::FileError;
use netcore::transfer::{AsDescriptor, BorrowedDescriptor};

use super::in_place::InPlace;
use super::part::PartFile;
use super::resume::{Partial, Version};
use super::system;
use super::target::FileTarget;
use crate::error::{Error, ErrorKind};

/// The target of the content.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a download has one of them")]
pub(super) enum Sink<'a> {
    /// A file whose path the first response decides. Nothing can be written before.
    Unnamed,
    /// A partial file.
    Part(Box<PartFile>),
    /// A file that can't be replaced.
    InPlace(Box<InPlace>),
    /// A device, pipe or socket, which can't take bytes back.
    Direct {
        to: BorrowedDescriptor<'a>,
        /// Bytes written so far.
        bytes: u64,
        /// Their version, if known.
        known: Option<Version>,
    },
}

impl<'a> Sink<'a> {
    pub(super) fn direct(to: BorrowedDescriptor<'a>) -> Sink<'a> {
        Sink::Direct { to, bytes: 0, known: None }
    }

    /// Returns a partial file beside the file at `target`. If its directory lets nobody create a
    /// file, it is the file at `target` itself.
    pub(super) fn at(target: FileTarget) -> Result<Sink<'a>, FileError> {
        match PartFile::open(target.clone()) {
            Err(error) if target.replaced.is_some() && is_closed(&error) => {
                log::info!(
                    "{error}: {}; {} is written in place",
                    error.cause(),
                    target.path.display()
                );
                Ok(Sink::InPlace(Box::new(InPlace::open(&target.path)?)))
            }
            opened => Ok(Sink::Part(Box::new(opened?))),
        }
    }

    /// Returns the number of bytes that can't be taken back.
    pub(super) fn bytes_taken(&self) -> u64 {
        match self {
            Sink::Unnamed | Sink::Part(_) | Sink::InPlace(_) => 0,
            Sink::Direct { bytes, .. } => *bytes,
        }
    }

    /// Returns content that can be resumed, if its version is known.
    pub(super) fn partial(&self) -> Result<Option<Partial>, FileError> {
        match self {
            Sink::Part(part) => part.partial(),
            Sink::InPlace(file) => file.partial(),
            Sink::Direct { bytes, known: Some(version), .. } if *bytes > 0 => {
                Ok(Some(Partial { bytes: *bytes, version: version.clone() }))
            }
            Sink::Unnamed | Sink::Direct { .. } => Ok(None),
        }
    }

    /// Returns the size of the file to be replaced. Returns `None` if there is none, or if there is
    /// a partial file.
    pub(super) fn whole(&self) -> Result<Option<u64>, FileError> {
        match self {
            Sink::Part(part) => part.whole(),
            Sink::InPlace(file) => file.whole(),
            Sink::Unnamed | Sink::Direct { .. } => Ok(None),
        }
    }

    /// Returns the partial file, to be read. Returns `None` if written bytes can't be read back.
    pub(super) fn readable(&self) -> Option<&File> {
        match self {
            Sink::Part(part) => Some(part.file()),
            Sink::Unnamed | Sink::InPlace(_) | Sink::Direct { .. } => None,
        }
    }

    /// Opens the file to be replaced.
    pub(super) fn open_whole(&self) -> Result<Option<File>, FileError> {
        match self {
            Sink::Part(part) => part.open_whole().map(Some),
            Sink::Unnamed | Sink::InPlace(_) | Sink::Direct { .. } => Ok(None),
        }
    }

    /// Returns `true` if written bytes can neither be taken back nor resumed.
    pub(super) fn is_stuck(&self) -> bool {
        match self {
            Sink::Unnamed | Sink::Part(_) | Sink::InPlace(_) => false,
            Sink::Direct { bytes, known, .. } => *bytes > 0 && known.is_none(),
        }
    }

    /// Prepares for all content, of this version.
    pub(super) fn begin(&mut self, version: Option<Version>) -> Result<(), FileError> {
        match self {
            Sink::Unnamed => Ok(()),
            Sink::Part(part) => part.begin(version),
            Sink::InPlace(file) => file.begin(version),
            Sink::Direct { known, .. } => {
                *known = version;
                Ok(())
            }
        }
    }

    /// Keeps the first `bytes`, and drops later ones as far as possible.
    pub(super) fn keep(&mut self, bytes: u64) -> Result<(), FileError> {
        match self {
            Sink::Part(part) => part.keep(bytes),
            Sink::InPlace(file) => file.keep(bytes),
            Sink::Unnamed | Sink::Direct { .. } => Ok(()),
        }
    }

    /// Counts `more` written bytes.
    pub(super) fn count_written(&mut self, more: u64) {
        if let Sink::Direct { bytes, .. } = self {
            *bytes += more;
        }
    }

    /// Completes the target, which has `bytes`.
    pub(super) fn finish(self, bytes: u64, modified: Option<SystemTime>) -> Result<(), FileError> {
        match self {
            Sink::Part(part) => part.finish(bytes, modified),
            Sink::InPlace(file) => file.finish(bytes, modified),
            Sink::Unnamed | Sink::Direct { .. } => Ok(()),
        }
    }

    /// Returns the descriptor to write to.
    pub(super) fn target(&self) -> Result<BorrowedDescriptor<'_>, Error> {
        match self {
            Sink::Unnamed => {
                Err(Error::new(ErrorKind::Write).with_cause("the file has no name yet"))
            }
            Sink::Part(part) => Ok(part.file().as_descriptor()),
            Sink::InPlace(file) => Ok(file.file().as_descriptor()),
            Sink::Direct { to, .. } => Ok(*to),
        }
    }
}

/// Returns `true` if a file does not exist and can't be created: its directory is read-only, or
/// another user's.
fn is_closed(error: &FileError) -> bool {
    let is_missing = || {
        fs::symlink_metadata(error.path())
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    system::is_closed(error.cause()) && is_missing()
}
