//! The coding `zstd` (RFC 8878), with the window of RFC 9659.
//!
//! ```text
//!   ┌─► magic number ─┬─► frame header ─► blocks ─► checksum ─┬─ end
//!   │                 └─► skippable frame ────────────────────┤
//!   └─────────────────────────────────────────────────────────┘
//! ```
//!
//! This is our own decoder. The output and the memory of a block are checked before they grow, so
//! that no content needs more than its window, 128 KiB for a block and 128 KiB for its literals.
//! The crate ruzstd 0.8 has no such check: a block of 18 KB makes it allocate 500 MiB.

mod bits;
mod block;
mod frame;
mod fse;
mod huffman;
mod limits;
mod literals;
mod sequences;
mod window;
mod xxhash;

use super::stage::{Fault, Stage};
use block::{BlockDecoder, BlockHeader, BlockKind};
use frame::FrameHeader;
use limits::{MAX_BLOCK, MAX_WINDOW, Wrong};
use window::Window;
use xxhash::XxHash64;

#[cfg(test)]
mod tests;

/// A decoder of zstd.
pub(super) struct Zstd {
    state: State,
    /// The bytes of a part that is not complete yet.
    part: Vec<u8>,
    frame: FrameHeader,
    /// The most bytes of a block in this frame.
    max_block: usize,
    blocks: BlockDecoder,
    window: Window,
    /// Decoded bytes of this frame.
    decoded: u64,
    hash: XxHash64,
}

#[derive(Clone, Copy)]
enum State {
    Magic,
    /// The rest of a skippable frame.
    SkipLength,
    Skip(u64),
    /// The frame header behind its first byte.
    Header,
    BlockHeader,
    Block(BlockHeader),
    Checksum,
}

impl Zstd {
    pub(super) fn new() -> Zstd {
        Zstd {
            state: State::Magic,
            part: Vec::new(),
            frame: FrameHeader::default(),
            max_block: 0,
            blocks: BlockDecoder::default(),
            window: Window::default(),
            decoded: 0,
            hash: XxHash64::new(),
        }
    }

    /// Handles the end of a part whose bytes are in `bytes`.
    fn part(&mut self, bytes: &[u8], room: &mut u64) -> Result<(), Wrong> {
        self.state = match self.state {
            State::Magic => match frame::magic(bytes)? {
                frame::Magic::Frame => State::Header,
                frame::Magic::Skippable => State::SkipLength,
            },
            State::SkipLength => match frame::little_endian(bytes) {
                0 => State::Magic,
                length => State::Skip(length),
            },
            State::Skip(_) => State::Magic,
            State::Header => {
                self.frame = FrameHeader::parse(bytes)?;
                self.begin(room)?;
                State::BlockHeader
            }
            State::BlockHeader => {
                let header = BlockHeader::parse(bytes)?;
                if header.size > self.max_block {
                    return Err(Wrong::Bytes("a block that is too large"));
                }
                State::Block(header)
            }
            State::Block(header) => {
                self.block(header, bytes)?;
                match (header.is_last, self.frame.has_checksum) {
                    (false, _) => State::BlockHeader,
                    (true, false) => State::Magic,
                    (true, true) => State::Checksum,
                }
            }
            State::Checksum => {
                // The checksum has the low four bytes of the hash.
                if frame::little_endian(bytes) != self.hash.finish() & 0xffff_ffff {
                    return Err(Wrong::Bytes("the content does not match its checksum"));
                }
                State::Magic
            }
        };
        Ok(())
    }

    /// Prepares for the blocks of a frame.
    fn begin(&mut self, room: &mut u64) -> Result<(), Wrong> {
        let bytes = self.frame.window;
        let has = self.window.size() as u64;
        let max = MAX_WINDOW.min(has + *room);
        if bytes > max {
            return Err(Wrong::Window { bytes, max });
        }
        *room -= bytes.saturating_sub(has);
        // The limit is far below the limit of usize.
        let window = usize::try_from(bytes).unwrap_or(0);
        self.max_block = window.min(MAX_BLOCK);
        self.window.begin(window);
        self.blocks.begin();
        self.decoded = 0;
        self.hash = XxHash64::new();
        Ok(())
    }

    fn block(&mut self, header: BlockHeader, bytes: &[u8]) -> Result<(), Wrong> {
        let before = self.window.pending();
        match header.kind {
            BlockKind::Raw => self.window.push(bytes),
            BlockKind::Rle => self.window.fill(bytes[0], header.size),
            BlockKind::Compressed => {
                self.blocks
                    .decode(bytes, self.max_block, &mut self.window)
                    .map_err(Wrong::Bytes)?;
            }
        }
        let made = self.window.pending() - before;
        self.decoded += made as u64;
        if self.frame.has_checksum {
            for piece in self.window.last(made) {
                self.hash.update(piece);
            }
        }
        let is_whole = self.frame.content_size.is_none_or(|size| match header.is_last {
            true => self.decoded == size,
            false => self.decoded <= size,
        });
        match is_whole {
            true => Ok(()),
            false => Err(Wrong::Bytes("the content does not have the stated length")),
        }
    }

    /// Returns the number of bytes of the current part. The length of a frame header is known from
    /// its first byte on.
    fn part_length(&self, first: Option<u8>) -> usize {
        match self.state {
            State::Magic | State::SkipLength | State::Checksum => 4,
            State::Skip(_) => 0,
            State::Header => first.map_or(1, FrameHeader::length),
            State::BlockHeader => 3,
            State::Block(header) => header.coded_size(),
        }
    }
}

impl Stage for Zstd {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        room: &mut u64,
    ) -> Result<(usize, usize), Fault> {
        let (mut used, mut written) = (0, 0);
        loop {
            written += self.window.take(&mut output[written..]);
            if self.window.pending() > 0 {
                return Ok((used, written));
            }
            let rest = &input[used..];
            if let State::Skip(left) = &mut self.state {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                *left -= count as u64;
                used += count;
                match *left {
                    0 => self.state = State::Magic,
                    _ => return Ok((used, written)),
                }
                continue;
            }
            let first = self.part.first().or(rest.first()).copied();
            let length = self.part_length(first);
            if rest.is_empty() && length > self.part.len() {
                return Ok((used, written));
            }
            let missing = length - self.part.len();
            let result = if self.part.is_empty() && rest.len() >= missing {
                used += missing;
                self.part(&rest[..missing], room)
            } else {
                let count = missing.min(rest.len());
                self.part.extend_from_slice(&rest[..count]);
                used += count;
                if count < missing {
                    return Ok((used, written));
                }
                let mut part = std::mem::take(&mut self.part);
                let result = self.part(&part, room);
                part.clear();
                self.part = part;
                result
            };
            result.map_err(|wrong| match wrong {
                Wrong::Bytes(what) => Fault::new(used, what),
                Wrong::Window { bytes, max } => Fault::Window { bytes, max },
            })?;
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self.state, State::Magic) && self.part.is_empty()
    }
}
