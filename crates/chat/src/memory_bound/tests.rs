use crate::Chat;
use crate::config::Config;
use crate::protocol::format::Format;

#[test]
fn endless_limits_give_an_endless_bound() {
    let config = Config::default()
        .with_format(Format::Json)
        .with_max_line(usize::MAX)
        .with_history(usize::MAX)
        .with_history_bytes(usize::MAX)
        .with_max_rooms(usize::MAX)
        .with_memory(usize::MAX);
    let bound = Chat::new(config).memory_bound(usize::MAX, usize::MAX, usize::MAX);
    assert_eq!(bound.total(), usize::MAX);
}

#[test]
fn the_bound_shows_the_bytes_for_tls_only_if_there_are_some() {
    let bound = Chat::new(Config::default()).memory_bound(1, 1, 1);
    assert!(!bound.to_string().contains("TLS"), "{bound}");
    let encrypted = bound.with_tls_bytes(4096);
    assert_eq!(encrypted.total(), bound.total() + 4096);
    assert!(encrypted.to_string().ends_with(", 4 KiB for TLS"), "{encrypted}");
}
