//! Huffman codes of literals (RFC 8878 section 4.2).

use super::bits::BackwardBits;
use super::fse::{Distribution, FseTable};

/// The most bits of a code.
const MAX_BITS: u32 = 11;

/// The most weights of a description. The weight of the last symbol is not among them.
const MAX_WEIGHTS: usize = 255;

/// A decoding table: for each value of the next bits the symbol and the length of its code.
#[derive(Default)]
pub(super) struct HuffmanTable {
    bits: u32,
    cells: Vec<Cell>,
    weights: Vec<u8>,
    fse: FseTable,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    symbol: u8,
    bits: u8,
}

impl HuffmanTable {
    pub(super) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.cells.clear();
    }

    /// Reads the description of a tree. Returns the number of its bytes.
    pub(super) fn parse(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        const SHORT: &str = "a truncated Huffman table";
        self.cells.clear();
        self.weights.clear();
        let (&header, rest) = bytes.split_first().ok_or(SHORT)?;
        let header = usize::from(header);
        let used = if header < 128 {
            let coded = rest.get(..header).ok_or(SHORT)?;
            self.coded_weights(coded)?;
            header
        } else {
            let count = header - 127;
            let used = count.div_ceil(2);
            let coded = rest.get(..used).ok_or(SHORT)?;
            let weights = coded.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            self.weights.extend(weights.take(count));
            used
        };
        self.build()?;
        Ok(1 + used)
    }

    /// Reads weights that are coded by two interleaved states.
    fn coded_weights(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        let (distribution, used) = Distribution::parse(bytes, 256, 6)?;
        self.fse.build(&distribution);
        let mut stream = BackwardBits::new(&bytes[used..])?;
        let mut one = self.fse.first(&mut stream);
        let mut other = self.fse.first(&mut stream);
        loop {
            self.weights.push(self.fse.symbol(one));
            if self.weights.len() > MAX_WEIGHTS {
                return Err("a Huffman table of too many symbols");
            }
            stream.refill();
            one = self.fse.next(one, &mut stream);
            stream.refill();
            if stream.is_overrun() {
                self.weights.push(self.fse.symbol(other));
                return Ok(());
            }
            std::mem::swap(&mut one, &mut other);
        }
    }

    /// Builds the table from the weights of all symbols except the last one, whose weight fills the
    /// sum up to a power of two.
    fn build(&mut self) -> Result<(), &'static str> {
        const WRONG: &str = "a Huffman table with wrong weights";
        let mut sum: u32 = 0;
        for weight in &self.weights {
            match u32::from(*weight) {
                0 => {}
                weight @ 1..=MAX_BITS => sum += 1 << (weight - 1),
                _ => return Err(WRONG),
            }
        }
        if sum == 0 || self.weights.len() > MAX_WEIGHTS {
            return Err(WRONG);
        }
        self.bits = sum.ilog2() + 1;
        let left = (1 << self.bits) - sum;
        if self.bits > MAX_BITS || !left.is_power_of_two() {
            return Err(WRONG);
        }
        self.weights.push(left.ilog2() as u8 + 1);
        // Symbols of low weights, which have long codes, come first.
        let mut starts = [0_usize; MAX_BITS as usize + 2];
        for weight in &self.weights {
            if *weight > 0 {
                starts[usize::from(*weight) + 1] += 1 << (weight - 1);
            }
        }
        for weight in 1..starts.len() {
            starts[weight] += starts[weight - 1];
        }
        self.cells.resize(1 << self.bits, Cell::default());
        for (symbol, weight) in self.weights.iter().enumerate() {
            if *weight > 0 {
                let start = &mut starts[usize::from(*weight)];
                let end = *start + (1 << (weight - 1));
                let bits = self.bits as u8 + 1 - weight;
                self.cells[*start..end].fill(Cell { symbol: symbol as u8, bits });
                *start = end;
            }
        }
        Ok(())
    }

    /// Decodes a stream that has exactly the symbols for `output`.
    pub(super) fn decode(&self, bytes: &[u8], output: &mut [u8]) -> Result<(), &'static str> {
        let mut stream = BackwardBits::new(bytes)?;
        let mut groups = output.chunks_exact_mut(4);
        for group in &mut groups {
            // Four codes have at most 44 bits.
            stream.refill();
            for symbol in group {
                let cell = self.cells[stream.peek(self.bits) as usize];
                stream.skip(cell.bits.into());
                *symbol = cell.symbol;
            }
        }
        stream.refill();
        for symbol in groups.into_remainder() {
            let cell = self.cells[stream.peek(self.bits) as usize];
            stream.skip(cell.bits.into());
            *symbol = cell.symbol;
        }
        match stream.is_at_end() {
            true => Ok(()),
            false => Err("literals with a wrong number of bits"),
        }
    }
}
