use std::collections::HashSet;
use std::net::{TcpListener, UdpSocket};

use super::*;
use crate::error::ErrorKind;
use crate::fixture::has_ipv6;

fn row<'a>(report: &'a Report, name: &str) -> &'a ReportRow {
    report.rows().iter().find(|row| row.name() == name).unwrap_or_else(|| panic!("{report}"))
}

fn value(report: &Report, name: &str) -> String {
    match row(report, name).granted() {
        Granted::Value(value) => value.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

fn tcp() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn every_option_has_one_row_and_no_verdict_without_a_request() {
    let report = SocketOptions::report(&tcp(), None).unwrap();
    let names: HashSet<_> = report.rows().iter().map(ReportRow::name).collect();
    assert_eq!(names.len(), report.rows().len());
    for row in report.rows() {
        assert_eq!((row.asked(), row.verdict()), (None, None), "{}", row.name());
        assert!(!matches!(row.granted(), Granted::Failed(_)), "{row:?}");
    }
}

/// Compares the report, the options read back, and the printed text, which come from different
/// code.
#[test]
fn the_report_agrees_with_the_options_read_back() {
    let mut sockets = vec![UdpSocket::bind("127.0.0.1:0").unwrap()];
    if has_ipv6() {
        sockets.push(UdpSocket::bind("[::1]:0").unwrap());
    }
    for socket in sockets {
        let report = SocketOptions::report(&socket, None).unwrap();
        let read = SocketOptions::read_from(&socket).unwrap();
        for item in read.to_string().split(' ') {
            let (name, text) = item.split_once('=').unwrap();
            // The names of the value's Display are IPv4's.
            let at = OPTIONS.iter().position(|row| row.0 == name || row.1 == name).unwrap();
            let granted = report.rows()[at].granted().to_string();
            assert_eq!(granted, text, "{name}");
        }
    }
}

#[test]
fn names_follow_the_family() {
    if !has_ipv6() {
        return;
    }
    let report = SocketOptions::report(&UdpSocket::bind("[::1]:0").unwrap(), None).unwrap();
    for name in ["IPV6_UNICAST_HOPS", "IPV6_MULTICAST_LOOP", "IPV6_MULTICAST_HOPS"] {
        assert!(matches!(row(&report, name).granted(), Granted::Value(_)), "{report}");
    }
    let report = SocketOptions::report(&UdpSocket::bind("127.0.0.1:0").unwrap(), None).unwrap();
    assert!(matches!(row(&report, "IP_TTL").granted(), Granted::Value(_)), "{report}");
    assert!(matches!(row(&report, "IPV6_V6ONLY").granted(), Granted::NotAvailable), "{report}");
}

#[test]
fn a_request_without_a_granted_value_is_ignored() {
    let socket = tcp();
    let value = |name| value(&SocketOptions::report(&socket, None).unwrap(), name);
    let ttl: u8 = value("IP_TTL").parse().unwrap();
    let asked = SocketOptions::new().with_ttl(ttl - 1).with_nodelay(value("TCP_NODELAY") == "0");
    let report = SocketOptions::report(&socket, Some(&asked)).unwrap();
    for name in ["IP_TTL", "TCP_NODELAY"] {
        assert_eq!(row(&report, name).verdict(), Some(Verdict::Ignored), "{report}");
    }
    asked.apply(&socket).unwrap();
    let report = SocketOptions::report(&socket, Some(&asked)).unwrap();
    for name in ["IP_TTL", "TCP_NODELAY"] {
        assert_eq!(row(&report, name).verdict(), Some(Verdict::AsAsked), "{report}");
    }
}

#[test]
fn times_are_rounded_up() {
    let socket = tcp();
    let asked = SocketOptions::new()
        .with_linger(Some(Duration::from_millis(1500)))
        .with_keepalive(Some(Keepalive::new().with_idle(Duration::from_millis(2500)).with_count(4)))
        .with_read_timeout(Duration::from_secs(3));
    asked.apply(&socket).unwrap();
    let report = SocketOptions::report(&socket, Some(&asked)).unwrap();
    for (name, granted, verdict) in [
        ("SO_LINGER", "2s", Verdict::Rounded),
        ("SO_KEEPALIVE", "1", Verdict::AsAsked),
        ("TCP_KEEPIDLE", "3s", Verdict::Rounded),
        ("TCP_KEEPCNT", "4", Verdict::AsAsked),
        ("SO_RCVTIMEO", "3s", Verdict::AsAsked),
    ] {
        assert_eq!(value(&report, name), granted);
        assert_eq!(row(&report, name).verdict(), Some(verdict), "{name}");
    }
    assert_eq!(row(&report, "TCP_KEEPINTVL").verdict(), None);
}

#[cfg(target_os = "linux")]
#[test]
fn buffers_are_doubled_and_clamped() {
    let socket = tcp();
    for (asked, verdict) in [
        (32_768, Verdict::Doubled),
        // The kernel's smallest buffer, SOCK_MIN_RCVBUF, is above 2000 bytes.
        (1, Verdict::Clamped),
        (i32::MAX as usize, Verdict::Clamped),
    ] {
        let asked = SocketOptions::new().with_recv_buffer(asked);
        asked.apply(&socket).unwrap();
        let report = SocketOptions::report(&socket, Some(&asked)).unwrap();
        assert_eq!(row(&report, "SO_RCVBUF").verdict(), Some(verdict), "{report}");
    }
}

#[test]
fn verdicts_by_value() {
    let second = Duration::from_secs(1);
    let time = Value::Time;
    for (asked, granted, verdict) in [
        (Value::Size(10), Value::Size(10), Verdict::AsAsked),
        (Value::Size(10), Value::Size(20), Verdict::Doubled),
        (Value::Size(10), Value::Size(19), Verdict::Clamped),
        (Value::Size(usize::MAX), Value::Size(7), Verdict::Clamped),
        // Twice the value counts as doubled for a buffer only.
        (Value::Number(10), Value::Number(20), Verdict::Ignored),
        (time(second), time(second + Duration::from_millis(4)), Verdict::Rounded),
        (time(second), time(second * 2), Verdict::Ignored),
        (time(second), time(Duration::ZERO), Verdict::Ignored),
        // No limit is not rounded up to a short one.
        (time(Duration::ZERO), time(Duration::from_millis(4)), Verdict::Ignored),
        (Value::Flag(true), Value::Flag(false), Verdict::Ignored),
        (time(second), Value::Unset("off"), Verdict::Ignored),
        (Value::Unset("off"), Value::Unset("off"), Verdict::AsAsked),
    ] {
        assert_eq!(Verdict::of(&asked, &granted), verdict, "{asked:?} {granted:?}");
    }
}

#[test]
fn an_option_that_is_not_available_is_no_failure() {
    let asked = Some(Value::Flag(true));
    let absent = ReportRow::new("SO_X", asked.clone(), None, None);
    assert!(matches!(absent.granted(), Granted::NotAvailable));
    assert_eq!((absent.asked(), absent.verdict()), (Some("1"), None));
    let error = Error::new(Operation::GetOption("SO_X"), ErrorKind::PermissionDenied);
    let failed = ReportRow::new("SO_X", asked, None, Some(error));
    assert!(matches!(failed.granted(), Granted::Failed(_)));
    assert_eq!(failed.verdict(), None);
    let report = Report { rows: vec![absent, failed] };
    let expected = "option  asked  granted\n\
                    SO_X    1      not available here\n\
                    SO_X    1      failed: permission denied";
    assert_eq!(report.to_string(), expected);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_lacks_the_options_of_ip() {
    let (socket, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let asked = SocketOptions::new().with_nodelay(true);
    let report = SocketOptions::report(&socket, Some(&asked)).unwrap();
    for name in ["TCP_NODELAY", "IP_TTL", "IPV6_V6ONLY", "SO_BINDTODEVICE", "SO_BROADCAST"] {
        assert!(matches!(row(&report, name).granted(), Granted::NotAvailable), "{report}");
    }
    assert_eq!(row(&report, "TCP_NODELAY").asked(), Some("1"));
    assert!(matches!(row(&report, "SO_RCVBUF").granted(), Granted::Value(_)), "{report}");
}

#[cfg(unix)]
#[test]
fn a_file_has_no_report() {
    let file = std::fs::File::open("/dev/null").unwrap();
    let error = SocketOptions::report(&file, None).unwrap_err();
    assert_eq!(error.operation(), Operation::Inspect);
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_that_is_not_set_is_none() {
    assert_eq!(value(&SocketOptions::report(&tcp(), None).unwrap(), "SO_BINDTODEVICE"), "none");
}

#[test]
fn the_table_is_aligned() {
    let asked = SocketOptions::new().with_recv_buffer(32_768).with_reuse_address(true);
    let socket = tcp();
    asked.apply(&socket).unwrap();
    let text = SocketOptions::report(&socket, Some(&asked)).unwrap().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), OPTIONS.len() + 1);
    let column = lines[0].find("granted").unwrap();
    for line in &lines {
        assert_eq!(&line[column - 2..column], "  ", "{text}");
        assert_ne!(&line[column..=column], " ", "{text}");
        assert_eq!(line.trim_end(), *line, "{text}");
    }
    assert!(!text.ends_with('\n'));
}
