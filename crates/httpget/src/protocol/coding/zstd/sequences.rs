//! The sequences of a compressed block: literals and matches (RFC 8878 section 3.1.1.3.2).

use super::bits::BackwardBits;
use super::fse::{Distribution, FseTable};
use super::window::Window;

const SHORT: &str = "truncated sequences";
const TOO_LARGE: &str = "a block that is too large";

/// The baseline and the number of extra bits of each literals length code.
const LITERAL_LENGTHS: [(u32, u8); 36] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 0),
    (12, 0),
    (13, 0),
    (14, 0),
    (15, 0),
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 4),
    (64, 6),
    (128, 7),
    (256, 8),
    (512, 9),
    (1024, 10),
    (2048, 11),
    (4096, 12),
    (8192, 13),
    (16384, 14),
    (32768, 15),
    (65536, 16),
];

/// The baseline and the number of extra bits of the match length codes from 32 on. Those before
/// have the lengths from 3 on, without extra bits.
const LONG_MATCHES: [(u32, u8); 21] = [
    (35, 1),
    (37, 1),
    (39, 1),
    (41, 1),
    (43, 2),
    (47, 2),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 5),
    (131, 7),
    (259, 8),
    (515, 9),
    (1027, 10),
    (2051, 11),
    (4099, 12),
    (8195, 13),
    (16387, 14),
    (32771, 15),
    (65539, 16),
];

/// A table of one kind of code, with what its description may be.
struct Kind {
    /// The number of symbols.
    symbols: usize,
    /// The most bits of a state.
    max_log: u32,
    /// The predefined distribution.
    log: u32,
    counts: &'static [i16],
}

#[rustfmt::skip]
const KINDS: [Kind; 3] = [
    Kind {
        symbols: 36, max_log: 9, log: 6,
        counts: &[
            4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
            -1, -1, -1, -1,
        ],
    },
    Kind {
        symbols: 32, max_log: 8, log: 5,
        counts: &[
            1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
        ],
    },
    Kind {
        symbols: 53, max_log: 9, log: 6,
        counts: &[
            1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
        ],
    },
];

/// The tables and the offsets that later blocks of the frame may use again.
#[derive(Default)]
pub(super) struct Sequences {
    /// The tables of literals lengths, offsets and match lengths.
    tables: [FseTable; 3],
    /// The last three offsets.
    offsets: [u32; 3],
}

impl Sequences {
    /// Forgets the blocks of the last frame.
    pub(super) fn begin(&mut self) {
        self.tables.iter_mut().for_each(FseTable::clear);
        self.offsets = [1, 4, 8];
    }

    /// Executes the sequences in `bytes`, at most `max` bytes of output.
    pub(super) fn execute(
        &mut self,
        bytes: &[u8],
        literals: &[u8],
        max: usize,
        window: &mut Window,
    ) -> Result<(), &'static str> {
        let (count, mut rest) = count(bytes)?;
        if count == 0 {
            window.push(literals);
            return if rest.is_empty() { Ok(()) } else { Err("bytes behind the sequences") };
        }
        let (&modes, tables) = rest.split_first().ok_or(SHORT)?;
        if modes & 3 != 0 {
            return Err("a reserved bit is set");
        }
        rest = tables;
        for (index, kind) in KINDS.iter().enumerate() {
            let used = self.table(index, kind, modes >> (6 - 2 * index) & 3, rest)?;
            rest = &rest[used..];
        }
        let mut stream = BackwardBits::new(rest)?;
        let [literal_lengths, offsets, match_lengths] = &self.tables;
        let mut literal_state = literal_lengths.first(&mut stream);
        let mut offset_state = offsets.first(&mut stream);
        let mut match_state = match_lengths.first(&mut stream);
        let (mut literals, mut left) = (literals, max);
        for number in 1..=count {
            stream.refill();
            let bits = u32::from(offsets.symbol(offset_state));
            let offset = (1_u64 << bits) + stream.read(bits);
            stream.refill();
            let (base, bits) = match_length(match_lengths.symbol(match_state));
            let length = base + stream.read(bits.into()) as u32;
            let (base, bits) = LITERAL_LENGTHS[usize::from(literal_lengths.symbol(literal_state))];
            let copied = base + stream.read(bits.into()) as u32;
            if number < count {
                stream.refill();
                literal_state = literal_lengths.next(literal_state, &mut stream);
                match_state = match_lengths.next(match_state, &mut stream);
                offset_state = offsets.next(offset_state, &mut stream);
            }
            let (copied, length) = (copied as usize, length as usize);
            let (copy, others) = literals.split_at_checked(copied).ok_or("too few literals")?;
            literals = others;
            left = left.checked_sub(copied + length).ok_or(TOO_LARGE)?;
            window.push(copy);
            let offset = resolve(&mut self.offsets, offset, copied == 0)?;
            window.repeat(offset as usize, length)?;
        }
        if !stream.is_at_end() {
            return Err("sequences with a wrong number of bits");
        }
        if literals.len() > left {
            return Err(TOO_LARGE);
        }
        window.push(literals);
        Ok(())
    }

    /// Prepares the table at `index`. Returns the number of bytes of its description.
    fn table(
        &mut self,
        index: usize,
        kind: &Kind,
        mode: u8,
        bytes: &[u8],
    ) -> Result<usize, &'static str> {
        let table = &mut self.tables[index];
        match mode {
            0 => {
                let distribution = Distribution { log: kind.log, counts: kind.counts.to_vec() };
                table.build(&distribution);
                Ok(0)
            }
            1 => {
                let symbol = *bytes.first().ok_or(SHORT)?;
                if usize::from(symbol) >= kind.symbols {
                    return Err("a code that does not exist");
                }
                table.repeat(symbol);
                Ok(1)
            }
            2 => {
                let (distribution, used) = Distribution::parse(bytes, kind.symbols, kind.max_log)?;
                table.build(&distribution);
                Ok(used)
            }
            _ if table.is_empty() => Err("a table that does not exist"),
            _ => Ok(0),
        }
    }
}

/// Reads the number of sequences. Returns it, and the bytes behind it.
fn count(bytes: &[u8]) -> Result<(usize, &[u8]), &'static str> {
    let byte = |index: usize| bytes.get(index).copied().map(usize::from).ok_or(SHORT);
    let (count, used) = match byte(0)? {
        first @ 0..128 => (first, 1),
        first @ 128..255 => (((first - 128) << 8) + byte(1)?, 2),
        _ => (byte(1)? + (byte(2)? << 8) + 0x7f00, 3),
    };
    Ok((count, &bytes[used..]))
}

fn match_length(code: u8) -> (u32, u8) {
    match code.checked_sub(32) {
        None => (u32::from(code) + 3, 0),
        Some(long) => LONG_MATCHES[usize::from(long)],
    }
}

/// Returns the offset that the value of an offset code stands for, and updates the last three
/// offsets (RFC 8878 section 3.1.1.5).
fn resolve(last: &mut [u32; 3], value: u64, no_literals: bool) -> Result<u32, &'static str> {
    let [first, second, third] = *last;
    let offset = match value.checked_sub(4) {
        Some(other) => u32::try_from(other + 1).map_err(|_| "an offset beyond the window")?,
        None => match value - 1 + u64::from(no_literals) {
            0 => return Ok(first),
            1 => {
                *last = [second, first, third];
                return Ok(second);
            }
            2 => third,
            _ => first.checked_sub(1).filter(|it| *it > 0).ok_or("an offset of zero")?,
        },
    };
    *last = [offset, first, second];
    Ok(offset)
}
