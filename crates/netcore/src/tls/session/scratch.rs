//! The buffers of a thread for ciphertext in transit, so that an idle session needs none.

use std::cell::Cell;

/// The usual size of a buffer in bytes.
pub(super) const SIZE: usize = 64 * 1024;

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "it is const; clippy errs on Windows")]
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

#[derive(Default)]
pub(super) struct Scratch {
    input: Vec<u8>,
    output: Vec<u8>,
    #[cfg(feature = "server")]
    gathered: Vec<u8>,
    /// The buffers for calls inside a call: one session may be the transport of another.
    inner: Option<Box<Scratch>>,
}

impl Scratch {
    /// Calls `f` with the buffers of this thread. A call inside such a call has buffers of its own.
    /// While the thread ends it has no buffers any more, and they are fresh ones.
    pub(super) fn with<T>(f: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let inner = scratch.inner.take();
        let _ = SCRATCH.try_with(|kept| kept.set(inner));
        let result = f(&mut scratch);
        scratch.inner = SCRATCH.try_with(Cell::take).ok().flatten();
        let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
        result
    }

    /// Returns a buffer of `length` bytes for received ciphertext.
    pub(super) fn input(&mut self, length: usize) -> &mut [u8] {
        sized(&mut self.input, length)
    }

    /// Returns a buffer of `length` bytes for ciphertext to send.
    pub(super) fn output(&mut self, length: usize) -> &mut [u8] {
        sized(&mut self.output, length)
    }

    /// Takes the buffer for several slices that become one record. It is empty.
    #[cfg(feature = "server")]
    pub(super) fn take_gathered() -> Vec<u8> {
        Scratch::with(|scratch| std::mem::take(&mut scratch.gathered))
    }

    /// Gives the buffer back.
    #[cfg(feature = "server")]
    pub(super) fn put_gathered(mut gathered: Vec<u8>) {
        gathered.clear();
        Scratch::with(|scratch| scratch.gathered = gathered);
    }
}

fn sized(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}
