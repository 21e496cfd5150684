//! A descriptor of somebody else's, read and written by std.

use std::fs::File;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};

/// A descriptor that is lent, as a [`File`], without another handle of it: std reads and writes
/// files, and does not ask what is behind.
#[derive(Debug)]
pub(crate) struct LentFile<'a> {
    file: ManuallyDrop<File>,
    lent: PhantomData<BorrowedFd<'a>>,
}

impl<'a> LentFile<'a> {
    pub(crate) fn of(descriptor: BorrowedFd<'a>) -> LentFile<'a> {
        // SAFETY: the descriptor is open for 'a, which outlives the file, and it is not closed with
        // the file, which is never dropped and can't be taken out.
        let file = unsafe { File::from_raw_fd(descriptor.as_raw_fd()) };
        LentFile { file: ManuallyDrop::new(file), lent: PhantomData }
    }
}

impl Deref for LentFile<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}
