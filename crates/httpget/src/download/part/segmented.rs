//! A partial file with holes: the mark lists the missing ranges.
//!
//! The mark says that ranges are missing before the file gets its full size, and that a range is
//! complete only after its content is on the disk. So a process that is killed, and a power loss,
//! cost content but never invent it.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use netcore::error::FileError;

use super::PartFile;
use crate::download::resume::Version;

impl PartFile {
    /// Returns the missing ranges of a file with holes. Returns `None` if the file has none: it is
    /// the beginning of the content.
    pub(in crate::download) fn left(&self) -> Result<Option<&[Range<u64>]>, FileError> {
        let (Some(left), Some(version)) = (&self.mark.left, &self.mark.version) else {
            return Ok(None);
        };
        // A mark without its file, which was emptied meanwhile, lists nothing.
        Ok(if version.total == Some(self.bytes()?) { Some(left) } else { None })
    }

    /// Makes this a file of `total` bytes, of which these ranges are missing.
    pub(in crate::download) fn spread(
        &mut self,
        left: Vec<Range<u64>>,
        total: u64,
    ) -> Result<(), FileError> {
        self.mark.left = Some(left);
        self.write_mark(true)?;
        netcore::file_space::allocate(&self.file, total)
            .map_err(FileError::new("allocate", &self.path))
    }

    /// Records the missing ranges, after everything else is on the disk.
    pub(in crate::download) fn record(&mut self, left: Vec<Range<u64>>) -> Result<(), FileError> {
        self.file.sync_data().map_err(FileError::new("sync", &self.path))?;
        self.mark.left = Some(left);
        self.write_mark(false)
    }

    /// Returns another descriptor of the file, for a worker.
    pub(in crate::download) fn for_worker(&self) -> Result<File, FileError> {
        self.file.try_clone().map_err(FileError::new("duplicate the descriptor of", &self.path))
    }

    /// Returns `true` if the content is of this version.
    pub(in crate::download) fn is_of(&self, version: Option<&Version>) -> bool {
        version.is_some() && self.mark.version.as_ref() == version
    }

    /// Returns the path of the partial file.
    pub(in crate::download) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns `true` if nothing has arrived.
    pub(super) fn is_blank(&self) -> bool {
        let Ok(bytes) = self.bytes() else { return false };
        let is_hole = |left: &Vec<Range<u64>>| left.first() == Some(&(0..bytes));
        bytes == 0 || self.mark.left.as_ref().is_some_and(is_hole)
    }
}
