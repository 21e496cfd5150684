//! The server's side of a connection, without I/O.

use std::time::SystemTime;

use netcore::line::{LineFramer, TooLong};

use crate::stamp::Stamp;

#[cfg(test)]
mod tests;

/// The part of a stream that one answer covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Framing {
    /// Each chunk of the stream, as one read received it.
    #[default]
    Chunk,
    /// Each line, ended by LF or CRLF. The last line may lack its ending.
    Line {
        /// The most bytes of a line, without its ending.
        limit: usize,
    },
}

impl Framing {
    /// The default limit of a line: 65,536 bytes.
    pub const LINE_LIMIT: usize = 65_536;
}

/// Answers one connection: bytes in, answers out.
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
///
/// An answer is `[TIME] ` and the received bytes, unchanged. A responder with [`Framing::Line`]
/// keeps the last incomplete line; with [`Framing::Chunk`] it keeps nothing.
///
/// ```text
///            receive           finish
/// answering ─────────▶ answering ────▶ answering (another stream)
///     │ a line exceeds the limit
///     ▼
///   failed (one error line is sent; nothing more is answered)
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
    /// Creates a responder for a new connection.
    pub const fn new(framing: Framing) -> Responder {
        Responder(match framing {
            Framing::Chunk => State::Chunk,
            Framing::Line { limit } => State::Line(LineFramer::new(limit)),
        })
    }

    /// Appends the answers to `input`, which was received at `now`, to `out`. They have at most the
    /// size of `input` and of the incomplete line before it, and one stamp per byte of `input`.
    ///
    /// # Errors
    ///
    /// A line is longer than the limit. The last answer in `out` says so to the client:
    /// `[TIME] error: line longer than LIMIT bytes` and LF. Send `out` and close the connection.
    /// Every further call returns the same error and appends nothing.
    pub fn receive(
        &mut self,
        mut input: &[u8],
        now: SystemTime,
        stamp: &mut Stamp,
        out: &mut Vec<u8>,
    ) -> Result<(), TooLong> {
        match &mut self.0 {
            // On a stream, an empty chunk is not input.
            State::Chunk if input.is_empty() => {}
            State::Chunk => answer(input, now, stamp, out),
            State::Line(framer) => {
                while let Some(line) = framer.next(&mut input) {
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

    /// Answers the last line if it has no ending; the answer has none either. Call it when the
    /// client has sent everything.
    pub fn finish(&mut self, now: SystemTime, stamp: &mut Stamp, out: &mut Vec<u8>) {
        if let State::Line(framer) = &mut self.0 {
            if let Some(line) = framer.finish() {
                answer(line.as_bytes(), now, stamp, out);
            }
        }
    }
}

/// Appends one answer to `out`: `[TIME] ` and the bytes. Use it for datagrams, which have no
/// framing. Empty datagrams are answered too.
pub fn answer(bytes: &[u8], now: SystemTime, stamp: &mut Stamp, out: &mut Vec<u8>) {
    let time = stamp.at(now);
    out.reserve(time.len() + bytes.len());
    out.extend_from_slice(time);
    out.extend_from_slice(bytes);
}
