//! The coding `deflate`: a zlib stream (RFC 1950), or deflate data without its header (RFC 1951).
//!
//! RFC 9110 section 8.4.1.2 defines it as the former, and notes that some servers send the latter.

use flate2::Decompress;

use super::gzip::inflate;
use super::stage::{Fault, Stage};

/// A decoder of deflate.
pub(super) struct Deflate {
    state: State,
    /// The first two bytes, which tell the formats apart.
    first: [u8; 2],
}

enum State {
    /// The first bytes, of which so many are read.
    First(usize),
    /// The stream, with the number of first bytes that it has taken.
    Stream(Decompress, usize),
    Done,
}

impl Deflate {
    pub(super) fn new() -> Deflate {
        Deflate { state: State::First(0), first: [0; 2] }
    }
}

impl Stage for Deflate {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        _: &mut u64,
    ) -> Result<(usize, usize), Fault> {
        let (mut used, mut written) = (0, 0);
        loop {
            match &mut self.state {
                State::First(2) => {
                    self.state = State::Stream(Decompress::new(is_zlib(self.first)), 0);
                }
                State::First(read) => {
                    let Some(&byte) = input.get(used) else { return Ok((used, written)) };
                    self.first[*read] = byte;
                    *read += 1;
                    used += 1;
                }
                State::Stream(stream, taken) => {
                    let is_first = *taken < 2;
                    let from = if is_first { &self.first[*taken..] } else { &input[used..] };
                    let (consumed, made, ended) = inflate(stream, from, &mut output[written..])
                        .map_err(|fault| if is_first { fault } else { fault.behind(used) })?;
                    written += made;
                    match is_first {
                        true => *taken += consumed,
                        false => used += consumed,
                    }
                    if ended && *taken < 2 {
                        return Err(Fault::new(used, "bytes behind the end"));
                    }
                    if ended {
                        self.state = State::Done;
                    } else if written == output.len() || (!is_first && used == input.len()) {
                        return Ok((used, written));
                    }
                }
                State::Done if used == input.len() => return Ok((used, written)),
                State::Done => return Err(Fault::new(used, "bytes behind the end")),
            }
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

/// Returns `true` for the header of a zlib stream (RFC 1950 section 2.2) without a dictionary.
/// Deflate data that begins with such bytes would be a stored block with padding other than zeros,
/// which no encoder writes.
fn is_zlib([method, flags]: [u8; 2]) -> bool {
    method & 0x0f == 8
        && method >> 4 <= 7
        && u16::from_be_bytes([method, flags]) % 31 == 0
        && flags & (1 << 5) == 0
}
