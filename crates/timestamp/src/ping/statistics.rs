//! The statistics of a ping.

use std::time::Duration;

use crate::histogram::Histogram;
use crate::offset::Estimator;
use crate::ping::event::{Event, Order};

#[cfg(test)]
mod tests;

/// The counts, round trips and clock offset of the events of a ping.
///
/// ```
/// use timestamp::ping::{Event, Statistics};
///
/// let mut statistics = Statistics::default();
/// for seq in 1..=4 {
///     statistics.add(&Event::Sent { seq });
/// }
/// statistics.add(&Event::Lost { seq: 1 });
/// assert_eq!((statistics.sent(), statistics.under_way()), (4, 3));
/// assert_eq!(statistics.loss(), 1.0);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Statistics {
    sent: u64,
    lost: u64,
    late: u64,
    duplicates: u64,
    overtaken: u64,
    round_trips: Histogram,
    mean: f64,
    /// The sum of the squares of the distances from the mean (Welford 1962), in seconds.
    squares: f64,
    zone_assumed: bool,
    estimator: Estimator,
}

impl Statistics {
    /// Adds an event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Sent { .. } => self.sent += 1,
            Event::Lost { .. } => self.lost += 1,
            Event::Connected(_) | Event::Encrypted { .. } | Event::Error(_) | Event::Foreign(_) => {
            }
            Event::Answer(answer) => {
                match answer.order {
                    Order::InTurn => self.add_round_trip(answer.round_trip),
                    Order::Overtaken => {
                        self.overtaken += 1;
                        self.add_round_trip(answer.round_trip);
                    }
                    Order::Late => self.late += 1,
                    Order::Duplicate => self.duplicates += 1,
                }
                if let Some(sample) = &answer.sample {
                    self.estimator.add(sample);
                }
                self.zone_assumed |= answer.zone_assumed;
            }
        }
    }

    fn add_round_trip(&mut self, time: Duration) {
        self.round_trips.add(time);
        let seconds = time.as_secs_f64();
        let distance = seconds - self.mean;
        self.mean += distance / self.received() as f64;
        self.squares += distance * (seconds - self.mean);
    }

    /// Returns the number of probes sent, including those for which there was no connection.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Returns the number of probes answered in time.
    pub fn received(&self) -> u64 {
        self.round_trips.count()
    }

    /// Returns the number of probes not answered in time.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Returns the number of probes that may still be answered in time.
    pub fn under_way(&self) -> u64 {
        self.sent.saturating_sub(self.received() + self.lost)
    }

    /// Returns the share of lost probes among those answered or lost, from 0 to 1; 0 if there are
    /// none.
    pub fn loss(&self) -> f64 {
        self.lost as f64 / (self.lost + self.received()).max(1) as f64
    }

    /// Returns the number of lost probes that were answered later.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Returns the number of answers to probes that had been answered already.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Returns the number of received answers that came after the answer to a later probe.
    pub fn overtaken(&self) -> u64 {
        self.overtaken
    }

    /// Returns `true` if any answer came, in time or late.
    pub fn is_alive(&self) -> bool {
        self.received() + self.late > 0
    }

    /// Returns the round trips of the probes answered in time.
    pub fn round_trips(&self) -> &Histogram {
        &self.round_trips
    }

    /// Returns the mean round trip, or `None` if no probe was answered in time.
    pub fn mean(&self) -> Option<Duration> {
        (self.received() > 0).then(|| seconds(self.mean))
    }

    /// Returns the standard deviation of the round trips, called `mdev` by ping(8), or `None` if no
    /// probe was answered in time.
    pub fn mdev(&self) -> Option<Duration> {
        (self.received() > 0).then(|| seconds((self.squares / self.received() as f64).sqrt()))
    }

    /// Returns the estimate of the server's clock from the times in the answers.
    pub fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// Returns `true` if a time had no zone. The offset is then right only if the assumed zone is.
    pub fn is_zone_assumed(&self) -> bool {
        self.zone_assumed
    }
}

/// Converts seconds to a duration. Rounding errors may have made them slightly negative.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
