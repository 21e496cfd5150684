//! The buffers of a thread for ciphertext in transit, so that an idle session needs none.

use std::cell::Cell;

/// The usual size of a buffer in bytes.
pub(super) const SIZE: usize = 64 * 1024;

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "it is const; clippy errs on Windows")]
    static SCRATCH: Cell<Scratch> = const { Cell::new(Scratch::new()) };
}

#[derive(Default)]
pub(super) struct Scratch {
    input: Vec<u8>,
    output: Vec<u8>,
    #[cfg(feature = "server")]
    gathered: Vec<u8>,
}

impl Scratch {
    const fn new() -> Scratch {
        Scratch {
            input: Vec::new(),
            output: Vec::new(),
            #[cfg(feature = "server")]
            gathered: Vec::new(),
        }
    }

    /// Calls `f` with the buffers of this thread. Inside such a call the buffers are fresh ones,
    /// since one session may be the transport of another. So are they while the thread ends, when
    /// it has no buffers any more.
    pub(super) fn with<T>(f: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
        let result = f(&mut scratch);
        let _ = SCRATCH.try_with(|kept| kept.set(scratch));
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
