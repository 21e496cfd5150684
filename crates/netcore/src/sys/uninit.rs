//! Initialised buffers for socket2.

use std::mem::MaybeUninit;

/// Converts a buffer into the form that socket2 takes.
pub(crate) fn uninit(buffer: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: `MaybeUninit<u8>` has the layout of `u8`. The result must not be used to write
    // uninitialised bytes; it goes to socket2's receiving functions only, which promise that.
    unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) }
}
