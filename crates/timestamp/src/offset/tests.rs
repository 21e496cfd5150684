use std::time::{Duration, SystemTime, UNIX_EPOCH};

use netcore::testing::{Random, seed_from_env};

use super::*;

const MS: i128 = 1_000_000;
const S: i128 = 1_000 * MS;
/// A time in 2026.
const BEGIN: i128 = 1_795_194_662 * S + 123_456_789;

/// Two clocks and a link between them.
struct World {
    random: Random,
    /// The offset at `BEGIN` in nanoseconds, and its growth per second.
    offset: i128,
    ppm: i128,
    resolution: i128,
    /// The least and the greatest time of one way, in nanoseconds.
    way: (i128, i128),
}

impl World {
    fn below(&mut self, end: i128) -> i128 {
        i128::from(self.random.number()) % end.max(1)
    }

    fn offset_at(&self, at: i128) -> i128 {
        self.offset + (at - BEGIN) * self.ppm / 1_000_000
    }

    fn exchange(&mut self, after: i128) -> Sample {
        let (least, greatest) = self.way;
        let [there, back] = [(); 2].map(|()| least + self.below(greatest - least));
        let at = BEGIN + after;
        let shown = at + there + self.offset_at(at + there);
        let server = shown.div_euclid(self.resolution) * self.resolution;
        let round_trip = Duration::from_nanos((there + back) as u64);
        let resolution = Duration::from_nanos(self.resolution as u64);
        Sample { sent: time(at), round_trip, server: time(server), resolution, unit_assumed: false }
    }
}

fn time(nanos: i128) -> SystemTime {
    crate::unix_time::from_unix_nanos(nanos).unwrap()
}

fn random() -> Random {
    Random::from_env("PING_SEED")
}

#[track_caller]
fn expect(estimator: &Estimator, offset: i128) -> Duration {
    let told = estimator.offset().unwrap();
    let wrong = (told.nanos - offset).unsigned_abs();
    assert!(wrong <= told.error.as_nanos(), "{told:?} is {wrong} ns from {offset}");
    told.error
}

#[test]
fn the_offset_is_within_its_bound_for_every_link_and_shift() {
    let seed = seed_from_env("PING_SEED");
    for case in 0..200 {
        let mut world = World {
            random: Random::new(seed ^ case),
            offset: 0,
            ppm: 0,
            resolution: 1,
            way: (0, 0),
        };
        world.offset = world.below(7200 * S) - 3600 * S;
        world.ppm = world.below(200) - 100;
        world.resolution = [1, MS, S][case as usize % 3];
        let least = world.below(30 * MS);
        world.way = (least, least + 1 + world.below(50 * MS));
        let mut estimator = Estimator::default();
        let mut best = Duration::MAX;
        let interval = 1 + world.below(2 * S);
        for n in 0..200 {
            let sample = world.exchange(n * interval);
            estimator.add(&sample);
            let error = expect(&estimator, world.offset_at(BEGIN + n * interval));
            // The last exchange alone, and no worse.
            let mut alone = Estimator::default();
            alone.add(&sample);
            let bound = expect(&alone, world.offset_at(BEGIN + n * interval));
            assert!(error <= bound + Duration::from_nanos(2), "{case}: {error:?} {bound:?}");
            best = best.min(bound);
            if let Some(drift) = estimator.drift() {
                let wrong = (drift.ppm - world.ppm as f64).abs();
                // The parts of a nanosecond that the world drops.
                assert!(wrong <= drift.error + 1e-3, "{case}: {drift:?}, really {}", world.ppm);
            }
        }
        assert_eq!((estimator.steps(), estimator.samples()), (0, 200), "case {case}");
    }
}

#[test]
fn one_exchange_is_bounded_by_half_its_round_trip_and_half_the_step() {
    let mut estimator = Estimator::default();
    assert_eq!((estimator.offset(), estimator.drift()), (None, None));
    estimator.add(&Sample {
        sent: time(BEGIN),
        round_trip: Duration::from_millis(20),
        server: time(BEGIN + 5 * S + 3 * MS),
        resolution: Duration::from_millis(1),
        unit_assumed: false,
    });
    let offset = estimator.offset().unwrap();
    // 5 s − 17 ms to 5 s + 4 ms, and 2 µs of tolerance on either side.
    assert!((offset.nanos - (5 * S - 13 * MS / 2)).abs() <= 1);
    let bound = Duration::from_micros(10_500 + 2);
    assert!(offset.error.abs_diff(bound) < Duration::from_nanos(5), "{offset:?}");
    assert_eq!(estimator.drift(), None);
}

#[test]
fn the_offset_of_whole_seconds_improves_over_many_exchanges() {
    let mut world =
        World { random: random(), offset: 7 * S / 10, ppm: 20, resolution: S, way: (MS, 2 * MS) };
    let mut estimator = Estimator::default();
    estimator.add(&world.exchange(0));
    let first = expect(&estimator, world.offset);
    assert!((Duration::from_millis(500)..Duration::from_secs(1)).contains(&first), "{first:?}");
    // At every hundredth of a second in turn, so that the turn of the second is met.
    for n in 1..=200 {
        estimator.add(&world.exchange(n * 1010 * MS));
    }
    let last = expect(&estimator, world.offset_at(BEGIN + 200 * 1010 * MS));
    assert!(last < Duration::from_millis(50), "{last:?}");
}

#[test]
fn a_clock_step_is_counted_and_restarts_the_estimate() {
    let mut world = World { random: random(), offset: 0, ppm: 0, resolution: 1, way: (MS, 3 * MS) };
    let mut estimator = Estimator::default();
    for n in 0..100 {
        if n == 50 {
            world.offset += S;
        }
        estimator.add(&world.exchange(n * S));
        expect(&estimator, world.offset);
    }
    assert_eq!(estimator.steps(), 1);
    let drift = estimator.drift().expect("50 s are enough for it");
    assert!(drift.ppm.abs() <= drift.error, "{drift:?}");
}

#[test]
fn the_drift_is_reported_once_its_error_is_below_the_tolerance() {
    let mut world =
        World { random: random(), offset: S, ppm: 37, resolution: 1, way: (MS, 2 * MS) };
    let mut estimator = Estimator::default();
    estimator.add(&world.exchange(0));
    estimator.add(&world.exchange(S));
    assert_eq!(estimator.drift(), None, "2 ms in a second are 2,000 millionths");
    let mut last = f64::INFINITY;
    for minutes in 1..=100 {
        for n in 0..60 {
            estimator.add(&world.exchange((minutes * 60 + n) * S));
        }
        let drift = estimator.drift().unwrap();
        assert!((drift.ppm - 37.0).abs() <= drift.error, "{drift:?}");
        last = drift.error.min(last);
    }
    assert!(last < 0.5, "{last}");
}

#[test]
fn the_limits_of_the_clock_do_not_panic() {
    let mut estimator = Estimator::default();
    // Windows has no time before 1601.
    let far = Duration::from_secs(1 << if cfg!(windows) { 33 } else { 60 });
    for (sent, server) in [(UNIX_EPOCH, UNIX_EPOCH + far), (UNIX_EPOCH + far, UNIX_EPOCH - far)] {
        let (round_trip, resolution) = (Duration::MAX, Duration::from_secs(1));
        estimator.add(&Sample { sent, round_trip, server, resolution, unit_assumed: false });
        assert!(estimator.offset().is_some());
    }
}
