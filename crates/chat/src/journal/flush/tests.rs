use std::time::Duration;

use super::{Flush, UnknownFlush};

#[test]
fn words_and_durations_are_read() {
    for (word, expected) in [
        ("always", Flush::Every(Duration::ZERO)),
        ("0", Flush::Every(Duration::ZERO)),
        ("never", Flush::Never),
        ("7", Flush::Every(Duration::from_secs(7))),
        ("250ms", Flush::Every(Duration::from_millis(250))),
        ("5s", Flush::Every(Duration::from_secs(5))),
        ("1m30s", Flush::Every(Duration::from_secs(90))),
        ("2h", Flush::Every(Duration::from_secs(7200))),
    ] {
        assert_eq!(word.parse(), Ok(expected), "{word}");
        assert_eq!(expected.to_string().parse(), Ok(expected), "{expected}");
    }
    for bad in
        ["", "Always", "+5", "-1", "s", "5 s", "5d", "1m30", "1.5s", "99999999999999999999", "é"]
    {
        assert_eq!(bad.parse::<Flush>(), Err(UnknownFlush), "{bad:?}");
    }
    let largest = format!("{}h", u64::MAX);
    assert_eq!(largest.parse::<Flush>(), Err(UnknownFlush));
}
