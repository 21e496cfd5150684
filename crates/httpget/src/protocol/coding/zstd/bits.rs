//! Bit streams of zstd, forwards and backwards (RFC 8878 section 4.1).

/// A bit stream read from its last byte to its first, as that of sequences and literals. Bits
/// before its beginning are zeros, and [`is_overrun`](BackwardBits::is_overrun) reports them.
pub(super) struct BackwardBits<'a> {
    bytes: &'a [u8],
    /// The offset of the eight bytes in `bits`.
    offset: usize,
    bits: u64,
    /// The number of bits consumed from the top of `bits`.
    consumed: u32,
}

impl<'a> BackwardBits<'a> {
    /// Returns the stream in `bytes`, whose last byte has the mark of the end: its highest bit
    /// that is set.
    pub(super) fn new(bytes: &'a [u8]) -> Result<BackwardBits<'a>, &'static str> {
        let consumed = match bytes.last() {
            None | Some(0) => return Err("a bit stream without an end mark"),
            Some(last) => last.leading_zeros() + 1,
        };
        let mut stream = BackwardBits { bytes, offset: 0, bits: 0, consumed };
        match bytes.len().checked_sub(8) {
            Some(offset) => {
                stream.offset = offset;
                stream.load();
            }
            None => {
                for byte in bytes {
                    stream.bits = stream.bits >> 8 | u64::from(*byte) << 56;
                }
            }
        }
        Ok(stream)
    }

    #[inline]
    fn load(&mut self) {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.bytes[self.offset..self.offset + 8]);
        self.bits = u64::from_le_bytes(bytes);
    }

    /// Makes at least 56 bits available, unless the stream is at its beginning.
    #[inline]
    pub(super) fn refill(&mut self) {
        let bytes = (self.consumed as usize / 8).min(self.offset);
        if bytes > 0 {
            self.offset -= bytes;
            self.consumed -= bytes as u32 * 8;
            self.load();
        }
    }

    /// Returns the next `count` bits, at most 56 since the last [`refill`](BackwardBits::refill).
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u64 {
        match self.consumed {
            // Two shifts, because one by 64 is none.
            0..64 => self.bits << self.consumed >> 1 >> (63 - count),
            _ => 0,
        }
    }

    /// Consumes `count` bits.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.consumed += count;
    }

    /// Returns and consumes `count` bits.
    #[inline]
    pub(super) fn read(&mut self, count: u32) -> u64 {
        let value = self.peek(count);
        self.skip(count);
        value
    }

    /// Returns `true` if bits before the beginning were consumed. Call it after a
    /// [`refill`](BackwardBits::refill).
    pub(super) fn is_overrun(&self) -> bool {
        self.consumed > self.available()
    }

    /// Returns `true` if exactly all bits are consumed.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.refill();
        self.offset == 0 && self.consumed == self.available()
    }

    fn available(&self) -> u32 {
        self.bytes.len().min(8) as u32 * 8
    }
}

/// A bit stream read from its first byte to its last, as that of a distribution.
pub(super) struct ForwardBits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> ForwardBits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> ForwardBits<'a> {
        ForwardBits { bytes, position: 0 }
    }

    /// Returns and consumes `count` bits, at most 16. Returns `None` behind the end.
    pub(super) fn read(&mut self, count: u32) -> Option<u32> {
        let end = self.position + count as usize;
        if end > self.bytes.len() * 8 {
            return None;
        }
        let (first, shift) = (self.position / 8, self.position % 8);
        let mut value = 0;
        for (index, byte) in self.bytes[first..].iter().take(3).enumerate() {
            value |= u32::from(*byte) << (8 * index);
        }
        self.position = end;
        Some(value >> shift & ((1 << count) - 1))
    }

    /// Gives back one bit.
    pub(super) fn unread(&mut self) {
        self.position -= 1;
    }

    /// Returns the number of bytes of which bits were consumed.
    pub(super) fn bytes_used(&self) -> usize {
        self.position.div_ceil(8)
    }
}
