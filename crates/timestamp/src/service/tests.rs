use std::time::{Duration, UNIX_EPOCH};

use super::Service;
use crate::format::Format;
use crate::stamp::Stamp;
use crate::zone::Zone;

#[test]
fn each_answers_as_its_rfc_says() {
    let now = UNIX_EPOCH + Duration::from_secs(1_795_198_262);
    for (protocol, expected) in [
        (Service::Timestamp, &b"[Fri Nov 20 18:11:02 2026] a\r\nb"[..]),
        (Service::Echo, b"a\r\nb"),
        (Service::Daytime, b"Fri Nov 20 18:11:02 2026\r\n"),
        // 1,795,198,262 and the 2,208,988,800 seconds from 1900 to 1970.
        (Service::Time, &[0xEE, 0xAB, 0x0B, 0xB6]),
    ] {
        let mut out = b"before".to_vec();
        protocol.answer(b"a\r\nb", now, &mut Stamp::new(Format::Ctime, Zone::Utc), &mut out);
        assert_eq!(out, [b"before", expected].concat(), "{protocol}");
    }
}

#[test]
fn names_round_trip_and_others_are_rejected() {
    for protocol in Service::ALL {
        assert_eq!(protocol.to_string().parse(), Ok(protocol));
    }
    let error = "Echo".parse::<Service>().unwrap_err();
    assert_eq!(error.to_string(), "unknown service \"Echo\": not timestamp, echo, daytime or time");
}
