use super::*;

#[test]
fn a_name_that_another_site_can_have_is_unknown() {
    let allowed = ["https://Chat.example", "http://team.example:8080"];
    let allowed: Vec<Origin> = allowed.iter().map(|text| text.parse().unwrap()).collect();
    for (host, known) in [
        ("127.0.0.1:8080", true),
        ("127.0.0.1", true),
        ("192.0.2.7:80", true),
        ("[::1]:8080", true),
        ("[::1]", true),
        ("localhost", true),
        ("LOCALHOST:8080", true),
        ("localhost.:8080", true),
        ("chat.localhost:8080", true),
        ("", true),
        ("chat.example", true),
        ("chat.example:8080", true),
        ("TEAM.example.", true),
        ("evil.example", false),
        ("evil.example:8080", false),
        ("127.0.0.1.evil.example:8080", false),
        ("127.0.0.1.example", false),
        ("localhost.evil.example", false),
        ("evil-localhost", false),
        ("chat.example.evil", false),
        ("sub.chat.example", false),
        ("[evil.example]", false),
        ("[::1", false),
        (":8080", false),
    ] {
        assert_eq!(is_known(host, &allowed), known, "{host:?}");
    }
}
