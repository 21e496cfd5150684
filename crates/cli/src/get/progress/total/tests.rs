use std::time::Duration;

use super::*;

#[test]
fn the_line_sums_up_all_transfers() {
    let begin = Instant::now();
    for (count, of) in [(Some(40), " of 40"), (None, "")] {
        let mut sum = Sum::new(count, begin);
        assert_eq!(sum.text(), format!("total: 0{of} done, 0 B, 0 B/s"));
        sum.bytes = 3 << 20;
        sum.ended = 2;
        assert!(sum.rate.note(begin + Duration::from_secs(2), sum.bytes));
        assert_eq!(sum.text(), format!("total: 2{of} done, 3.00 MiB, 1.50 MiB/s"));
    }
}

#[test]
fn bytes_and_ends_are_counted_on_all_threads() {
    let bars = MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden());
    let total = Total::new(&bars, None);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..100).for_each(|_| total.add(Instant::now(), 10));
                total.end(Instant::now());
            });
        }
    });
    let sum = total.sum.lock().unwrap();
    assert_eq!((sum.bytes, sum.ended), (4000, 4));
}
