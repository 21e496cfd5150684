//! The coding `br` (RFC 7932).

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::stage::{Fault, Stage};

/// A decoder of br.
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    has_begun: bool,
    is_done: bool,
}

impl Brotli {
    pub(super) fn new() -> Brotli {
        let alloc = StandardAlloc::default;
        let state = Box::new(BrotliState::new_strict(alloc(), alloc(), alloc()));
        Brotli { state, has_begun: false, is_done: false }
    }
}

impl Stage for Brotli {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        room: &mut u64,
    ) -> Result<(usize, usize), Fault> {
        if let (Some(&first), false) = (input.first(), self.has_begun) {
            let window = window(first);
            if window > *room {
                return Err(Fault::Window { bytes: window, max: *room });
            }
            *room -= window;
            self.has_begun = true;
        }
        if self.is_done {
            return match input.is_empty() {
                true => Ok((0, 0)),
                false => Err(Fault::new(0, "bytes behind the end")),
            };
        }
        let (mut left, mut used, mut free, mut written) = (input.len(), 0, output.len(), 0);
        // The total is of no use here.
        let mut total = 0;
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            input,
            &mut free,
            &mut written,
            output,
            &mut total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => return Err(Fault::new(used, "no valid brotli data")),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            // The next call refuses further input.
            BrotliResult::ResultSuccess => self.is_done = true,
        }
        Ok((used, written))
    }

    fn is_complete(&self) -> bool {
        self.is_done
    }
}

/// Returns the size of the window in bytes, from the first byte of the stream (RFC 7932 section
/// 9.1). Returns 0 for a value that the decoder refuses.
fn window(first: u8) -> u64 {
    let bits = match (first & 1, first >> 1 & 7, first >> 4 & 7) {
        (0, _, _) => 16,
        (_, 0, 0) => 17,
        (_, 0, 1) => return 0,
        (_, 0, more) => 8 + more,
        (_, more, _) => 17 + more,
    };
    1 << bits
}
