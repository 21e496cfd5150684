//! The server's side of one connection, without I/O.

#[cfg(test)]
mod tests;

use std::time::SystemTime;

use netcore::line::{LineFramer, TooLong};

use crate::stamp::Stamp;

/// What one answer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// Each piece of the stream as it was received, whatever is in it.
    #[default]
    Chunk,
    /// Each line, which ends in LF or CRLF. The last line may lack its ending.
    Line {
        /// The most bytes that the text of a line may have.
        limit: usize,
    },
}

impl Framing {
    /// The limit of a line where there is no reason for another: 65,536 bytes.
    pub const LINE_LIMIT: usize = 65_536;
}

/// Answers one connection: bytes in, answers out.
///
/// An answer is `[TIME] ` and the bytes that it answers, unchanged. Where the framing is
/// [`Framing::Chunk`], a responder keeps nothing; where it is [`Framing::Line`], it keeps an
/// unfinished line.
///
/// ```text
///            receive           finish
/// answering ─────────▶ answering ────▶ answering (another stream)
///     │ a line beyond the limit
///     ▼
///   failed (the error is told in-band once; nothing more is answered)
/// ```
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use timestamp::{Format, Framing, Responder, Stamp, Zone};
///
/// let mut stamp = Stamp::new(Format::Unix, Zone::Utc);
/// let mut responder = Responder::new(Framing::Line { limit: Framing::LINE_LIMIT });
/// let mut out = Vec::new();
/// let now = UNIX_EPOCH + Duration::from_secs(7);
/// responder.receive(b"one\r\ntw", now, &mut stamp, &mut out)?;
/// responder.receive(b"o", now, &mut stamp, &mut out)?;
/// responder.finish(now, &mut stamp, &mut out);
/// assert_eq!(out, b"[7] one\r\n[7] two");
/// # Ok::<(), netcore::line::TooLong>(())
/// ```
#[derive(Debug)]
pub struct Responder(State);

#[derive(Debug)]
enum State {
    Chunk,
    Line(LineFramer),
    Failed(TooLong),
}

impl Responder {
    /// Makes a responder for a connection that begins.
    pub const fn new(framing: Framing) -> Responder {
        Responder(match framing {
            Framing::Chunk => State::Chunk,
            Framing::Line { limit } => State::Line(LineFramer::new(limit)),
        })
    }

    /// Takes what was received at `now`, and appends the answers to `out`: at most as many bytes
    /// as `piece` and an unfinished line before it have, and a stamp for each byte of `piece`.
    ///
    /// # Errors
    ///
    /// A line is longer than the limit. The client has been told, as the last answer:
    /// `[TIME] error: line longer than LIMIT bytes` and LF. Send what `out` holds and close the
    /// connection. Every further call returns the same error and appends nothing.
    pub fn receive(
        &mut self,
        mut piece: &[u8],
        now: SystemTime,
        stamp: &mut Stamp,
        out: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        match &mut self.0 {
            // On a stream, an empty piece is not something received.
            State::Chunk if piece.is_empty() => {}
            State::Chunk => answer(piece, now, stamp, out),
            State::Line(framer) => {
                while let Some(line) = framer.next(&mut piece) {
                    match line {
                        Ok(line) => answer(line.as_bytes(), now, stamp, out),
                        Err(error) => {
                            answer(format!("error: {error}\n").as_bytes(), now, stamp, out);
                            self.0 = State::Failed(error);
                            return Err(error);
                        }
                    }
                }
            }
            State::Failed(error) => return Err(*error),
        }
        Ok(())
    }

    /// Says that the client has sent everything, and answers its last line if that had no ending:
    /// as it came, without one.
    pub fn finish(&mut self, now: SystemTime, stamp: &mut Stamp, out: &mut Vec<u8>) {
        if let State::Line(framer) = &mut self.0 {
            if let Some(line) = framer.finish() {
                answer(line.as_bytes(), now, stamp, out);
            }
        }
    }
}

/// Appends one answer to `out`: `[TIME] ` and the bytes. This is all that a datagram needs,
/// whatever the framing; an empty one is answered too.
pub fn answer(bytes: &[u8], now: SystemTime, stamp: &mut Stamp, out: &mut Vec<u8>) {
    let time = stamp.at(now);
    out.reserve(time.len() + bytes.len());
    out.extend_from_slice(time);
    out.extend_from_slice(bytes);
}
