use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{ParsedTime, seconds_since_1900};
use crate::format::Format;
use crate::zone::Zone;

/// 2026-11-20 17:11:02.123456789 UTC.
const MOMENT: Duration = Duration::new(1_795_194_662, 123_456_789);

fn parse(text: &str) -> Option<ParsedTime> {
    ParsedTime::parse(text, Zone::Utc, UNIX_EPOCH)
}

#[test]
fn each_format_is_parsed_back_within_its_resolution() {
    let moment = UNIX_EPOCH + MOMENT;
    for zone in [Zone::Utc, Zone::Local] {
        for name in ["ctime", "rfc3339", "rfc2822", "unix", "unix-ms", "unix-ns", "+%s%.3f"] {
            let format: Format = name.parse().unwrap();
            let mut text = String::new();
            format.write(moment, zone, &mut text);
            let reading = ParsedTime::parse(&text, zone, moment).expect(&text);
            assert_eq!(reading.resolution, format.tick(), "{text}");
            let behind = moment.duration_since(reading.time).unwrap();
            assert!(behind < reading.resolution, "{text}: {behind:?}");
            assert_eq!(reading.zone_assumed, name == "ctime", "{text}");
        }
    }
}

#[test]
fn every_fraction_has_its_step() {
    let whole = UNIX_EPOCH + Duration::from_secs(1_795_194_662);
    for (text, nanos, step) in [
        ("1795194662.5", 500_000_000, 100_000_000),
        ("1795194662.123456789", 123_456_789, 1),
        ("1795194662.1234567899", 123_456_789, 1),
        ("1795194662123456", 123_456_000, 1_000),
        ("2026-11-20T17:11:02.250Z", 250_000_000, 1_000_000),
        ("2026-11-20 17:11:02.25", 250_000_000, 10_000_000),
        ("2026-11-20T18:11:02,+01:00", 0, 0),
        ("  2026-11-20T18:11:02+01:00\r\n", 0, 1_000_000_000),
    ] {
        let reading = parse(text);
        if step == 0 {
            assert_eq!(reading, None, "{text}");
            continue;
        }
        let reading = reading.expect(text);
        assert_eq!(reading.time, whole + Duration::from_nanos(nanos), "{text}");
        assert_eq!(reading.resolution, Duration::from_nanos(step), "{text}");
    }
}

#[test]
fn times_before_1970_are_rounded_down_too() {
    let before = UNIX_EPOCH - Duration::from_millis(1_500);
    let mut text = String::new();
    Format::Unix.write(before, Zone::Utc, &mut text);
    let reading = parse(&text).expect("a time");
    assert_eq!(reading.time, UNIX_EPOCH - Duration::from_secs(2));
    assert_eq!(parse("-7").unwrap().time, UNIX_EPOCH - Duration::from_secs(7));
}

#[test]
fn a_text_that_is_not_a_time_is_rejected() {
    let long = "9".repeat(1000);
    for text in [
        "",
        "-",
        ".",
        "1.",
        ".5",
        "+1",
        "1e5",
        "1 2",
        "12:00:00",
        "0x10",
        "Fri Nov 20 18:11:02",
        "Thu Nov 20 17:11:02 2026",
        "2026-11-20",
        "2026-13-20T17:11:02Z",
        "179519466212.5",
        "½",
        "999999999999999999999",
        "error: line longer than 9 bytes",
        &long,
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn a_leap_second_is_the_next_minute() {
    let reading = parse("2016-12-31T23:59:60Z").expect("a leap second");
    assert_eq!(reading.time, UNIX_EPOCH + Duration::from_secs(1_483_228_800));
}

#[test]
fn the_seconds_of_rfc_868_are_its_examples() {
    // "the time 2,208,988,800 corresponds to 00:00 1 Jan 1970 GMT, 2,398,291,200 to 00:00 1 Jan
    // 1976 GMT, 2,524,521,600 to 00:00 1 Jan 1980 GMT, 2,629,584,000 to 00:00 1 May 1983 GMT, and
    // -1,297,728,000 to 00:00 17 Nov 1858 GMT."
    for (seconds, unix) in [
        (2_208_988_800_u32, 0),
        (2_398_291_200, 189_302_400),
        (2_524_521_600, 315_532_800),
        (2_629_584_000, 420_595_200),
    ] {
        let time = UNIX_EPOCH + Duration::from_secs(unix);
        assert_eq!(seconds_since_1900(time), seconds);
        let reading = ParsedTime::from_seconds_since_1900(seconds, time).unwrap();
        assert_eq!((reading.time, reading.resolution), (time, Duration::from_secs(1)));
    }
    let before = UNIX_EPOCH - Duration::from_secs(2_208_988_800 + 1_297_728_000);
    assert_eq!(seconds_since_1900(before), -1_297_728_000_i32 as u32);
}

#[test]
fn the_era_is_the_one_nearest_to_the_local_clock() {
    let last = UNIX_EPOCH + Duration::from_secs(2_085_978_495);
    let first = last + Duration::from_secs(1);
    assert_eq!(seconds_since_1900(last), u32::MAX);
    assert_eq!(seconds_since_1900(first), 0);
    let time = |seconds, near: SystemTime| {
        ParsedTime::from_seconds_since_1900(seconds, near).unwrap().time
    };
    let year = Duration::from_secs(31_557_600);
    for near in [last, first, last - 60 * year, first + 60 * year] {
        assert_eq!((time(u32::MAX, near), time(0, near)), (last, first));
    }
    assert_eq!(time(0, last - 80 * year), first - Duration::from_secs(1 << 32));
}

/// Times with bytes changed, removed or doubled do not panic.
#[test]
fn no_text_panics() {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = |end: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) as usize % end
    };
    let mut texts = Vec::new();
    for name in ["ctime", "rfc3339", "rfc2822", "unix-ns", "+%s%.9f", "+%F %T%.f"] {
        let mut text = String::new();
        name.parse::<Format>().unwrap().write(UNIX_EPOCH + MOMENT, Zone::Local, &mut text);
        texts.push(text);
    }
    for _ in 0..20_000 {
        let mut text = texts[below(texts.len())].clone().into_bytes();
        for _ in 0..=below(4) {
            let at = below(text.len());
            match below(3) {
                0 => text[at] = b" -+:.09TZz\xff"[below(11)],
                1 => text.truncate(at + 1),
                _ => text.insert(at, text[at]),
            }
        }
        let text = String::from_utf8_lossy(&text);
        for zone in [Zone::Utc, Zone::Local] {
            if let Some(reading) = ParsedTime::parse(&text, zone, UNIX_EPOCH) {
                assert!(reading.resolution <= Duration::from_secs(1), "{text}");
            }
        }
        crate::ping::wire::read(
            format!("[{text}] 7 0123456789abcdef").as_bytes(),
            0x0123_4567_89ab_cdef,
        );
    }
}
