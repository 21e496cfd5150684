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

#[test]
fn the_tools_read_the_recorded_values() {
    let mut random = Random::from_env("BENCH_SEED");
    let mut intervals = vec![Latency::default()];
    for count in [1, 2, 100, 100_000] {
        let mut latency = Latency::default();
        for _ in 0..count {
            let shift = 22 + random.below(40);
            latency.record(random.number() >> shift);
        }
        intervals.push(latency);
    }
    for (read, written) in read_back(&intervals).iter().zip(&intervals) {
        assert_eq!(read, written.histogram());
    }
    assert_eq!(read_back(&intervals).len(), intervals.len());
}

#[test]
fn a_histogram_longer_than_a_stored_block_is_read_too() {
    let mut latency = Latency::default();
    // Each place of its own, with a count of more than seven bits.
    for step in Latency::default().histogram().iter_all().take(40_000) {
        (0..200).for_each(|_| latency.record(step.value_iterated_to()));
    }
    assert!(plain(latency.histogram()).len() > 0xffff);
    assert_eq!(&read_back(&[latency.clone()])[0], latency.histogram());
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (bytes, text) in
        [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
    {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}
