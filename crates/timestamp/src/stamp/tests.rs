use super::*;

const NOW: u64 = 1_795_198_262;

fn at(seconds: u64, nanos: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)
}

fn stamp(format: &str) -> Stamp {
    Stamp::new(format.parse().unwrap(), Zone::Utc)
}

/// Marks the text, so that a test sees if it is rendered again.
fn mark(stamp: &mut Stamp) {
    stamp.text = "marked".to_owned();
}

#[test]
fn a_stamp_is_the_time_in_brackets_and_a_space() {
    assert_eq!(stamp("ctime").at(at(NOW, 0)), b"[Fri Nov 20 18:11:02 2026] ");
    assert_eq!(stamp("+%%").at(at(NOW, 0)), b"[%] ");
    assert_eq!(stamp("unix").at(SystemTime::UNIX_EPOCH), b"[0] ");
}

#[test]
fn the_text_is_rendered_once_per_tick() {
    for (format, tick) in [("ctime", 1_000_000_000), ("unix-ms", 1_000_000), ("+%6f", 1_000)] {
        let mut stamp = stamp(format);
        stamp.at(at(NOW, tick / 2));
        mark(&mut stamp);
        assert_eq!(stamp.at(at(NOW, 0)), b"marked", "{format}");
        assert_eq!(stamp.at(at(NOW, tick - 1)), b"marked", "{format}");
        let next = at(NOW, 0) + Duration::from_nanos(tick.into());
        assert_ne!(stamp.at(next), b"marked", "{format}");
    }
}

#[test]
fn a_clock_set_back_is_followed() {
    let mut stamp = stamp("unix");
    assert_eq!(stamp.at(at(NOW, 0)), b"[1795198262] ");
    assert_eq!(stamp.at(at(NOW - 1, 999_999_999)), b"[1795198261] ");
    assert_eq!(stamp.at(at(NOW, 0)), b"[1795198262] ");
    assert_eq!(stamp.at(at(3, 0)), b"[3] ");
}

#[test]
fn ticks_before_1970_are_rounded_down() {
    // The clock of Windows counts 100 ns.
    let tick = Duration::from_nanos(100);
    let mut stamp = stamp("unix");
    assert_eq!(stamp.at(SystemTime::UNIX_EPOCH - tick), b"[-1] ");
    mark(&mut stamp);
    assert_eq!(stamp.at(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), b"marked");
    assert_eq!(stamp.at(SystemTime::UNIX_EPOCH), b"[0] ");
    assert_eq!(stamp.at(SystemTime::UNIX_EPOCH - Duration::from_secs(1) - tick), b"[-2] ");
}

#[test]
fn the_limits_of_the_clock_have_a_text() {
    for step in [SystemTime::checked_add, SystemTime::checked_sub] {
        let mut time = SystemTime::UNIX_EPOCH;
        for bit in (0..63).rev() {
            time = step(&time, Duration::from_secs(1 << bit)).unwrap_or(time);
        }
        let mut stamp = stamp("unix");
        let text = format!("[{}] ", unix_nanos(time).div_euclid(1_000_000_000));
        assert_eq!(stamp.at(time), text.as_bytes());
        assert_eq!(stamp.at(time), text.as_bytes());
        assert_eq!(stamp.at(at(3, 0)), b"[3] ");
    }
}

#[test]
fn every_time_of_a_sweep_has_its_own_text() {
    let mut stamp = stamp("unix-ms");
    for step in 0..5_000_u64 {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(step * 137);
        assert_eq!(stamp.at(time), format!("[{}] ", step * 137 / 1_000).as_bytes());
    }
}
