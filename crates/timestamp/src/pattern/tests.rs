use super::*;

fn refused(text: &str) -> PatternError {
    Pattern::new(text).unwrap_err()
}

#[test]
fn a_pattern_is_kept_as_given() {
    for text in ["%H:%M:%S", "plain", "%%", " %-d %_d %0d ", "%Y\t%t", "\u{1f552} %R"] {
        assert_eq!(Pattern::new(text).unwrap().as_str(), text);
    }
}

#[test]
fn invalid_specifiers_are_rejected_with_their_offset() {
    for (text, at) in [
        ("%", 0),
        ("%H:%", 3),
        ("%Q", 0),
        ("%H%%%E %M", 4),
        ("%%%", 2),
        ("%.4f", 0),
        ("\u{e4}%:y", 2),
        ("%-A", 0),
        ("%-T", 0),
        ("%H %#z", 3),
        ("%\u{e4}", 0),
    ] {
        assert_eq!(refused(text), PatternError::Specifier { text: text.to_owned(), at }, "{text}");
    }
}

#[test]
fn control_characters_are_rejected_wherever_they_come_from() {
    for (text, character) in [
        ("%H%n%M", '\n'),
        ("a\nb", '\n'),
        ("%H\r\n", '\r'),
        ("\u{1b}[1m%T", '\u{1b}'),
        ("%T\0", '\0'),
        ("\u{85}", '\u{85}'),
    ] {
        let expected = PatternError::Control { text: text.to_owned(), character };
        assert_eq!(refused(text), expected, "{text:?}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(
        refused("%H%Q").to_string(),
        "strftime pattern \"%H%Q\": unknown or incomplete specifier at byte 2"
    );
    assert_eq!(
        refused("%H%n").to_string(),
        "strftime pattern \"%H%n\": contains the control character '\\n'"
    );
    assert_eq!(refused(""), PatternError::Empty);
}

/// Every specifier of up to four characters is either rejected or can be written. None panics, and
/// none writes a control character except a tab.
#[test]
fn an_accepted_pattern_can_always_be_written() {
    let characters: Vec<char> = (' '..='~').collect();
    let mut accepted = 0;
    let mut check = |text: String| {
        if let Ok(pattern) = Pattern::new(&text) {
            accepted += 1;
            for nanos in [i128::MIN, -1, 0, 1_795_198_262_123_456_789, i128::MAX] {
                let out = render(pattern.items(), nanos).unwrap();
                assert!(!out.chars().any(|c| c.is_control() && c != '\t'), "{text}");
            }
        }
    };
    for first in &characters {
        check(format!("%{first}"));
        for second in &characters {
            check(format!("%{first}{second}"));
            if ".:#369".contains(*first) {
                characters.iter().for_each(|third| check(format!("%{first}{second}{third}")));
            }
        }
    }
    assert!(accepted > 1_000);
}

#[test]
fn the_tick_is_the_last_digit_shown() {
    let nano = Duration::from_nanos(1);
    let micro = Duration::from_micros(1);
    let milli = Duration::from_millis(1);
    let second = Duration::from_secs(1);
    for (text, tick) in [
        ("%f", nano),
        ("%.f", nano),
        ("%9f", nano),
        ("%.9f", nano),
        ("%+", nano),
        ("%3f %f", nano),
        ("%6f", micro),
        ("%.6f", micro),
        ("%.3f", milli),
        ("%T %3f", milli),
        ("%S", second),
        ("%c", second),
        ("%H:%M", second),
        ("no time at all", second),
        ("%%f", second),
    ] {
        assert_eq!(Pattern::new(text).unwrap().tick(), tick, "{text}");
    }
}
