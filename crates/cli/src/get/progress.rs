//! Progress bars on a terminal, one per transfer.

mod rate;
mod total;

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, MultiProgress, ProgressBar, ProgressStyle};

use rate::Rate;
use total::Total;

/// Templates for a known and for an unknown length. The message is the rate and the remaining time.
/// indicatif's own rate is wrong for ten seconds: it counts all bytes before the first drawing as
/// if they had arrived at that moment.
const KNOWN: &str = "{prefix} {bytes:>10} of {total_bytes} {msg:>18} {wide_bar}";
const UNKNOWN: &str = "{prefix} {bytes:>10} {msg:>13} in {elapsed}";
/// Characters of the longest name. Only the end of a longer name is shown, because it says more.
const MAX_NAME: usize = 28;
/// Time before a bar appears. Shorter transfers need none.
const DELAY: Duration = Duration::from_millis(250);

/// The bars, or none without a terminal.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bars: Option<MultiProgress>,
    /// The line about all transfers, if several run at the same time.
    total: Option<Arc<Total>>,
}

/// The bar of one transfer.
#[derive(Debug)]
pub(crate) struct Bar {
    all: Option<MultiProgress>,
    total: Option<Arc<Total>>,
    /// Bytes of the content so far, those of earlier attempts included.
    position: u64,
    name: String,
    begin: Instant,
    /// Offset of this attempt's content, and the length of the whole content.
    span: (u64, Option<u64>),
    rate: Rate,
    shown: Option<ProgressBar>,
}

impl Progress {
    /// Returns the bars if they are `shown`. A line about all transfers has their number in
    /// `total`, if that is known.
    pub(crate) fn new(shown: bool, total: Option<Option<usize>>) -> Progress {
        let bars = shown.then(MultiProgress::new);
        let total = total.zip(bars.as_ref()).map(|(count, bars)| Total::new(bars, count));
        Progress { bars, total: total.map(Arc::new) }
    }

    pub(crate) fn bar(&self, name: &str) -> Bar {
        let count = name.chars().count();
        let name = match count > MAX_NAME {
            true => format!("…{}", name.chars().skip(count - MAX_NAME + 1).collect::<String>()),
            false => name.to_owned(),
        };
        let (all, total) = (self.bars.clone(), self.total.clone());
        let begin = Instant::now();
        Bar {
            all,
            total,
            position: 0,
            name,
            begin,
            span: (0, None),
            rate: Rate::begin(begin, 0),
            shown: None,
        }
    }

    /// Prints a line above the bars.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(all) => all.suspend(print),
            None => print(),
        }
    }
}

impl Bar {
    /// Starts an attempt whose content begins at `at` of `whole` bytes.
    pub(crate) fn starts(&mut self, at: u64, whole: Option<u64>) {
        self.span = (at, whole);
        self.position = at;
        self.rate = Rate::begin(Instant::now(), at);
        if let Some(bar) = &self.shown {
            begin(bar, self.span);
        }
    }

    /// Moves the bar to `position`, which counts from the start of the whole content.
    pub(crate) fn moved(&mut self, position: u64) {
        let Some(all) = &self.all else { return };
        let now = Instant::now();
        if let Some(total) = &self.total {
            total.add(now, position.saturating_sub(self.position));
            self.position = position;
        }
        let is_new = self.rate.note(now, position);
        let is_first = self.shown.is_none() && now.duration_since(self.begin) >= DELAY;
        if is_first {
            let name = self.name.clone();
            let bar = ProgressBar::no_length().with_prefix(name).with_elapsed(now - self.begin);
            // The line about all transfers stays the last one.
            let bar = if self.total.is_some() { all.insert(0, bar) } else { all.add(bar) };
            begin(&bar, self.span);
            self.shown = Some(bar);
        }
        if let Some(bar) = &self.shown {
            if is_new || is_first {
                bar.set_message(self.speed(position));
            }
            bar.set_position(position);
        }
    }

    /// Returns the rate, and the remaining time if the length is known.
    fn speed(&self, position: u64) -> String {
        let Some(rate) = self.rate.per_second() else { return String::new() };
        let rate = format!("{}/s", HumanBytes(rate as u64));
        match self.span.1.and_then(|whole| self.rate.time_for(whole.saturating_sub(position))) {
            Some(left) => format!("{rate:>13} {:#>4}", HumanDuration(left)),
            None => rate,
        }
    }
}

/// Sets the start and the length of a bar.
fn begin(bar: &ProgressBar, (at, whole): (u64, Option<u64>)) {
    let style = ProgressStyle::with_template(if whole.is_some() { KNOWN } else { UNKNOWN });
    // This does not fail: the templates are constants, and a test uses both.
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("=> "));
    }
    match whole {
        Some(whole) => bar.set_length(whole),
        None => bar.unset_length(),
    }
    bar.set_position(at);
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(total) = &self.total {
            total.end(Instant::now());
        }
        if let (Some(all), Some(bar)) = (&self.all, &self.shown) {
            bar.finish_and_clear();
            all.remove(bar);
        }
    }
}
