use std::time::Duration;

use super::*;

#[test]
fn days_are_those_of_the_gregorian_calendar() {
    for (seconds, text) in [
        (0, "1970-01-01"),
        (86_399, "1970-01-01"),
        (951_782_400, "2000-02-29"),
        (951_868_800, "2000-03-01"),
        (1_709_164_800, "2024-02-29"),
        (1_798_761_599, "2026-12-31"),
        (4_107_542_400, "2100-03-01"),
        (253_402_300_799, "9999-12-31"),
    ] {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        assert_eq!(Date::of(time).to_string(), text);
    }
}
