//! The window: the last decoded bytes, which matches refer to.

use super::limits::MAX_BLOCK;

/// A ring of the window's size and one block more, so that a block never overwrites bytes that its
/// matches may refer to. All output of a block is taken before the next block.
#[derive(Default)]
pub(super) struct Window {
    ring: Vec<u8>,
    size: usize,
    /// The next index to write.
    end: usize,
    /// Bytes of this frame that matches may refer to, at most `size`.
    known: usize,
    /// Bytes that are not yet given out.
    pending: usize,
}

impl Window {
    /// Returns the largest size so far in bytes, for which the ring has room.
    pub(super) fn size(&self) -> usize {
        self.ring.len().saturating_sub(MAX_BLOCK)
    }

    /// Prepares for a frame with a window of `size` bytes.
    pub(super) fn begin(&mut self, size: usize) {
        if self.ring.len() < size + MAX_BLOCK {
            // The system gives zero pages, which take memory when they are written.
            self.ring = Vec::new();
            self.ring = vec![0; size + MAX_BLOCK];
            self.end = 0;
        }
        self.size = size;
        self.known = 0;
    }

    /// Returns the number of bytes that are not yet given out.
    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    /// Moves bytes to `output`. Returns their number.
    pub(super) fn take(&mut self, output: &mut [u8]) -> usize {
        let count = self.pending.min(output.len());
        let mut moved = 0;
        for piece in self.pieces(self.pending, count) {
            output[moved..moved + piece.len()].copy_from_slice(piece);
            moved += piece.len();
        }
        self.pending -= count;
        count
    }

    /// Returns the last `count` bytes, in two pieces.
    pub(super) fn last(&self, count: usize) -> [&[u8]; 2] {
        self.pieces(count, count)
    }

    /// Returns `count` bytes from `back` bytes before the end on.
    fn pieces(&self, back: usize, count: usize) -> [&[u8]; 2] {
        let start = self.before(back);
        let first = count.min(self.ring.len() - start);
        [&self.ring[start..start + first], &self.ring[..count - first]]
    }

    /// Returns the index of the byte `back` bytes before the end.
    fn before(&self, back: usize) -> usize {
        match self.end.checked_sub(back) {
            Some(index) => index,
            None => self.end + self.ring.len() - back,
        }
    }

    /// Adds `bytes`, at most a block.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let first = bytes.len().min(self.ring.len() - self.end);
        let (bytes, others) = bytes.split_at(first);
        self.ring[self.end..self.end + first].copy_from_slice(bytes);
        self.ring[..others.len()].copy_from_slice(others);
        self.grow(first + others.len());
    }

    /// Adds `count` times `byte`, at most a block.
    pub(super) fn fill(&mut self, byte: u8, count: usize) {
        let first = count.min(self.ring.len() - self.end);
        self.ring[self.end..self.end + first].fill(byte);
        self.ring[..count - first].fill(byte);
        self.grow(count);
    }

    /// Adds `count` bytes again, from `offset` bytes before the end on.
    pub(super) fn repeat(&mut self, offset: usize, count: usize) -> Result<(), &'static str> {
        if offset > self.known || offset == 0 {
            return Err("an offset beyond the window");
        }
        let (mut left, mut back) = (count, offset);
        while left > 0 {
            let (from, to) = (self.before(back), self.end);
            let fits = self.ring.len() - from.max(to);
            let piece = left.min(fits).min(back);
            if piece <= 16 && fits >= 16 && back >= 16 {
                // A copy of a fixed length is faster. The bytes behind the piece are older than
                // the window.
                self.ring.copy_within(from..from + 16, to);
            } else {
                self.ring.copy_within(from..from + piece, to);
            }
            self.grow(piece);
            left -= piece;
            if piece == back {
                // A match that overlaps itself repeats: the next piece may be twice as long.
                back *= 2;
            }
        }
        Ok(())
    }

    fn grow(&mut self, count: usize) {
        self.end += count;
        if self.end >= self.ring.len() {
            self.end -= self.ring.len();
        }
        self.known = (self.known + count).min(self.size);
        self.pending += count;
    }
}
