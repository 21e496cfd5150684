//! Times as the program prints them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns the time since 1970.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970")
}

/// Returns `true` if the text has the shape of the example. A digit stands for any digit, a letter
/// for any letter, `_` for a digit or a space, and any other character for itself.
pub(crate) fn has_shape(text: &str, example: &str) -> bool {
    let fits = |(character, like): (char, char)| match like {
        '0'..='9' => character.is_ascii_digit(),
        'a'..='z' | 'A'..='Z' => character.is_ascii_alphabetic(),
        '_' => character.is_ascii_digit() || character == ' ',
        _ => character == like,
    };
    text.chars().count() == example.chars().count() && text.chars().zip(example.chars()).all(fits)
}

/// Returns the bytes after `[Www Mmm dd hh:mm:ss yyyy] `, with which the answer must begin.
#[track_caller]
pub(crate) fn without_ctime(answer: &[u8]) -> &[u8] {
    const EXAMPLE: &str = "[Fri Nov _0 18:11:02 2026] ";
    let stamp = answer.get(..EXAMPLE.len()).and_then(|stamp| str::from_utf8(stamp).ok());
    if !stamp.is_some_and(|stamp| has_shape(stamp, EXAMPLE)) {
        let start = &answer[..answer.len().min(60)];
        panic!("expected `[Www Mmm dd hh:mm:ss yyyy] `, got \"{}\"", start.escape_ascii());
    }
    &answer[EXAMPLE.len()..]
}

/// Returns year, month, day, hour, minute and second in UTC of a time since 1970.
pub(crate) fn civil_utc(time: Duration) -> [u64; 6] {
    let (mut days, seconds) = (time.as_secs() / 86_400, time.as_secs() % 86_400);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    [year, month, days + 1, seconds / 3600, seconds / 60 % 60, seconds % 60]
}
