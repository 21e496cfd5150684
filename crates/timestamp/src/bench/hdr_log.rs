//! The log format of HdrHistogram's tools, version 1.3.
//!
//! An interval is one line, with its histogram in compressed form V2.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::bench::latency::{LONGEST, Latency};

#[cfg(test)]
mod tests;

/// The significant digits of a value: its error is below 0.1 %.
const DIGITS: u32 = 3;
/// The lowest value with a bucket of its own, in nanoseconds.
const LOWEST: u64 = 1;

/// A writer of intervals. It flushes every line, so the log is complete up to that point even if
/// the program is killed.
pub(super) struct IntervalLog<'a>(&'a mut (dyn Write + Send));

impl fmt::Debug for IntervalLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IntervalLog")
    }
}

impl<'a> IntervalLog<'a> {
    /// Writes the head of the log. Intervals count from `started`.
    pub(super) fn new(
        to: &'a mut (dyn Write + Send),
        started: SystemTime,
    ) -> io::Result<IntervalLog<'a>> {
        let started = started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let head = format!(
            "#[Histogram log format version 1.3]\n\
             #[StartTime: {started:.3} (seconds since epoch)]\n\
             \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\
             \"Interval_Compressed_Histogram\"\n"
        );
        to.write_all(head.as_bytes())?;
        to.flush()?;
        Ok(IntervalLog(to))
    }

    /// Writes the interval of `length` that begins at `start`. The maximum is in milliseconds, the
    /// histogram in nanoseconds, as the format requires.
    pub(super) fn write(
        &mut self,
        start: Duration,
        length: Duration,
        latency: &Latency,
    ) -> io::Result<()> {
        let line = format!(
            "{:.3},{:.3},{:.3},{}\n",
            start.as_secs_f64(),
            length.as_secs_f64(),
            latency.max().as_secs_f64() * 1e3,
            base64(&compressed(latency.counts()))
        );
        self.0.write_all(line.as_bytes())?;
        self.0.flush()
    }
}

/// Returns the compressed form: a cookie, the length, and the plain form in a zlib stream (RFC
/// 1950).
fn compressed(counts: &[u64]) -> Vec<u8> {
    let zlib = stored(&plain(counts));
    let mut out = Vec::with_capacity(zlib.len() + 8);
    out.extend(0x1c84_9314_u32.to_be_bytes());
    out.extend((zlib.len() as u32).to_be_bytes());
    out.extend(zlib);
    out
}

/// Returns the plain form: a head of 40 bytes, and the counts in the order of their values.
fn plain(counts: &[u64]) -> Vec<u8> {
    let mut numbers = Vec::new();
    let mut zeros = 0;
    for &count in counts {
        match count {
            0 => zeros += 1,
            count => {
                // A negative number stands for a run of zeros.
                zigzag(&mut numbers, -std::mem::take(&mut zeros));
                zigzag(&mut numbers, count as i64);
            }
        }
    }
    let mut out = Vec::with_capacity(numbers.len() + 40);
    out.extend(0x1c84_9313_u32.to_be_bytes());
    out.extend((numbers.len() as u32).to_be_bytes());
    out.extend(0_u32.to_be_bytes());
    out.extend(DIGITS.to_be_bytes());
    out.extend(LOWEST.to_be_bytes());
    out.extend(LONGEST.to_be_bytes());
    out.extend(1.0_f64.to_be_bytes());
    out.extend(numbers);
    out
}

/// Appends a number in ZigZag LEB128: the sign is the lowest bit, and each byte has seven bits, the
/// lowest first. Appends nothing for zero.
fn zigzag(out: &mut Vec<u8>, number: i64) {
    if number == 0 {
        return;
    }
    let mut rest = (number << 1 ^ number >> 63) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Returns a zlib stream of stored blocks (RFC 1951, section 3.2.4). A histogram has a few hundred
/// bytes and is not worth a compressor.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    // Adler-32: RFC 1950, section 8.2.
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

/// Encodes bytes in base64 (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    out
}
