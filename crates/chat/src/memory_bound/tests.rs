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
