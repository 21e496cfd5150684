//! The blocks of a zstd frame (RFC 8878 section 3.1.1.2).

use super::frame::little_endian;
use super::limits::{MAX_BLOCK, Wrong};
use super::literals::Literals;
use super::sequences::Sequences;
use super::window::Window;

/// The header of a block.
#[derive(Clone, Copy)]
pub(super) struct BlockHeader {
    pub(super) is_last: bool,
    pub(super) kind: BlockKind,
    /// The coded size in bytes; of [`BlockKind::Rle`] the decoded size.
    pub(super) size: usize,
}

#[derive(Clone, Copy)]
pub(super) enum BlockKind {
    Raw,
    /// One byte that is repeated.
    Rle,
    Compressed,
}

impl BlockHeader {
    pub(super) fn parse(bytes: &[u8]) -> Result<BlockHeader, Wrong> {
        let value = little_endian(bytes);
        let kind = match value >> 1 & 3 {
            0 => BlockKind::Raw,
            1 => BlockKind::Rle,
            2 => BlockKind::Compressed,
            _ => return Err(Wrong::Bytes("a block of a reserved type")),
        };
        // At most 21 bits.
        let size = usize::try_from(value >> 3).unwrap_or(usize::MAX);
        Ok(BlockHeader { is_last: value & 1 == 1, kind, size })
    }

    /// Returns the coded size in bytes.
    pub(super) fn coded_size(self) -> usize {
        match self.kind {
            BlockKind::Rle => 1,
            BlockKind::Raw | BlockKind::Compressed => self.size,
        }
    }
}

/// The state of compressed blocks, which later blocks of the frame may refer to.
#[derive(Default)]
pub(super) struct BlockDecoder {
    literals: Literals,
    sequences: Sequences,
}

impl BlockDecoder {
    /// Forgets the blocks of the last frame.
    pub(super) fn begin(&mut self) {
        self.literals.begin();
        self.sequences.begin();
    }

    /// Decodes a compressed block of at most `max` decoded bytes into the window.
    pub(super) fn decode(
        &mut self,
        block: &[u8],
        max: usize,
        window: &mut Window,
    ) -> Result<(), &'static str> {
        debug_assert!(block.len() <= MAX_BLOCK);
        let used = self.literals.decode(block, max)?;
        self.sequences.execute(&block[used..], self.literals.bytes(), max, window)
    }
}
