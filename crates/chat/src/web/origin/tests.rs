use super::*;

fn may_open(origin: &str, host: &str, allowed: &[&str]) -> bool {
    let allowed: Vec<Origin> = allowed.iter().map(|text| text.parse().unwrap()).collect();
    origin.parse::<Origin>().is_ok_and(|origin| origin.may_open(host, &allowed))
}

#[test]
fn a_page_may_open_its_own_server() {
    for (origin, host) in [
        ("http://chat.example", "chat.example"),
        ("http://chat.example", "chat.example:80"),
        ("http://chat.example:80", "CHAT.example"),
        ("https://chat.example", "chat.example:443"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ] {
        assert!(may_open(origin, host, &[]), "{origin} {host}");
    }
}

#[test]
fn another_page_needs_a_permission() {
    let allowed = ["https://team.example", "http://localhost:3000"];
    for (origin, may) in [
        ("https://team.example", true),
        ("https://TEAM.example:443", true),
        ("http://localhost:3000", true),
        ("http://team.example", false),
        ("https://team.example:8443", false),
        ("https://chat.example.evil", false),
        ("https://evil-chat.example", false),
        ("http://chat.example:8080", false),
        ("null", false),
        ("", false),
        ("file://", false),
        ("https://team.example/", false),
        ("https://user@team.example", false),
    ] {
        assert_eq!(may_open(origin, "chat.example", &allowed), may, "{origin}");
    }
}
