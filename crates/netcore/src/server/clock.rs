//! The time of a turn: each clock is read at most once between two waits.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

#[derive(Debug, Clone)]
pub(crate) struct Clock(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: Instant,
    now: Cell<Option<Instant>>,
    time: Cell<Option<SystemTime>>,
    /// The clock of a test: only [`advance`](Clock::advance) moves it.
    by_hand: bool,
}

impl Clock {
    pub(crate) fn system() -> Clock {
        Clock(Rc::new(Inner {
            origin: Instant::now(),
            now: Cell::new(None),
            time: Cell::new(None),
            by_hand: false,
        }))
    }

    /// Returns a clock that stands still at `time` until [`advance`](Self::advance) moves it.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn by_hand(time: SystemTime) -> Clock {
        let now = Instant::now();
        Clock(Rc::new(Inner {
            origin: now,
            now: Cell::new(Some(now)),
            time: Cell::new(Some(time)),
            by_hand: true,
        }))
    }

    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn advance(&self, by: Duration) {
        self.0.now.set(self.0.now.get().map(|t| t + by));
        self.0.time.set(self.0.time.get().map(|t| t + by));
    }

    /// Begins a new turn: the next call reads the system's clock again.
    pub(crate) fn turn(&self) {
        if !self.0.by_hand {
            self.0.now.set(None);
            self.0.time.set(None);
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.0.now.get().unwrap_or_else(|| {
            let now = Instant::now();
            self.0.now.set(Some(now));
            now
        })
    }

    pub(crate) fn time(&self) -> SystemTime {
        self.0.time.get().unwrap_or_else(|| {
            let time = SystemTime::now();
            self.0.time.set(Some(time));
            time
        })
    }

    /// Returns the milliseconds since the clock was created. They take half the space of an
    /// `Instant` in a connection.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from((self.now() - self.0.origin).as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the time until the millisecond `at`, rounded up so that a wait never ends just
    /// before it.
    pub(crate) fn until(&self, at: u64) -> Duration {
        let due = self.0.origin + Duration::from_millis(at);
        due.saturating_duration_since(self.now()) + Duration::from_micros(500)
    }
}
