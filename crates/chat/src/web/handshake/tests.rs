use super::*;

/// The fields of the example of section 1.2.
const FIELDS: [(&str, &str); 6] = [
    ("Host", "server.example.com"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("Origin", "http://server.example.com"),
    ("Sec-WebSocket-Version", "13"),
];

/// Returns the head of the example with other values for some fields. An empty value leaves the
/// field out.
fn head(line: &str, changes: &[(&str, &str)]) -> String {
    let mut head = format!("{line}\r\n");
    for (name, value) in FIELDS {
        let change = changes.iter().find(|(changed, _)| *changed == name);
        let value = change.map_or(value, |(_, value)| value);
        if !value.is_empty() {
            head += &format!("{name}: {value}\r\n");
        }
    }
    head + "\r\n"
}

fn answer(line: &str, changes: &[(&str, &str)], allowed: &[Origin]) -> Result<String, Status> {
    let head = head(line, changes);
    let (request, _) = Request::parse(head.as_bytes()).unwrap().unwrap();
    let response = accept(&request, allowed).map_err(|refusal| refusal.status)?;
    Ok(String::from_utf8(response).unwrap())
}

fn with(changes: &[(&str, &str)]) -> Result<String, Status> {
    answer("GET /ws HTTP/1.1", changes, &[])
}

#[test]
fn the_example_of_the_rfc() {
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(with(&[]).as_deref(), Ok(expected));
    for same in [
        ("Upgrade", "WebSocket"),
        ("Upgrade", "h2c, websocket"),
        ("Connection", "keep-alive, upgrade"),
        ("Origin", ""),
    ] {
        assert_eq!(with(&[same]).as_deref(), Ok(expected), "{same:?}");
    }
}

#[test]
fn a_request_without_an_upgrade_is_told_so() {
    for lacking in
        [("Upgrade", ""), ("Upgrade", "h2c"), ("Connection", ""), ("Connection", "close")]
    {
        assert_eq!(with(&[lacking]), Err(Status::UpgradeRequired), "{lacking:?}");
    }
    for line in ["HEAD /ws HTTP/1.1", "GET /ws HTTP/1.0"] {
        assert_eq!(answer(line, &[], &[]), Err(Status::UpgradeRequired), "{line}");
    }
}

#[test]
fn only_version_13_is_spoken() {
    for version in ["", "8", "12", "14", "013", "13, 8", "x"] {
        let changes = [("Sec-WebSocket-Version", version)];
        assert_eq!(with(&changes), Err(Status::UpgradeRequired), "{version}");
    }
}

#[test]
fn a_key_is_needed_once() {
    for key in ["", "c2hvcnQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ==, x"] {
        assert_eq!(with(&[("Sec-WebSocket-Key", key)]), Err(Status::BadRequest), "{key}");
    }
    let two = "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    assert_eq!(with(&[("Sec-WebSocket-Key", two)]), Err(Status::BadRequest));
}

#[test]
fn pages_of_other_origins_are_refused() {
    for origin in ["http://evil.example", "null", "http://server.example.com:81", "x"] {
        assert_eq!(with(&[("Origin", origin)]), Err(Status::Forbidden), "{origin}");
    }
    let two = "http://server.example.com\r\nOrigin: http://server.example.com";
    assert_eq!(with(&[("Origin", two)]), Err(Status::Forbidden));
    let allowed = ["https://team.example".parse().unwrap()];
    let changes = [("Origin", "https://team.example")];
    assert!(answer("GET /ws HTTP/1.1", &changes, &allowed).is_ok());
}
