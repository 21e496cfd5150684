use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::{Queue, QueuedLines};
use crate::journal::counts::Counts;
use crate::journal::fixture::{capture_log, key, logged};

fn queue(max: usize) -> (Queue, Arc<Counts>) {
    let counts = Arc::new(Counts::default());
    (Queue::new(max, counts.clone()), counts)
}

fn shown(queued: &[QueuedLines]) -> Vec<(&str, u64, &str, u64)> {
    let text = |lines| std::str::from_utf8(lines).unwrap();
    queued.iter().map(|it| (&*it.room, it.second, text(&it.lines), it.count)).collect()
}

#[test]
fn lines_are_taken_in_order_and_joined_by_room_and_second() {
    let (queue, _) = queue(1 << 20);
    let (dev, lobby) = (key("dev"), key("lobby"));
    for (room, second, lines, count) in
        [(&dev, 7, "a\n", 1), (&dev, 7, "b\nc\n", 2), (&lobby, 7, "d\n", 1), (&dev, 7, "e\n", 1)]
    {
        queue.push(room, second, lines.as_bytes(), count);
    }
    queue.push(&dev, 8, b"f\n", 1);
    assert_eq!(
        shown(&queue.take(None).unwrap()),
        [
            ("dev", 7, "a\nb\nc\n", 3),
            ("lobby", 7, "d\n", 1),
            ("dev", 7, "e\n", 1),
            ("dev", 8, "f\n", 1)
        ]
    );
    // An empty queue returns nothing at the time limit.
    assert_eq!(queue.take(Some(Instant::now())).unwrap().len(), 0);
    queue.push(&dev, 9, b"g\n", 1);
    queue.close();
    queue.push(&dev, 9, b"h\n", 1);
    assert_eq!(shown(&queue.take(None).unwrap()), [("dev", 9, "g\n", 1)]);
    assert!(queue.take(None).is_none());
    assert!(!queue.wait_for_end(Duration::ZERO));
    queue.end();
    assert!(queue.wait_for_end(Duration::ZERO));
}

#[test]
fn lines_beyond_the_limit_are_lost_and_counted_and_logged_once() {
    capture_log();
    let (queue, counts) = queue(4096);
    let dev = key("dev");
    let mut fit = 0;
    while counts.lost.load(Relaxed) == 0 {
        queue.push(&dev, fit, &[b'\n'; 100], 3);
        fit += 1;
    }
    assert!(queue.bytes() <= 4096);
    assert_eq!(queue.bytes() as u64, (fit - 1) * (100 + size_of::<QueuedLines>() as u64));
    queue.push(&dev, fit, &[b'\n'; 5000], 7);
    assert_eq!(counts.lost.load(Relaxed), 10);
    let text = "ERROR: log on disk: 3 messages lost up to now: the disk is too slow";
    assert_eq!(logged(), [text]);
    // Bytes that are being written count too.
    assert_eq!(queue.take(None).unwrap().len() as u64, fit - 1);
    queue.push(&dev, fit, &[b'\n'; 1000], 1);
    assert_eq!(counts.lost.load(Relaxed), 11);
    assert!(queue.take(Some(Instant::now())).unwrap().is_empty());
    queue.push(&dev, fit, &[b'\n'; 1000], 1);
    assert_eq!(counts.lost.load(Relaxed), 11);
}
