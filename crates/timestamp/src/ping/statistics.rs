//! What a ping comes to.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::offset::Estimator;
use crate::ping::event::{Event, Order};
use crate::ping::histogram::Histogram;

/// The events of a [`Ping`](crate::ping::Ping), counted.
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
    /// Counts one event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Sent { .. } => self.sent += 1,
            Event::Lost { .. } => self.lost += 1,
            Event::Connected(_) | Event::Error(_) | Event::Foreign(_) => {}
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

    /// How many probes were sent, or would have been if there had been a connection.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// How many of them were answered in time.
    pub fn received(&self) -> u64 {
        self.round_trips.count()
    }

    /// How many of them were not answered in time.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// How many of them may still be answered in time.
    pub fn under_way(&self) -> u64 {
        self.sent.saturating_sub(self.received() + self.lost)
    }

    /// The lost, as a share of those whose fate is known, 0 to 1; 0 while there are none.
    pub fn loss(&self) -> f64 {
        self.lost as f64 / (self.lost + self.received()).max(1) as f64
    }

    /// How many of the lost were answered after all, too late.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// How many answers came for probes that had one.
    pub fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// How many of those received came after the answer to a later probe.
    pub fn overtaken(&self) -> u64 {
        self.overtaken
    }

    /// Whether anything at all came back.
    pub fn is_alive(&self) -> bool {
        self.received() + self.late > 0
    }

    /// The round trips of those received.
    pub fn round_trips(&self) -> &Histogram {
        &self.round_trips
    }

    /// The mean round trip. `None` if none was received.
    pub fn mean(&self) -> Option<Duration> {
        (self.received() > 0).then(|| seconds(self.mean))
    }

    /// The standard deviation of the round trips, which ping(8) calls `mdev`. `None` if none was
    /// received.
    pub fn mdev(&self) -> Option<Duration> {
        (self.received() > 0).then(|| seconds((self.squares / self.received() as f64).sqrt()))
    }

    /// The clocks of both sides, as far as the answers told the time.
    pub fn estimator(&self) -> &Estimator {
        &self.estimator
    }

    /// Whether a time came without a zone, so that the offset is right only if that is the zone
    /// which it was read in.
    pub fn is_zone_assumed(&self) -> bool {
        self.zone_assumed
    }
}

/// Rounding may bring it a little below zero.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}
