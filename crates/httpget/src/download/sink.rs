use std::os::fd::{AsFd, BorrowedFd};
use std::time::SystemTime;

use super::FileError;
use super::part::Part;
use super::resume::{Partial, Version};

/// What is written to.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a download has one of them")]
pub(super) enum Sink<'a> {
    /// What becomes a file.
    Part(Box<Part>),
    /// What takes nothing back.
    Straight {
        to: BorrowedFd<'a>,
        /// How many bytes it took.
        bytes: u64,
        /// The version that they are of, if it is known.
        known: Option<Version>,
    },
}

impl<'a> Sink<'a> {
    pub(super) fn straight(to: BorrowedFd<'a>) -> Sink<'a> {
        Sink::Straight { to, bytes: 0, known: None }
    }

    /// How much there is that can't be taken back.
    pub(super) fn bytes_taken(&self) -> u64 {
        match self {
            Sink::Part(_) => 0,
            Sink::Straight { bytes, .. } => *bytes,
        }
    }

    /// What there is to go on with, if its version is known.
    pub(super) fn partial(&self) -> Result<Option<Partial>, FileError> {
        match self {
            Sink::Part(part) => part.partial(),
            Sink::Straight { bytes, known: Some(version), .. } if *bytes > 0 => {
                Ok(Some(Partial { bytes: *bytes, version: version.clone() }))
            }
            Sink::Straight { .. } => Ok(None),
        }
    }

    /// The size of the file that would be replaced. Returns `None` if there is none, or if there is
    /// a part of another one.
    pub(super) fn whole(&self) -> Result<Option<u64>, FileError> {
        match self {
            Sink::Part(part) => part.whole(),
            Sink::Straight { .. } => Ok(None),
        }
    }

    /// What was written can neither be taken back nor gone on with.
    pub(super) fn is_stuck(&self) -> bool {
        match self {
            Sink::Part(_) => false,
            Sink::Straight { bytes, known, .. } => *bytes > 0 && known.is_none(),
        }
    }

    /// Gets ready for the whole content, of this version.
    pub(super) fn begin(&mut self, version: Option<Version>) -> Result<(), FileError> {
        match self {
            Sink::Part(part) => part.begin(version),
            Sink::Straight { known, .. } => {
                *known = version;
                Ok(())
            }
        }
    }

    /// What comes goes behind the first `bytes`, and those that were there behind them are gone as
    /// far as that is possible.
    pub(super) fn keep(&mut self, bytes: u64) -> Result<(), FileError> {
        match self {
            Sink::Part(part) => part.keep(bytes),
            Sink::Straight { .. } => Ok(()),
        }
    }

    /// So many bytes more were written.
    pub(super) fn took(&mut self, more: u64) {
        if let Sink::Straight { bytes, .. } = self {
            *bytes += more;
        }
    }

    /// All `bytes` are there.
    pub(super) fn finish(self, bytes: u64, modified: Option<SystemTime>) -> Result<(), FileError> {
        match self {
            Sink::Part(part) => part.finish(bytes, modified),
            Sink::Straight { .. } => Ok(()),
        }
    }
}

impl AsFd for Sink<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Sink::Part(part) => part.as_fd(),
            Sink::Straight { to, .. } => *to,
        }
    }
}
