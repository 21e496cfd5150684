//! The gzip format (RFC 1952): members with a header, deflate data, a checksum and a length.
//!
//! ```text
//!   ┌─► header ─► deflate data ─► trailer ─┬─ end
//!   │                                      ├─ zero bytes ─► end
//!   └──────────────────────────────────────┘
//! ```

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::stage::{Fault, Stage};

const FHCRC: u8 = 1 << 1;
const FEXTRA: u8 = 1 << 2;
const FNAME: u8 = 1 << 3;
const FCOMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// A decoder of gzip.
pub(super) struct Gzip {
    state: State,
    /// The flags of the header.
    flags: u8,
    header: Crc,
    inflate: Decompress,
    content: Crc,
    /// `true` behind the first member.
    has_member: bool,
}

#[derive(Clone, Copy)]
enum State {
    /// The ten fixed bytes of a header, of which so many are read.
    Fixed(usize),
    /// The length of the extra field, of which so many bytes are read, and their value.
    ExtraLength(usize, u16),
    /// The extra field, of which so many bytes are left.
    Extra(u16),
    Name,
    Comment,
    /// The checksum of the header, of which so many bytes are read.
    HeaderChecksum(usize),
    Deflate,
    /// The trailer, of which so many bytes are read.
    Trailer(usize),
    /// Zero bytes behind a member: gzip(1) ignores them, since tapes and block devices add them.
    Padding,
}

impl Gzip {
    pub(super) fn new() -> Gzip {
        Gzip {
            state: State::Fixed(0),
            flags: 0,
            header: Crc::new(),
            inflate: Decompress::new(false),
            content: Crc::new(),
            has_member: false,
        }
    }

    /// Reads one byte of a header or a trailer.
    fn byte(&mut self, byte: u8) -> Result<(), &'static str> {
        if !matches!(self.state, State::HeaderChecksum(_) | State::Trailer(_) | State::Padding) {
            self.header.update(&[byte]);
        }
        self.state = match self.state {
            State::Fixed(0) if self.has_member && byte == 0 => State::Padding,
            State::Fixed(index) => {
                match (index, byte) {
                    (0, 0x1f) | (1, 0x8b) | (2, 8) => {}
                    (0 | 1, _) => return Err("a gzip header expected"),
                    (2, _) => return Err("a compression method other than deflate"),
                    (3, flags) if flags & RESERVED != 0 => return Err("a reserved flag is set"),
                    (3, flags) => self.flags = flags,
                    _ => {}
                }
                if index == 9 { self.after_fixed() } else { State::Fixed(index + 1) }
            }
            State::ExtraLength(0, _) => State::ExtraLength(1, byte.into()),
            State::ExtraLength(_, low) => match low | u16::from(byte) << 8 {
                0 => self.after_extra(),
                length => State::Extra(length),
            },
            State::Extra(1) => self.after_extra(),
            State::Extra(left) => State::Extra(left - 1),
            State::Name if byte == 0 => self.after_name(),
            State::Comment if byte == 0 => self.after_comment(),
            State::HeaderChecksum(index) => {
                if byte != self.header.sum().to_le_bytes()[index] {
                    return Err("the header does not match its checksum");
                }
                if index == 1 { State::Deflate } else { State::HeaderChecksum(1) }
            }
            State::Trailer(index) => {
                let (sum, length) = (self.content.sum(), self.content.amount());
                match index {
                    0..4 if byte != sum.to_le_bytes()[index] => {
                        return Err("the content does not match its checksum");
                    }
                    4.. if byte != length.to_le_bytes()[index - 4] => {
                        return Err("the content does not have the stated length");
                    }
                    _ => {}
                }
                if index == 7 { self.next_member() } else { State::Trailer(index + 1) }
            }
            State::Padding if byte != 0 => return Err("bytes behind the end"),
            state => state,
        };
        Ok(())
    }

    fn after_fixed(&self) -> State {
        if self.flags & FEXTRA != 0 { State::ExtraLength(0, 0) } else { self.after_extra() }
    }

    fn after_extra(&self) -> State {
        if self.flags & FNAME != 0 { State::Name } else { self.after_name() }
    }

    fn after_name(&self) -> State {
        if self.flags & FCOMMENT != 0 { State::Comment } else { self.after_comment() }
    }

    fn after_comment(&self) -> State {
        if self.flags & FHCRC != 0 { State::HeaderChecksum(0) } else { State::Deflate }
    }

    fn next_member(&mut self) -> State {
        self.header.reset();
        self.content.reset();
        self.inflate.reset(false);
        self.flags = 0;
        self.has_member = true;
        State::Fixed(0)
    }
}

impl Stage for Gzip {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
        _: &mut u64,
    ) -> Result<(usize, usize), Fault> {
        let (mut used, mut written) = (0, 0);
        loop {
            if !matches!(self.state, State::Deflate) {
                let Some(&byte) = input.get(used) else { return Ok((used, written)) };
                self.byte(byte).map_err(|what| Fault::new(used, what))?;
                used += 1;
                continue;
            }
            let (consumed, made, ended) =
                inflate(&mut self.inflate, &input[used..], &mut output[written..])
                    .map_err(|fault| fault.behind(used))?;
            self.content.update(&output[written..written + made]);
            used += consumed;
            written += made;
            if ended {
                self.state = State::Trailer(0);
            } else if used == input.len() || written == output.len() {
                return Ok((used, written));
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.has_member && matches!(self.state, State::Fixed(0) | State::Padding)
    }
}

/// Decodes deflate data. Returns the numbers of consumed and of written bytes, and `true` at the
/// end of the data.
pub(super) fn inflate(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
) -> Result<(usize, usize, bool), Fault> {
    let (before, made) = (inflate.total_in(), inflate.total_out());
    let result = inflate.decompress(input, output, FlushDecompress::None);
    let used = usize::try_from(inflate.total_in() - before).unwrap_or(usize::MAX);
    let written = usize::try_from(inflate.total_out() - made).unwrap_or(usize::MAX);
    match result {
        Ok(status) => Ok((used, written, status == Status::StreamEnd)),
        Err(_) => Err(Fault::new(used, "no valid deflate data")),
    }
}
