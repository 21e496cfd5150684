//! Progress on a terminal: one bar a transfer.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Where the length is known, and where it is not.
const KNOWN: &str = "{prefix} {bytes:>10} of {total_bytes} {bytes_per_sec:>13} {eta:>4} {wide_bar}";
const UNKNOWN: &str = "{prefix} {bytes:>10} {bytes_per_sec:>13} in {elapsed}";
/// The longest name that is shown. Of a longer one the end is: it tells more than the beginning.
const LONGEST_NAME: usize = 28;
/// What ends sooner needs no bar.
const DELAY: Duration = Duration::from_millis(250);

/// All bars, or none where nobody looks.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Option<MultiProgress>);

/// The bar of one transfer.
#[derive(Debug)]
pub(crate) struct Bar {
    all: Option<MultiProgress>,
    name: String,
    begin: Instant,
    /// Where the content begins that comes now, and how long all of it is.
    span: (u64, Option<u64>),
    shown: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(shown: bool) -> Progress {
        Progress(shown.then(MultiProgress::new))
    }

    pub(crate) fn bar(&self, name: &str) -> Bar {
        let count = name.chars().count();
        let name = match count > LONGEST_NAME {
            true => format!("…{}", name.chars().skip(count - LONGEST_NAME + 1).collect::<String>()),
            false => name.to_owned(),
        };
        let all = self.0.clone();
        Bar { all, name, begin: Instant::now(), span: (0, None), shown: None }
    }

    /// Prints a line above the bars.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(all) => all.suspend(print),
            None => print(),
        }
    }
}

impl Bar {
    /// Content comes from `at` on, of `whole` bytes in all.
    pub(crate) fn starts(&mut self, at: u64, whole: Option<u64>) {
        self.span = (at, whole);
        if let Some(bar) = &self.shown {
            begin(bar, self.span);
        }
    }

    /// So much content is there, what was there before included.
    pub(crate) fn moved(&mut self, position: u64) {
        let Some(all) = &self.all else { return };
        if self.shown.is_none() && self.begin.elapsed() >= DELAY {
            let bar = all.add(ProgressBar::no_length().with_prefix(self.name.clone()));
            begin(&bar, self.span);
            self.shown = Some(bar);
        }
        if let Some(bar) = &self.shown {
            bar.set_position(position);
        }
    }
}

/// The rate is that of what comes from now on.
fn begin(bar: &ProgressBar, (at, whole): (u64, Option<u64>)) {
    let style = ProgressStyle::with_template(if whole.is_some() { KNOWN } else { UNKNOWN });
    // The templates are constants, and a test has seen both.
    if let Ok(style) = style {
        bar.set_style(style.progress_chars("=> "));
    }
    match whole {
        Some(whole) => bar.set_length(whole),
        None => bar.unset_length(),
    }
    bar.set_position(at);
    bar.reset_eta();
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let (Some(all), Some(bar)) = (&self.all, &self.shown) {
            bar.finish_and_clear();
            all.remove(bar);
        }
    }
}
