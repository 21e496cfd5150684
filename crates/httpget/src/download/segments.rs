//! The missing parts of a file, and which worker fetches which of them. Without I/O.
//!
//! ```text
//!   0                                                                     total
//!   ├───────────┬──────────────┬────────────┬──────────┬───────────────────┤
//!   │ complete  │ worker 1     │ complete   │ free     │ worker 2          │
//!   └───────────┴──────────────┴────────────┴──────────┴───────────────────┘
//!     a worker without a part takes the first free one, or else half of the largest rest
//! ```

use std::ops::Range;

#[cfg(test)]
mod tests;

/// The least part that is worth a request of its own, in bytes.
pub(super) const MIN_SEGMENT: u64 = 256 << 10;

/// The missing parts of a file.
#[derive(Debug)]
pub(super) struct Segments {
    /// The parts in their order, none of them empty unless a worker has it.
    gaps: Vec<Gap>,
    total: u64,
}

/// A missing part.
#[derive(Clone, Debug)]
struct Gap {
    /// The offset of the next byte.
    next: u64,
    /// The offset behind the last byte.
    end: u64,
    /// The worker that fetches the part.
    worker: Option<usize>,
}

impl Gap {
    fn rest(&self) -> u64 {
        self.end - self.next
    }
}

impl Segments {
    /// Returns the missing parts `left` of a file of `total` bytes. A single one is divided into
    /// `count`, or fewer if they would be too small.
    pub(super) fn new(left: &[Range<u64>], total: u64, count: usize) -> Segments {
        let gap = |range: &Range<u64>| Gap { next: range.start, end: range.end, worker: None };
        let mut gaps: Vec<Gap> =
            left.iter().filter(|range| range.start < range.end).map(gap).collect();
        if let [single] = &gaps[..] {
            let (start, rest) = (single.next, single.rest());
            let count = (rest / MIN_SEGMENT).clamp(1, count.max(1) as u64);
            // The offset of each beginning: no product of two sizes, which could overflow.
            let at = |number: u64| start + rest / count * number + (rest % count).min(number);
            gaps = (0..count)
                .map(|number| Gap { next: at(number), end: at(number + 1), worker: None })
                .collect();
        }
        Segments { gaps, total }
    }

    /// Gives the first free parts to the workers 0 to `count` - 1, one to each.
    pub(super) fn assign(&mut self, count: usize) {
        for (worker, gap) in self.gaps.iter_mut().enumerate().take(count) {
            gap.worker = Some(worker);
        }
    }

    /// Gives `worker` its own part, the first free one, or else half of the largest rest of another
    /// worker. Returns `None` if there is none that is worth a request now.
    pub(super) fn take(&mut self, worker: usize) -> Option<Range<u64>> {
        let free = || self.gaps.iter().position(|gap| gap.worker.is_none());
        let taken = match self.of(worker).or_else(free) {
            Some(free) => free,
            None => {
                let largest = (0..self.gaps.len()).max_by_key(|&at| self.gaps[at].rest())?;
                let Gap { next, end, .. } = self.gaps[largest];
                if end - next < 2 * MIN_SEGMENT {
                    return None;
                }
                let middle = next + (end - next).div_ceil(2);
                self.gaps[largest].end = middle;
                self.gaps.insert(largest + 1, Gap { next: middle, end, worker: None });
                largest + 1
            }
        };
        let gap = &mut self.gaps[taken];
        gap.worker = Some(worker);
        Some(gap.next..gap.end)
    }

    /// Returns the next bytes that `worker` has to write. At the end of its part, it goes on in a
    /// free part behind it, as far as its response `covers` that. Returns an empty range if there
    /// is nothing more.
    pub(super) fn next(&mut self, worker: usize, covers: u64) -> Range<u64> {
        let Some(own) = self.of(worker) else { return 0..0 };
        let Gap { next, end, .. } = self.gaps[own];
        if let Some(behind) = self.gaps.get(own + 1).cloned() {
            let is_free = behind.worker.is_none() && behind.next == end && end < covers;
            if next == end && is_free {
                let middle = behind.end.min(covers);
                self.gaps[own].end = middle;
                self.gaps[own + 1].next = middle;
                if middle == behind.end {
                    self.gaps.remove(own + 1);
                }
            }
        }
        next..self.gaps[own].end.min(covers.max(next))
    }

    /// Counts `count` bytes that `worker` has written. Bytes behind the end of its part belong to
    /// another worker by now, which writes the same.
    pub(super) fn advance(&mut self, worker: usize, count: u64) {
        if let Some(own) = self.of(worker) {
            let gap = &mut self.gaps[own];
            gap.next = (gap.next + count).min(gap.end);
        }
    }

    /// Frees the part of `worker`, for others.
    pub(super) fn release(&mut self, worker: usize) {
        if let Some(own) = self.of(worker) {
            match self.gaps[own].rest() {
                0 => drop(self.gaps.remove(own)),
                _ => self.gaps[own].worker = None,
            }
        }
    }

    /// Returns `true` if a worker has a part.
    pub(super) fn is_worked_on(&self) -> bool {
        self.gaps.iter().any(|gap| gap.worker.is_some())
    }

    /// Returns the missing ranges, in their order. Ranges that touch are one.
    pub(super) fn left(&self) -> Vec<Range<u64>> {
        let mut left: Vec<Range<u64>> = Vec::new();
        for gap in self.gaps.iter().filter(|gap| gap.rest() > 0) {
            match left.last_mut() {
                Some(last) if last.end == gap.next => last.end = gap.end,
                _ => left.push(gap.next..gap.end),
            }
        }
        left
    }

    /// Returns the number of bytes that exist.
    pub(super) fn complete(&self) -> u64 {
        self.total - self.gaps.iter().map(Gap::rest).sum::<u64>()
    }

    /// Returns `true` if nothing is missing.
    pub(super) fn is_done(&self) -> bool {
        self.complete() == self.total
    }

    fn of(&self, worker: usize) -> Option<usize> {
        self.gaps.iter().position(|gap| gap.worker == Some(worker))
    }
}
