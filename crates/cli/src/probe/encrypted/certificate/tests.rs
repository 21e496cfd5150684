use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType, date_time_ymd};

use super::Certificate;

const DAY: u64 = 24 * 60 * 60;

/// 2026-11-20 00:00:00 UTC.
const TODAY: u64 = 1_795_132_800;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A certificate from 2026-11-20 to 2026-12-20 for several kinds of names.
fn der(common_name: &str) -> Vec<u8> {
    let mut params = CertificateParams::new(["a.example".into(), "10.0.0.7".into()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress("2001:db8::7".parse().unwrap()));
    params.subject_alt_names.push(SanType::Rfc822Name("ann@a.example".try_into().unwrap()));
    params.subject_alt_names.push(SanType::URI("urn:a".try_into().unwrap()));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, "Ä, Ltd");
    params.not_before = date_time_ymd(2026, 11, 20);
    params.not_after = date_time_ymd(2026, 12, 20);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn row(certificate: &Certificate, name: &str) -> String {
    certificate.rows().into_iter().find(|(own, _)| *own == name).unwrap().1
}

#[test]
fn the_names_the_dates_and_the_hash_are_shown() {
    let certificate = Certificate::of(&der("a"), at(TODAY + 1));
    assert_eq!(row(&certificate, "subject"), "O=Ä\\, Ltd,CN=a");
    assert_eq!(row(&certificate, "issuer"), "O=Ä\\, Ltd,CN=a");
    let names = "a.example, 10.0.0.7, 2001:db8::7, email:ann@a.example, uri:urn:a";
    assert_eq!(row(&certificate, "names"), names);
    let valid = "2026-11-20 00:00:00 UTC to 2026-12-20 00:00:00 UTC, 29 days left";
    assert_eq!(row(&certificate, "valid"), valid);
    assert_eq!(row(&certificate, "sha256").len(), 64);
    let fields = certificate.fields();
    assert!(fields.contains(&("not_after", "\"2026-12-20T00:00:00Z\"".to_owned())), "{fields:?}");
    assert!(fields.contains(&("days_left", "29".to_owned())), "{fields:?}");
}

#[test]
fn days_left_are_whole_days_and_negative_after_the_end() {
    let der = der("a");
    for (now, days, words) in [
        (TODAY - DAY, "31", "not valid yet"),
        (TODAY, "30", "30 days left"),
        (TODAY + 29 * DAY - 1, "1", "1 day left"),
        (TODAY + 30 * DAY, "0", "0 days left"),
        (TODAY + 30 * DAY + 1, "0", "expired 0 days ago"),
        (TODAY + 32 * DAY, "-2", "expired 2 days ago"),
    ] {
        let certificate = Certificate::of(&der, at(now));
        let field = certificate.fields().into_iter().find(|(name, _)| *name == "days_left");
        assert_eq!(field.unwrap().1, days, "at {now}");
        let valid = row(&certificate, "valid");
        assert!(valid.ends_with(&format!(", {words}")), "at {now}: {valid}");
    }
}

/// The SHA-256 of no bytes is known (FIPS 180-4).
#[test]
fn what_is_no_certificate_has_a_reason_and_a_hash() {
    let certificate = Certificate::of(b"", at(TODAY));
    let names: Vec<_> = certificate.rows().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["malformed", "sha256"]);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(row(&certificate, "sha256"), empty);
}

#[test]
fn a_certificate_cut_short_or_changed_never_causes_a_panic() {
    let der = der("a");
    for length in 0..der.len() {
        assert!(Certificate::of(&der[..length], at(TODAY)).content.is_err(), "{length} bytes");
    }
    for at_byte in 0..der.len() {
        for value in [0, 0x7f, 0x80, 0xff] {
            let mut changed = der.clone();
            changed[at_byte] = value;
            let _ = Certificate::of(&changed, at(TODAY)).rows();
        }
    }
}
