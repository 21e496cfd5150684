//! `sockit port` and `sockit probe`.

use std::net::{TcpListener, UdpSocket};
#[cfg(unix)]
use std::os::unix::net::{UnixDatagram, UnixListener};

use netcore::testing::TestDir;

use crate::common::chat::json_field;
use crate::common::process::run;

#[test]
fn a_service_has_a_port_and_a_port_a_service() {
    for (asked, answer) in [
        ("http", "80\n"),
        ("80", "http\n"),
        ("domain/udp", "53\n"),
        ("53/udp", "domain\n"),
        ("smtp/tcp", "25\n"),
        ("tftp", "69\n"),
    ] {
        let finished = run(&["port", asked]);
        finished.expect_code(0).expect_quiet();
        assert_eq!(finished.stdout_text(), answer, "{asked}");
    }
}

#[test]
fn a_port_is_a_json_object_with_json() {
    let finished = run(&["port", "--json", "53/udp"]);
    let object = "{\"name\":\"domain\",\"port\":53,\"protocol\":\"udp\"}\n";
    assert_eq!(finished.expect_code(0).stdout_text(), object);
}

#[test]
fn an_unknown_service_exits_with_1_and_a_malformed_one_with_2() {
    for asked in ["no-such-service", "no-such-service/udp", "0", ""] {
        let finished = run(&["port", asked]);
        finished.expect_code(1).expect_error_line(&[asked, "no such service"]);
        assert!(finished.stdout().is_empty());
    }
    for asked in ["65536", "80/sctp", "80/", "99999999999999999999"] {
        run(&["port", asked]).expect_code(2).expect_error_line(&[asked]);
    }
}

#[test]
fn a_probe_reports_address_attempt_connection_and_options() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let finished = run(&["probe", &address]);
    let text = finished.expect_code(0).expect_quiet().stdout_text();
    for part in [
        format!("address    {address} (IPv4)\n"),
        format!("attempt    {address} connected after "),
        format!(" to {address}"),
        "\nTCP_NODELAY        1      1\n".to_owned(),
        "\nSO_RCVBUF ".to_owned(),
    ] {
        assert!(text.contains(&part), "no {part:?}\n{}", finished.story());
    }
    assert!(!text.contains("is tried"));
    let verbose = run(&["probe", "-v", &address]);
    assert!(verbose.stdout_text().contains(&format!("{address} is tried\n")));
}

#[test]
fn with_json_a_probe_prints_one_object_a_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let finished = run(&["probe", "--json", "-v", &address]);
    let lines: Vec<&str> = finished.expect_code(0).stdout_text().lines().collect();
    let kinds: Vec<_> = lines.iter().map(|line| json_field(line, "kind")).collect();
    assert_eq!(kinds[..3], ["address", "attempt", "connected"].map(Some), "{lines:#?}");
    assert!(kinds[3..].iter().all(|kind| *kind == Some("option")) && kinds.len() > 10);
    assert_eq!(json_field(lines[0], "family"), Some("IPv4"));
    assert_eq!(json_field(lines[1], "outcome"), Some("connected"));
    assert_eq!(json_field(lines[2], "remote"), Some(address.as_str()));
    let nodelay = lines.iter().find(|line| json_field(line, "name") == Some("TCP_NODELAY"));
    let nodelay = nodelay.expect("the option");
    assert_eq!(json_field(nodelay, "asked"), Some("1"));
    assert_eq!(json_field(nodelay, "granted"), Some("1"));
}

#[cfg(unix)]
#[test]
fn datagram_and_unix_sockets_are_probed_too() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("its address").to_string();
    let finished = run(&["probe", &format!("udp://{address}")]);
    assert!(finished.expect_code(0).stdout_text().contains(&format!(" to {address}")));
    let dir = TestDir::new();
    let _stream = UnixListener::bind(dir.path("stream")).expect("a socket file");
    let _datagram = UnixDatagram::bind(dir.path("datagram")).expect("a socket file");
    for name in ["stream", "datagram"] {
        let finished = run(&["probe", &dir.endpoint(name).to_string()]);
        let text = finished.expect_code(0).expect_quiet().stdout_text();
        assert!(text.contains(&format!(" to {}\n", dir.endpoint(name))), "{}", finished.story());
    }
}

#[test]
fn a_failed_probe_prints_its_attempts_and_has_the_codes_of_every_client() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("its address").to_string();
    drop(closed);
    let finished = run(&["probe", &address]);
    finished.expect_code(7).expect_error_line(&[&address, "refused"]);
    let attempt = format!("attempt    {address} failed after ");
    assert!(finished.stdout_text().contains(&attempt), "{}", finished.story());
    // RFC 6761, section 6.4: no name below `invalid` ever exists.
    run(&["probe", "nonexistent.invalid:1"]).expect_code(6).expect_error_line(&["nonexistent"]);
    run(&["probe", "-6", &address]).expect_code(6).expect_error_line(&["another family"]);
    run(&["probe", "nowhere"]).expect_code(3).expect_error_line(&[]);
    run(&["probe", "-4", "-6", &address]).expect_code(2).expect_error_line(&[]);
}

#[cfg(unix)]
#[test]
fn with_z_a_probe_reports_only_whether_the_port_is_open() {
    let dir = TestDir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let tcp = format!("tcp://{}", listener.local_addr().expect("its address"));
    let _stream = UnixListener::bind(dir.path("s")).expect("a socket file");
    let _datagrams = UnixDatagram::bind(dir.path("d")).expect("a socket file");
    for endpoint in [&tcp, &dir.endpoint("s").to_string(), &dir.endpoint("d").to_string()] {
        let finished = run(&["probe", "-z", endpoint]);
        finished.expect_code(0).expect_quiet();
        assert_eq!(finished.stdout_text(), format!("open       {endpoint}\n"));
        let finished = run(&["probe", "--open", "--json", endpoint]);
        let object = format!("{{\"kind\":\"open\",\"endpoint\":\"{endpoint}\",\"open\":true}}\n");
        assert_eq!(finished.expect_code(0).stdout_text(), object);
    }
    drop(listener);
    let finished = run(&["probe", "-z", &tcp]);
    finished.expect_code(7).expect_error_line(&["refused"]);
    assert!(finished.stdout().is_empty(), "{}", finished.story());
    let finished = run(&["probe", "-z", "--json", &tcp]);
    let words = "\"open\":false,\"error\":\"connection refused\"}\n";
    assert!(finished.expect_code(7).stdout_text().ends_with(words), "{}", finished.story());
    let expired = run(&["probe", "-z", "--timeout", "1us", &tcp]);
    expired.expect_code(28).expect_error_line(&["timed out"]);
    run(&["probe", "-z", "udp://127.0.0.1:1"]).expect_code(2).expect_error_line(&["UDP"]);
}
