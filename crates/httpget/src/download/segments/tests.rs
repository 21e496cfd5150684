#![allow(clippy::single_range_in_vec_init, reason = "one range is meant")]

use netcore::testing::{Random, SEED_VARIABLE};

use super::*;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

#[test]
fn a_whole_file_is_divided_evenly() {
    let mut segments = Segments::new(&[0..8 * MIB], 8 * MIB, 4);
    let parts: Vec<_> = (0..4).map(|worker| segments.take(worker).unwrap()).collect();
    assert_eq!(parts, [0..2 * MIB, 2 * MIB..4 * MIB, 4 * MIB..6 * MIB, 6 * MIB..8 * MIB]);
    assert_eq!(segments.left(), vec![0..8 * MIB]);
    assert_eq!((segments.complete(), segments.is_done()), (0, false));
    for (total, count) in [(u64::MAX, 16), (8 * MIB + 3, 5), (MIB - 1, 16), (1, 4), (0, 4)] {
        let mut segments = Segments::new(&[0..total], total, count);
        let mut next = 0;
        for worker in 0..count {
            let Some(part) = segments.take(worker).filter(|_| next < total) else { break };
            assert_eq!(part.start, next);
            assert!(part.end - part.start >= MIN_SEGMENT.min(total), "{part:?} of {total}");
            next = part.end;
        }
        assert_eq!(next, total);
    }
}

#[test]
fn missing_ranges_are_taken_first() {
    let left = [MIB..2 * MIB, 3 * MIB..4 * MIB, 5 * MIB..5 * MIB];
    let mut segments = Segments::new(&left, 8 * MIB, 4);
    assert_eq!(segments.complete(), 6 * MIB);
    assert_eq!(segments.take(0), Some(MIB..2 * MIB));
    assert_eq!(segments.take(1), Some(3 * MIB..4 * MIB));
    assert_eq!(segments.take(2), Some(3 * MIB + 512 * KIB..4 * MIB), "half of one of the largest");
    assert_eq!(segments.take(2), Some(3 * MIB + 512 * KIB..4 * MIB), "it has one already");
    assert_eq!(segments.left(), left[..2]);
}

#[test]
fn an_idle_worker_takes_half_of_the_largest_rest() {
    let mut segments = Segments::new(&[0..4 * MIB], 4 * MIB, 2);
    segments.take(0);
    segments.take(1);
    segments.advance(0, MIB);
    segments.advance(1, 2 * MIB);
    segments.release(1);
    assert_eq!(segments.take(1), Some(MIB + 512 * KIB..2 * MIB));
    assert_eq!(segments.next(0, 4 * MIB), MIB..MIB + 512 * KIB);
    // Bytes that were on their way when the other took over.
    segments.advance(0, MIB);
    assert_eq!(segments.next(0, 4 * MIB), MIB + 512 * KIB..MIB + 512 * KIB);
    segments.release(0);
    segments.advance(1, 256 * KIB);
    assert_eq!(segments.take(0), None, "too little for two");
    segments.advance(1, 256 * KIB);
    segments.release(1);
    assert!(segments.is_done() && segments.left().is_empty() && !segments.is_worked_on());
}

#[test]
fn a_response_goes_on_in_a_free_part_behind_its_own() {
    let mut segments = Segments::new(&[0..4 * MIB], 4 * MIB, 4);
    segments.take(0);
    segments.take(1);
    segments.advance(0, MIB);
    assert_eq!(segments.next(0, 4 * MIB), MIB..MIB, "the other has it");
    segments.release(1);
    assert_eq!(segments.next(0, MIB), MIB..MIB, "the response has no more");
    assert_eq!(segments.next(0, MIB + 5), MIB..MIB + 5);
    segments.advance(0, 5);
    assert_eq!(segments.next(0, 4 * MIB), MIB + 5..2 * MIB);
    segments.advance(0, MIB - 5);
    assert_eq!(segments.next(0, 4 * MIB), 2 * MIB..3 * MIB);
    assert_eq!(segments.left(), vec![2 * MIB..4 * MIB]);
}

/// Random steps of workers that come, write, fail and go: each byte is written, and none counts
/// before it is.
#[test]
fn random_workers_write_each_byte() {
    let mut random = Random::from_env(SEED_VARIABLE);
    for _ in 0..200 {
        let total = 1 + random.below(8 << 20) as u64;
        let workers = 1 + random.below(16);
        let mut segments = Segments::new(&[0..total], total, workers);
        let mut written = vec![false; (total / 64) as usize + 1];
        let mut most = 0;
        while !segments.is_done() {
            let worker = random.below(workers);
            let has_part = segments.of(worker).is_some();
            if !has_part {
                segments.take(worker);
            } else if random.below(10) == 0 {
                segments.release(worker);
            } else {
                let next = segments.next(worker, total);
                let count = (next.end - next.start).min(1 + random.below(300 << 10) as u64);
                let range = next.start..next.start + count;
                // A byte stands for 64.
                written[range.start.div_ceil(64) as usize..range.end.div_ceil(64) as usize]
                    .fill(true);
                segments.advance(worker, count);
                if count == 0 {
                    segments.release(worker);
                }
            }
            let left = segments.left();
            most = most.max(left.len());
            assert!(left.windows(2).all(|pair| pair[0].end < pair[1].start), "{left:?}");
            let missing: u64 = left.iter().map(|range| range.end - range.start).sum();
            assert_eq!(segments.complete(), total - missing);
        }
        assert!(written[..total.div_ceil(64) as usize].iter().all(|&it| it));
        assert!(most <= workers.max(1), "{most} ranges for {workers} workers");
    }
}
