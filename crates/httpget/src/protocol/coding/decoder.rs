//! The decoder of several codings in a row, with the limits on what comes out.

use std::fmt;
use std::ops::Range;

use super::error::CodingError;
use super::name::Coding;
use super::stage::{Fault, Stage};
use crate::limits::Limits;

/// Bytes of decoded content that the limit on the ratio does not count.
const RATIO_FREE: u64 = 64 << 20;

/// The buffer between two codings in bytes.
const BETWEEN: usize = 32 << 10;

/// The decoder of content with one or several codings: coded bytes in, decoded bytes out.
///
/// The decoded bytes and the success do not depend on how the input is split. The decoder holds at
/// most [`Limits::window`] bytes of windows and 512 KiB for each coding. It never gives out more
/// than [`Limits::body`] or the [`Limits::ratio`] allows.
///
/// The [module's page](super) has an example.
pub struct Decoder {
    links: Vec<Link>,
    limits: Limits,
    /// Bytes that windows may still take.
    room: u64,
    received: u64,
    decoded: u64,
    failed: Option<CodingError>,
}

/// One coding, with its output for the next one.
struct Link {
    coding: Coding,
    stage: Box<dyn Stage + Send + Sync>,
    received: u64,
    buffer: Box<[u8]>,
    ready: Range<usize>,
}

/// The result of [`Decoder::decode`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Consumed bytes of the input.
    pub used: usize,
    /// Bytes written to the output.
    pub written: usize,
}

impl Decoder {
    /// Returns a decoder for the `codings`, in the order in which they were applied. All of them
    /// must be [built in](Coding::built_in); others are left out.
    #[must_use]
    pub fn new(codings: &[Coding], limits: &Limits) -> Decoder {
        let mut links = Vec::new();
        for coding in codings.iter().rev().copied() {
            if let Some(stage) = stage(coding) {
                let (buffer, ready) = (Box::default(), 0..0);
                links.push(Link { coding, stage, received: 0, buffer, ready });
            }
        }
        let last = links.len().saturating_sub(1);
        for link in &mut links[..last] {
            link.buffer = vec![0; BETWEEN].into_boxed_slice();
        }
        let room = limits.window;
        Decoder { links, limits: limits.clone(), room, received: 0, decoded: 0, failed: None }
    }

    /// Decodes `input` to `output`, as far as the one or the other reaches.
    ///
    /// Call it again with the rest of the input until that is empty and nothing is written. Then
    /// more input is needed.
    ///
    /// # Errors
    ///
    /// [`CodingError`], also for bytes behind the end of the coded content. `output` has nothing of
    /// value then. The first error is final.
    pub fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, CodingError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.step(input, output);
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, CodingError> {
        let left = self.limits.body.saturating_sub(self.decoded);
        if output.is_empty() {
            return Ok(Decoded::default());
        }
        let done = match usize::try_from(left).unwrap_or(usize::MAX) {
            // One byte more shows that there is more; it is not given out.
            0 => self.run(input, &mut [0])?,
            left => {
                let most = output.len().min(left);
                self.run(input, &mut output[..most])?
            }
        };
        self.received += done.used as u64;
        self.decoded += done.written as u64;
        let max = self.limits.body;
        if self.decoded > max {
            return Err(CodingError::TooLarge { limit: "body", max });
        }
        let max = self.limits.ratio;
        if self.decoded > self.received.saturating_mul(max).saturating_add(RATIO_FREE) {
            return Err(CodingError::TooLarge { limit: "ratio", max });
        }
        Ok(done)
    }

    /// Runs the stages until the output is full, or the input consumed and its output written.
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, CodingError> {
        let Decoder { links, room, .. } = self;
        let mut done = Decoded::default();
        if links.is_empty() {
            let count = input.len().min(output.len());
            output[..count].copy_from_slice(&input[..count]);
            return Ok(Decoded { used: count, written: count });
        }
        loop {
            let mut moved = false;
            for index in 0..links.len() {
                let (earlier, rest) = links.split_at_mut(index);
                let is_last = rest.len() == 1;
                let link = &mut rest[0];
                let from = match earlier.last() {
                    None => &input[done.used..],
                    Some(earlier) => &earlier.buffer[earlier.ready.clone()],
                };
                let to = match is_last {
                    true => &mut output[done.written..],
                    false if link.ready.is_empty() => &mut link.buffer[..],
                    false => continue,
                };
                let (used, written) = match link.stage.decode(from, to, room) {
                    Ok(result) => result,
                    Err(fault) => return Err(link.error(fault)),
                };
                link.received += used as u64;
                moved |= used > 0 || written > 0;
                match is_last {
                    true => done.written += written,
                    false => link.ready = 0..written,
                }
                match earlier.last_mut() {
                    None => done.used += used,
                    Some(earlier) => earlier.ready.start += used,
                }
            }
            let is_taken = links.len() == 1 && done.used == input.len();
            if done.written == output.len() || !moved || is_taken {
                return Ok(done);
            }
        }
    }

    /// Checks that the content may end here. Call it after the last input, once
    /// [`decode`](Decoder::decode) without input writes nothing.
    ///
    /// # Errors
    ///
    /// [`CodingError::Truncated`], or the error of an earlier call.
    pub fn finish(&mut self) -> Result<(), CodingError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let cut = |link: &&Link| link.received > 0 && !link.stage.is_complete();
        let Some(link) = self.links.iter().find(cut) else { return Ok(()) };
        let error = CodingError::Truncated { coding: link.coding, received: link.received };
        self.failed = Some(error.clone());
        Err(error)
    }

    /// Returns the codings, in the order in which they were applied.
    #[must_use]
    pub fn codings(&self) -> Vec<Coding> {
        self.links.iter().rev().map(|link| link.coding).collect()
    }

    /// Returns the number of consumed bytes.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Returns the number of decoded bytes.
    #[must_use]
    pub fn decoded(&self) -> u64 {
        self.decoded
    }
}

impl Link {
    fn error(&self, fault: Fault) -> CodingError {
        let coding = self.coding;
        match fault {
            Fault::Malformed { used, what } => {
                CodingError::Malformed { coding, offset: self.received + used as u64, what }
            }
            Fault::Window { bytes, max } => CodingError::Window { coding, window: bytes, max },
        }
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("codings", &self.codings())
            .field("received", &self.received)
            .field("decoded", &self.decoded)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// Returns the decoder of a coding, if it is built in.
fn stage(coding: Coding) -> Option<Box<dyn Stage + Send + Sync>> {
    match coding {
        #[cfg(feature = "gzip")]
        Coding::Gzip => Some(Box::new(super::gzip::Gzip::new())),
        #[cfg(feature = "gzip")]
        Coding::Deflate => Some(Box::new(super::deflate::Deflate::new())),
        #[cfg(feature = "brotli")]
        Coding::Brotli => Some(Box::new(super::brotli::Brotli::new())),
        #[cfg(feature = "zstd")]
        Coding::Zstd => Some(Box::new(super::zstd::Zstd::new())),
        #[allow(unreachable_patterns, reason = "all codings may be built in")]
        _ => None,
    }
}
