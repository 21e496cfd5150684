use std::num::NonZeroUsize;
use std::time::Duration;

use super::{
    byte_range, count, duration, local_address, rate, resolve, size, some_count, some_duration,
    some_size,
};

#[test]
fn durations_are_numbers_with_units() {
    for (text, millis) in [
        ("250ms", 250),
        ("5s", 5_000),
        ("5", 5_000),
        ("0", 0),
        ("0.5", 500),
        ("1.5s", 1_500),
        ("1m30s", 90_000),
        ("2h", 7_200_000),
        ("1d", 86_400_000),
        ("1h1m1s1ms", 3_661_001),
    ] {
        assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
    }
    assert_eq!(duration("7us"), Ok(Duration::from_micros(7)));
    for bad in [
        "", "s", "-1s", "+1s", "1 s", " 1s", "1x", "1m30", "30 1m", ".5s", "1..5s", "1e3", "inf",
        "nan", "1S",
    ] {
        assert!(duration(bad).is_err(), "{bad:?}");
    }
    assert!(duration(&"9".repeat(400)).is_err());
    assert!(some_duration("0s").is_err());
    assert!(some_duration("1ms").is_ok());
    let limit = "too long: 18446744073709551615s at most";
    assert_eq!(duration("18446744073709551616"), Err(limit.to_owned()));
}

#[test]
fn rates_are_lines_and_bytes_a_second() {
    for (text, shown) in [
        ("10", "10 lines and 10240 bytes a second"),
        ("10,64k", "10 lines and 65536 bytes a second"),
        ("1,1", "1 lines and 1 bytes a second"),
    ] {
        assert_eq!(rate(text).map(|rate| rate.to_string()).as_deref(), Ok(shown), "{text}");
    }
    for bad in ["", "0", "-1", "+1", "1.5", "10,", ",10", "10,0", "10,x", "10,1,1", "10/s"] {
        assert!(rate(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn sizes_are_powers_of_1024() {
    for (text, bytes) in
        [("0", 0), ("4096", 4096), ("64k", 65_536), ("1M", 1 << 20), ("2G", 2 << 30)]
    {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    for bad in
        ["", "k", "-1", "+1", "1.5k", "1 k", "1kb", "1T", "99999999999999999999", "99999999999999G"]
    {
        assert!(size(bad).is_err(), "{bad:?}");
    }
    assert_eq!(size(&u64::MAX.to_string()).is_ok(), usize::BITS == 64);
    assert!(
        size("99999999999999G").unwrap_err().ends_with(&format!("{} bytes at most", usize::MAX))
    );
    assert!(some_size("0k").unwrap_err().starts_with("expected 1 byte or more"));
    assert_eq!(some_size("1"), Ok(1));
}

#[test]
fn a_local_address_may_lack_its_port() {
    for (text, address) in [
        ("127.0.0.1", "127.0.0.1:0"),
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("::1", "[::1]:0"),
        ("[::1]:80", "[::1]:80"),
        ("fe80::1%7", "[fe80::1%7]:0"),
        ("[fe80::1%7]:80", "[fe80::1%7]:80"),
    ] {
        assert_eq!(local_address(text), Ok(address.parse().unwrap()), "{text}");
    }
    for text in ["", "localhost", "127.0.0.1:", "127.0.0.1:65536", "[::1]", "%", "::1%", "x%1"] {
        assert!(local_address(text).unwrap_err().starts_with("expected an IP address"), "{text}");
    }
    let error = local_address("fe80::1%nope").unwrap_err();
    assert!(error.ends_with("no network interface \"nope\""), "{error}");
}

#[test]
fn ranges_are_of_bytes() {
    for good in ["0-0", "0-99", "100-", "-100", "5-5"] {
        assert_eq!(byte_range(good), Ok(good.to_owned()));
    }
    for bad in ["", "-", "5", "5-4", "a-b", "+1-2", "1-2,4-5", "bytes=0-1", " 1-2", "1--2"] {
        assert!(byte_range(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_host_and_a_port_can_have_their_address() {
    for (text, host, port, address) in [
        ("www.example:80:192.0.2.7", "www.example", 80, "192.0.2.7"),
        ("WWW.Example:443:[2001:db8::7]", "www.example", 443, "2001:db8::7"),
        ("www.example:443:2001:db8::7", "www.example", 443, "2001:db8::7"),
        ("[2001:db8::1]:80:192.0.2.7", "2001:db8::1", 80, "192.0.2.7"),
    ] {
        assert_eq!(resolve(text), Ok((host.to_owned(), port, address.parse().unwrap())));
    }
    for bad in ["", "h", "h:80", "h:80:", "h::1.2.3.4", ":80:1.2.3.4", "h:+80:1.2.3.4", "[h:80:1"] {
        assert!(resolve(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn counts_are_whole_numbers() {
    assert_eq!((count::<u32>("0"), count::<usize>("17")), (Ok(0), Ok(17)));
    for wrong in ["", "x", "-1", "+1", "1.5", "1k", " 1"] {
        assert_eq!(count::<u32>(wrong), Err("expected a whole number, as in 3".to_owned()));
    }
    assert_eq!(count::<u32>("4294967296"), Err("too large: 4294967295 at most".to_owned()));
    assert_eq!(some_count::<usize>("0"), Err("expected 1 or more".to_owned()));
    assert_eq!(some_count("3").map(NonZeroUsize::get), Ok(3));
}
