use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use netcore::testing::Random;

use super::*;

/// What the log of these intervals, each a second long, is read as.
fn read_back(intervals: &[Latency]) -> Vec<Histogram<u64>> {
    let mut bytes: Vec<u8> = Vec::new();
    let begun = UNIX_EPOCH + Duration::from_millis(1_795_198_262_123);
    let mut log = IntervalLog::new(&mut bytes, begun).unwrap();
    for (number, latency) in intervals.iter().enumerate() {
        log.write(Duration::from_secs(number as u64 + 1), Duration::from_secs(1), latency).unwrap();
    }
    let mut histograms = Vec::new();
    for entry in IntervalLogIterator::new(&bytes) {
        match entry.unwrap() {
            LogEntry::StartTime(time) => {
                assert_eq!(time, Duration::from_millis(1_795_198_262_123));
            }
            LogEntry::BaseTime(time) => panic!("there is no base time, but {time:?}"),
            LogEntry::Interval(interval) => {
                let at = histograms.len();
                assert_eq!(interval.start_timestamp(), Duration::from_secs(at as u64 + 1));
                assert_eq!(interval.duration(), Duration::from_secs(1));
                let longest = intervals[at].max().as_secs_f64() * 1e3;
                assert!((interval.max() - longest).abs() < 0.001, "{}", interval.max());
                let text = base64_decode(interval.encoded_histogram());
                histograms.push(Deserializer::new().deserialize(&mut &text[..]).unwrap());
            }
        }
    }
    histograms
}

fn base64_decode(text: &str) -> Vec<u8> {
    let value = |digit: u8| match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("not base64: {}", char::from(digit)),
    };
    let digits: Vec<u8> = text.trim_end_matches('=').bytes().map(value).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = group.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(*digit));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

/// Values in our distribution, and in that of the tools.
#[derive(Clone)]
struct Both {
    ours: Latency,
    theirs: Histogram<u64>,
}

impl Both {
    fn new() -> Both {
        let theirs = Histogram::new_with_bounds(LOWEST, LONGEST, DIGITS as u8).unwrap();
        Both { ours: Latency::default(), theirs }
    }

    fn record(&mut self, value: u64) {
        self.ours.record(value);
        self.theirs.saturating_record(value.min(LONGEST));
    }
}

#[test]
fn the_tools_read_the_recorded_values() {
    let mut random = Random::from_env("BENCH_SEED");
    let mut intervals = vec![Both::new()];
    for count in [1, 2, 100, 100_000] {
        let mut both = Both::new();
        for _ in 0..count {
            let shift = 22 + random.below(40);
            both.record(random.number() >> shift);
        }
        intervals.push(both);
    }
    let ours: Vec<Latency> = intervals.iter().map(|both| both.ours.clone()).collect();
    let read = read_back(&ours);
    assert_eq!(read.len(), intervals.len());
    for (read, both) in read.iter().zip(&intervals) {
        assert_eq!(*read, both.theirs);
    }
}

#[test]
fn the_figures_are_those_of_the_tools() {
    let mut random = Random::from_env("BENCH_SEED");
    let mut both = Both::new();
    (0..10_000).for_each(|_| both.record(1_000 + random.number() % 50_000_000));
    let Both { ours, theirs } = both;
    let near = |ours: Duration, theirs: f64| {
        let ours = ours.as_nanos() as f64;
        assert!((ours / theirs - 1.0).abs() < 0.001, "{ours}, not {theirs}");
    };
    assert_eq!(ours.count(), theirs.len());
    near(ours.mean(), theirs.mean());
    near(ours.min(), theirs.min() as f64);
    near(ours.max(), theirs.max() as f64);
    for quantile in [0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
        near(ours.quantile(quantile), theirs.value_at_quantile(quantile) as f64);
    }
}

#[test]
fn a_histogram_longer_than_a_stored_block_is_read_too() {
    let mut both = Both::new();
    // Each place of its own, with a count of more than seven bits.
    let values: Vec<u64> =
        both.theirs.iter_all().take(40_000).map(|step| step.value_iterated_to()).collect();
    for value in values {
        (0..200).for_each(|_| both.record(value));
    }
    assert!(plain(both.ours.counts()).len() > 0xffff);
    assert_eq!(read_back(std::slice::from_ref(&both.ours))[0], both.theirs);
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (bytes, text) in
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}
