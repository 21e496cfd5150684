use super::*;

#[test]
fn dates_of_servers_are_read() {
    // The seconds are those of `date -u -d … +%s`.
    for (text, seconds) in [
        ("Wed, 09 Jun 2021 10:18:14 GMT", Some(1_623_233_894)),
        ("Wednesday, 09-Jun-21 10:18:14 GMT", Some(1_623_233_894)),
        ("Wed Jun  9 10:18:14 2021", Some(1_623_233_894)),
        ("9 jun 2021 10:18:14", Some(1_623_233_894)),
        ("2021 10:18:14 9 June", Some(1_623_233_894)),
        ("10:18:14 9 JUNE 2021", Some(1_623_233_894)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Thu, 01-Jan-70 00:00:01 GMT", Some(1)),
        ("Mon, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
        ("Tue, 29 Feb 2023 23:59:59 GMT", None),
        ("Thu, 29 Feb 1900 00:00:00 GMT", None),
        ("Tue, 29 Feb 2000 00:00:00 GMT", Some(951_782_400)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
        ("Mon, 01 Jan 1601 00:00:00 GMT", Some(-11_644_473_600)),
        ("Sun, 31 Dec 1600 00:00:00 GMT", None),
        ("Wed, 09 Jun 2021 24:00:00 GMT", None),
        ("Wed, 09 Jun 2021 10:60:00 GMT", None),
        ("Wed, 09 Jun 2021 10:18 GMT", None),
        ("Wed, 09 Jun 2021", None),
        ("09 2021 10:18:14", None),
        ("Wed, 31 Apr 2021 10:18:14 GMT", None),
        ("Wed, 00 Jun 2021 10:18:14 GMT", None),
        ("Wed, 09 Jun 20210 10:18:14 GMT", None),
        ("", None),
        ("0", None),
        (";;;", None),
    ] {
        assert_eq!(parse(text.as_bytes()), seconds, "{text}");
    }
}
