//! A borrowed descriptor that std reads and writes.

use std::fs::File;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd};

/// A borrowed descriptor as a [`File`], without a second handle of it. std reads and writes any
/// descriptor as a file.
#[derive(Debug)]
pub(crate) struct BorrowedFile<'a> {
    file: ManuallyDrop<File>,
    lent: PhantomData<BorrowedFd<'a>>,
}

impl<'a> BorrowedFile<'a> {
    pub(crate) fn of(descriptor: BorrowedFd<'a>) -> BorrowedFile<'a> {
        // SAFETY: the descriptor is open for 'a, which outlives the file, and it is not closed with
        // the file, which is never dropped and can't be taken out.
        let file = unsafe { File::from_raw_fd(descriptor.as_raw_fd()) };
        BorrowedFile { file: ManuallyDrop::new(file), lent: PhantomData }
    }
}

impl Deref for BorrowedFile<'_> {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}
