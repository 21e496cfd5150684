//! The log of HdrHistogram's tools: a line for each interval, format version 1.3, with histograms in
//! their compressed form V2.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;

use super::Latency;
use super::latency::DIGITS;

/// Where the lines go. They are flushed one by one, so that what has been measured is there when
/// the program does not get to its end.
pub(super) struct Log<'a>(&'a mut (dyn Write + Send));

impl fmt::Debug for Log<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl<'a> Log<'a> {
    /// Writes the head. `begun` is the time that intervals count from.
    pub(super) fn new(to: &'a mut (dyn Write + Send), begun: SystemTime) -> io::Result<Log<'a>> {
        let begun = begun.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let head = format!(
            "#[Histogram log format version 1.3]\n\
             #[StartTime: {begun:.3} (seconds since epoch)]\n\
             \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\
             \"Interval_Compressed_Histogram\"\n"
        );
        to.write_all(head.as_bytes())?;
        to.flush()?;
        Ok(Log(to))
    }

    /// Writes an interval of `length` from `start` on. The format has the longest in milliseconds
    /// and the histogram in nanoseconds.
    pub(super) fn interval(
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
            base64(&compressed(latency.histogram()))
        );
        self.0.write_all(line.as_bytes())?;
        self.0.flush()
    }
}

/// The compressed form: a cookie, the length, and the plain form in a zlib stream (RFC 1950).
fn compressed(histogram: &Histogram<u64>) -> Vec<u8> {
    let zlib = stored(&plain(histogram));
    let mut out = Vec::with_capacity(zlib.len() + 8);
    out.extend(0x1c84_9314_u32.to_be_bytes());
    out.extend((zlib.len() as u32).to_be_bytes());
    out.extend(zlib);
    out
}

/// The plain form: a head of 40 bytes, and the counts in the order of their values.
fn plain(histogram: &Histogram<u64>) -> Vec<u8> {
    let mut counts = Vec::new();
    let mut zeros = 0;
    for step in histogram.iter_all().take_while(|step| step.value_iterated_to() <= last(histogram))
    {
        match step.count_at_value() {
            0 => zeros += 1,
            count => {
                // Several zeros are one negative number.
                zigzag(&mut counts, -std::mem::take(&mut zeros));
                zigzag(&mut counts, count as i64);
            }
        }
    }
    let mut out = Vec::with_capacity(counts.len() + 40);
    out.extend(0x1c84_9313_u32.to_be_bytes());
    out.extend((counts.len() as u32).to_be_bytes());
    out.extend(0_u32.to_be_bytes());
    out.extend(u32::from(DIGITS).to_be_bytes());
    out.extend(histogram.low().to_be_bytes());
    out.extend(histogram.high().to_be_bytes());
    out.extend(1.0_f64.to_be_bytes());
    out.extend(counts);
    out
}

/// The highest value that has the same place as the longest.
fn last(histogram: &Histogram<u64>) -> u64 {
    histogram.highest_equivalent(histogram.max())
}

/// A number that is not zero, the sign as its lowest bit, by seven bits, the lowest first.
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

/// A zlib stream of stored blocks (RFC 1951, section 3.2.4): a histogram is some hundred bytes long,
/// and not worth a compressor.
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
    // RFC 1950, section 8.2: Adler-32.
    let (mut a, mut b) = (1_u32, 0_u32);
    for &byte in bytes {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}

/// RFC 4648, section 4.
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
