//! The buffers of a thread for ciphertext in transit, so that an idle session needs none.

use std::cell::RefCell;

/// The usual size of a buffer in bytes.
pub(super) const SIZE: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

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
    /// since one session may be the transport of another.
    pub(super) fn with<T>(f: impl FnOnce(&mut Scratch) -> T) -> T {
        SCRATCH.with(|scratch| match scratch.try_borrow_mut() {
            Ok(mut scratch) => f(&mut scratch),
            Err(_) => f(&mut Scratch::new()),
        })
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
        SCRATCH.with(|scratch| {
            let taken = scratch.try_borrow_mut().map(|mut it| std::mem::take(&mut it.gathered));
            taken.unwrap_or_default()
        })
    }

    /// Gives the buffer back.
    #[cfg(feature = "server")]
    pub(super) fn put_gathered(mut gathered: Vec<u8>) {
        gathered.clear();
        SCRATCH.with(|scratch| {
            if let Ok(mut scratch) = scratch.try_borrow_mut() {
                scratch.gathered = gathered;
            }
        });
    }
}

fn sized(buffer: &mut Vec<u8>, length: usize) -> &mut [u8] {
    if buffer.len() < length {
        buffer.resize(length, 0);
    }
    &mut buffer[..length]
}
