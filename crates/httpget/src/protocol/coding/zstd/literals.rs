//! The literals of a compressed block (RFC 8878 section 3.1.1.3.1).

use super::frame::little_endian;
use super::huffman::HuffmanTable;

const SHORT: &str = "truncated literals";

/// The literals of a block, and the Huffman code that the next block may use again.
#[derive(Default)]
pub(super) struct Literals {
    bytes: Vec<u8>,
    table: HuffmanTable,
}

impl Literals {
    /// Forgets the blocks of the last frame.
    pub(super) fn begin(&mut self) {
        self.table.clear();
    }

    /// Returns the literals of the block.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Decodes the literals at the beginning of a block, at most `max` bytes. Returns the number of
    /// coded bytes.
    pub(super) fn decode(&mut self, block: &[u8], max: usize) -> Result<usize, &'static str> {
        let first = usize::from(*block.first().ok_or(SHORT)?);
        let (kind, format) = (first & 3, first >> 2 & 3);
        let is_plain = kind < 2;
        let length = match (is_plain, format) {
            (true, 0 | 2) => 1,
            (true, 1) => 2,
            (true, _) | (false, 0 | 1) => 3,
            (false, 2) => 4,
            (false, _) => 5,
        };
        let header = little_endian(block.get(..length).ok_or(SHORT)?);
        let rest = &block[length..];
        // Each size has at most 20 bits.
        let bits = |from: u32, count: u32| (header >> from & ((1 << count) - 1)) as usize;
        let (size, coded) = match (is_plain, format) {
            (true, 0 | 2) => (bits(3, 5), 0),
            (true, 1) => (bits(4, 12), 0),
            (true, _) => (bits(4, 20), 0),
            (false, 0 | 1) => (bits(4, 10), bits(14, 10)),
            (false, 2) => (bits(4, 14), bits(18, 14)),
            (false, _) => (bits(4, 18), bits(22, 18)),
        };
        if size > max {
            return Err("a block that is too large");
        }
        self.bytes.clear();
        match kind {
            0 => {
                self.bytes.extend_from_slice(rest.get(..size).ok_or(SHORT)?);
                return Ok(length + size);
            }
            1 => {
                self.bytes.resize(size, *rest.first().ok_or(SHORT)?);
                return Ok(length + 1);
            }
            _ => {}
        }
        let mut streams = rest.get(..coded).ok_or(SHORT)?;
        if kind == 2 {
            let used = self.table.parse(streams)?;
            streams = &streams[used..];
        } else if self.table.is_empty() {
            return Err("literals without a Huffman table");
        }
        self.bytes.resize(size, 0);
        match format {
            0 => self.table.decode(streams, &mut self.bytes)?,
            _ => self.four_streams(streams)?,
        }
        Ok(length + coded)
    }

    /// Decodes four streams, behind the sizes of the first three.
    fn four_streams(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        let (sizes, mut streams) = bytes.split_at_checked(6).ok_or(SHORT)?;
        let symbols = self.bytes.len().div_ceil(4);
        let mut output = &mut self.bytes[..];
        for size in sizes.chunks(2) {
            let size = usize::from(u16::from_le_bytes([size[0], size[1]]));
            let (stream, others) = streams.split_at_checked(size).ok_or(SHORT)?;
            let split = output.split_at_mut_checked(symbols);
            let (decoded, rest) = split.ok_or("too few literals for four streams")?;
            self.table.decode(stream, decoded)?;
            (streams, output) = (others, rest);
        }
        self.table.decode(streams, output)
    }
}
