//! Tables of finite state entropy (RFC 8878 section 4.1).

use super::bits::{BackwardBits, ForwardBits};

/// The most bits of a table's index.
const MAX_LOG: u32 = 9;

/// A decoding table.
#[derive(Clone, Default)]
pub(super) struct FseTable {
    log: u32,
    cells: Vec<Cell>,
}

/// A state: its symbol, and the next state, `base` plus the value of the next `bits` bits.
#[derive(Clone, Copy, Default)]
struct Cell {
    symbol: u8,
    bits: u8,
    base: u16,
}

/// The distribution of a table: the number of states of each symbol. -1 is one state of all bits.
pub(super) struct Distribution {
    pub(super) log: u32,
    pub(super) counts: Vec<i16>,
}

impl Distribution {
    /// Reads a distribution of at most `symbols` symbols and `max_log` bits. Returns it, and the
    /// number of its bytes.
    pub(super) fn parse(
        bytes: &[u8],
        symbols: usize,
        max_log: u32,
    ) -> Result<(Distribution, usize), &'static str> {
        const SHORT: &str = "a truncated distribution";
        let mut stream = ForwardBits::new(bytes);
        let log = stream.read(4).ok_or(SHORT)? + 5;
        if log > max_log {
            return Err("a distribution that is too large");
        }
        let mut left: i32 = 1 << log;
        let mut counts = Vec::with_capacity(symbols);
        while left > 0 {
            // The value is between 0 and left + 1. Low values have one bit less.
            let bits = (left + 1).ilog2() + 1;
            let half = (1 << (bits - 1)) - 1;
            let short = (1 << bits) - 1 - (left + 1);
            let value = stream.read(bits).ok_or(SHORT)? as i32;
            let low = value & half;
            let value = if low < short {
                stream.unread();
                low
            } else if value > half {
                value - short
            } else {
                value
            };
            let count = value - 1;
            left -= count.abs();
            counts.push(i16::try_from(count).map_err(|_| SHORT)?);
            if count == 0 {
                loop {
                    let zeros = stream.read(2).ok_or(SHORT)?;
                    counts.extend((0..zeros).map(|_| 0));
                    if zeros < 3 || counts.len() > symbols {
                        break;
                    }
                }
            }
            if counts.len() > symbols {
                return Err("a distribution of too many symbols");
            }
        }
        Ok((Distribution { log, counts }, stream.bytes_used()))
    }
}

impl FseTable {
    /// Builds the table of a distribution, whose counts have the sum of the states.
    pub(super) fn build(&mut self, distribution: &Distribution) {
        let Distribution { log, counts } = distribution;
        let size = 1_usize << log;
        self.log = *log;
        self.cells.clear();
        self.cells.resize(size, Cell::default());
        let mut next: Vec<u32> = Vec::with_capacity(counts.len());
        let mut end = size;
        for (symbol, count) in counts.iter().enumerate() {
            next.push(u32::from(count.unsigned_abs()));
            if *count == -1 {
                end -= 1;
                self.cells[end].symbol = symbol as u8;
            }
        }
        let (step, mask) = (size / 2 + size / 8 + 3, size - 1);
        let mut position = 0;
        for (symbol, count) in counts.iter().enumerate() {
            for _ in 0..(*count).max(0) {
                self.cells[position].symbol = symbol as u8;
                loop {
                    position = (position + step) & mask;
                    if position < end {
                        break;
                    }
                }
            }
        }
        debug_assert_eq!(position, 0, "all states have a symbol");
        for cell in &mut self.cells {
            let state = &mut next[usize::from(cell.symbol)];
            let bits = log - state.ilog2();
            cell.bits = bits as u8;
            cell.base = ((*state << bits) - size as u32) as u16;
            *state += 1;
        }
    }

    /// Makes a table of one symbol, which takes no bits.
    pub(super) fn repeat(&mut self, symbol: u8) {
        self.log = 0;
        self.cells.clear();
        self.cells.push(Cell { symbol, bits: 0, base: 0 });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.cells.clear();
    }

    /// Reads the first state.
    pub(super) fn first(&self, stream: &mut BackwardBits<'_>) -> FseState {
        debug_assert!(self.log <= MAX_LOG);
        FseState(stream.read(self.log) as u16)
    }

    /// Returns the symbol of a state.
    #[inline]
    pub(super) fn symbol(&self, state: FseState) -> u8 {
        self.cells[usize::from(state.0)].symbol
    }

    /// Reads the state after `state`.
    #[inline]
    pub(super) fn next(&self, state: FseState, stream: &mut BackwardBits<'_>) -> FseState {
        let cell = self.cells[usize::from(state.0)];
        FseState(cell.base + stream.read(cell.bits.into()) as u16)
    }
}

/// A state of a table.
#[derive(Clone, Copy)]
pub(super) struct FseState(u16);
