//! The line about all simultaneous transfers: bytes, rate and number.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};

use super::rate::Rate;

#[cfg(test)]
mod tests;

/// The line below the bars.
#[derive(Debug)]
pub(super) struct Total {
    bars: MultiProgress,
    sum: Mutex<Sum>,
}

/// The sum of all transfers.
#[derive(Debug)]
struct Sum {
    bytes: u64,
    ended: usize,
    /// The number of all transfers, if it is known.
    count: Option<usize>,
    rate: Rate,
    line: Option<ProgressBar>,
}

impl Total {
    pub(super) fn new(bars: &MultiProgress, count: Option<usize>) -> Total {
        let sum = Mutex::new(Sum::new(count, Instant::now()));
        Total { bars: bars.clone(), sum }
    }

    /// Adds bytes of a transfer.
    pub(super) fn add(&self, now: Instant, bytes: u64) {
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.bytes += bytes;
        let total = sum.bytes;
        // A sample is due a few times a second, however many bytes arrive.
        if sum.rate.note(now, total) {
            self.show(&mut sum);
        }
    }

    /// Counts the end of a transfer.
    pub(super) fn end(&self, now: Instant) {
        let mut sum = self.sum.lock().unwrap_or_else(PoisonError::into_inner);
        sum.ended += 1;
        let total = sum.bytes;
        if sum.rate.note(now, total) {
            self.show(&mut sum);
        }
    }

    fn show(&self, sum: &mut Sum) {
        let text = sum.text();
        let line = sum.line.get_or_insert_with(|| {
            let line = self.bars.add(ProgressBar::no_length());
            // This does not fail: the template is a constant.
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                line.set_style(style);
            }
            line
        });
        line.set_message(text);
    }
}

impl Sum {
    fn new(count: Option<usize>, now: Instant) -> Sum {
        Sum { bytes: 0, ended: 0, count, rate: Rate::begin(now, 0), line: None }
    }

    /// Returns the line: `total: 3 of 40 done, 12.00 MiB, 1.50 MiB/s`.
    fn text(&self) -> String {
        let of = self.count.map_or_else(String::new, |count| format!(" of {count}"));
        let rate = self.rate.per_second().unwrap_or_default() as u64;
        let (bytes, rate) = (HumanBytes(self.bytes), HumanBytes(rate));
        format!("total: {}{of} done, {bytes}, {rate}/s", self.ended)
    }
}

impl Drop for Total {
    fn drop(&mut self) {
        let sum = self.sum.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = &sum.line {
            line.finish_and_clear();
        }
    }
}
