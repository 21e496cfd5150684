use std::time::UNIX_EPOCH;

use chrono::{DateTime, Local};

use super::*;
use crate::zone::{FIRST, LAST};

/// 2026-11-20 18:11:02.123456789 UTC, a Friday.
fn friday() -> SystemTime {
    UNIX_EPOCH + Duration::new(1_795_198_262, 123_456_789)
}

/// The resolution of the system's clock.
const CLOCK: Duration = Duration::from_nanos(if cfg!(windows) { 100 } else { 1 });

fn text(format: &str, time: SystemTime, zone: Zone) -> String {
    let mut out = String::from("kept ");
    format.parse::<Format>().unwrap().write(time, zone, &mut out);
    out.strip_prefix("kept ").unwrap().to_owned()
}

fn utc(format: &str, time: SystemTime) -> String {
    text(format, time, Zone::Utc)
}

#[test]
fn every_format_writes_a_known_time() {
    for (format, expected) in [
        ("ctime", "Fri Nov 20 18:11:02 2026"),
        ("rfc3339", "2026-11-20T18:11:02Z"),
        ("rfc2822", "Fri, 20 Nov 2026 18:11:02 +0000"),
        ("unix", "1795198262"),
        ("unix-ms", "1795198262123"),
        ("unix-ns", if cfg!(windows) { "1795198262123456700" } else { "1795198262123456789" }),
        ("+%H:%M:%S", "18:11:02"),
        ("+%F %T%.3f %z", "2026-11-20 18:11:02.123 +0000"),
        ("+%A %B %P %Z", "Friday November pm UTC"),
        ("+100%% \u{e4}\t%s", "100% \u{e4}\t1795198262"),
    ] {
        assert_eq!(utc(format, friday()), expected, "{format}");
    }
}

#[test]
fn one_digit_days_are_padded_as_each_format_says() {
    let time = UNIX_EPOCH + Duration::from_secs(1_794_009_909);
    assert_eq!(utc("ctime", time), "Sat Nov  7 00:05:09 2026");
    assert_eq!(utc("rfc2822", time), "Sat, 7 Nov 2026 00:05:09 +0000");
    assert_eq!(utc("rfc3339", time), "2026-11-07T00:05:09Z");
}

#[test]
fn times_before_1970_are_rounded_down() {
    let time = UNIX_EPOCH - Duration::from_millis(500);
    assert_eq!(utc("ctime", time), "Wed Dec 31 23:59:59 1969");
    assert_eq!(utc("unix", time), "-1");
    assert_eq!(utc("unix-ms", time), "-500");
    assert_eq!(utc("unix-ns", time), "-500000000");
    assert_eq!(utc("+%S%.3f", time), "59.500");
    assert_eq!(utc("unix", UNIX_EPOCH), "0");
}

#[test]
fn dates_out_of_range_are_written_as_the_nearest_date() {
    let ends = [
        extreme(UNIX_EPOCH, SystemTime::checked_sub),
        extreme(UNIX_EPOCH, SystemTime::checked_add),
    ];
    for format in ["ctime", "rfc3339", "rfc2822", "unix", "unix-ms", "unix-ns", "+%c %+ %G %C %j"] {
        for zone in [Zone::Utc, Zone::Local] {
            for end in ends {
                assert_ne!(text(format, end, zone), "", "{format}");
            }
        }
    }
    if unix_nanos(ends[0]) < i128::from(FIRST) * 1_000_000_000 {
        assert_eq!(utc("rfc3339", ends[0]), "0000-01-02T00:00:00Z");
        assert_eq!(utc("ctime", ends[0]), "Sun Jan  2 00:00:00 0");
    }
    if unix_nanos(ends[1]) > i128::from(LAST + 1) * 1_000_000_000 {
        assert_eq!(utc("rfc2822", ends[1]), "Thu, 30 Dec 9999 23:59:59 +0000");
        assert!(utc("unix", ends[1]).parse::<i64>().unwrap() > LAST);
    }
}

/// Returns the last time that can be reached from `from`.
fn extreme(from: SystemTime, step: fn(&SystemTime, Duration) -> Option<SystemTime>) -> SystemTime {
    let mut time = from;
    for bit in (0..63).rev() {
        time = step(&time, Duration::from_secs(1 << bit)).unwrap_or(time);
    }
    step(&time, Duration::from_nanos(999_999_999)).unwrap_or(time)
}

#[test]
fn local_dates_are_those_of_chrono() {
    let local = DateTime::<Local>::from(friday());
    assert_eq!(text("ctime", friday(), Zone::Local), local.format("%a %b %e %T %Y").to_string());
    assert_eq!(
        text("rfc3339", friday(), Zone::Local),
        local.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
    );
    assert_eq!(text("rfc2822", friday(), Zone::Local), local.to_rfc2822());
    assert_eq!(text("+%c %Z", friday(), Zone::Local), local.format("%c %Z").to_string());
    assert_eq!(text("unix", friday(), Zone::Local), "1795198262");
}

#[test]
fn names_round_trip() {
    for name in
        ["ctime", "rfc3339", "rfc2822", "unix", "unix-ms", "unix-ns", "+%H:%M:%S", "++", "+unix"]
    {
        assert_eq!(name.parse::<Format>().unwrap().to_string(), name);
    }
    assert_eq!(Format::default().to_string(), "ctime");
}

#[test]
fn unknown_names_are_rejected() {
    for name in ["", "CTIME", "unix-us", " ctime", "%H:%M"] {
        assert_eq!(name.parse::<Format>(), Err(FormatError::Unknown(name.to_owned())));
    }
    assert_eq!(
        "iso".parse::<Format>().unwrap_err().to_string(),
        "unknown time format \"iso\": not ctime, rfc3339, rfc2822, unix, unix-ms, unix-ns, or + \
         and a strftime pattern"
    );
    assert_eq!("+".parse::<Format>(), Err(FormatError::Pattern(PatternError::Empty)));
    assert_eq!("+".parse::<Format>().unwrap_err().to_string(), "empty strftime pattern");
}

#[test]
fn the_text_is_valid_for_one_tick() {
    for format in ["ctime", "rfc3339", "rfc2822", "unix", "unix-ms", "unix-ns", "+%T", "+%3f %6f"] {
        let tick = format.parse::<Format>().unwrap().tick().max(CLOCK);
        let start = UNIX_EPOCH + Duration::from_secs(1_795_198_262);
        let last = start + tick - CLOCK;
        assert_eq!(utc(format, start), utc(format, last), "{format}");
        assert_ne!(utc(format, start), utc(format, start + tick), "{format}");
    }
}
