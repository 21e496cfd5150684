use super::*;

/// Those of `messages` that are new.
fn new<'a>(seen: &mut ReplayFilter, messages: &[&'a str]) -> Vec<&'a str> {
    seen.begin();
    messages.iter().copied().filter(|message| !seen.is_replay(message)).collect()
}

#[test]
fn a_history_that_was_seen_is_not_shown_again() {
    let mut seen = ReplayFilter::default();
    assert_eq!(new(&mut seen, &["1", "2", "2", "3"]), ["1", "2", "2", "3"]);
    assert_eq!(new(&mut seen, &["2", "2", "3", "4", "5"]), ["4", "5"]);
    assert_eq!(new(&mut seen, &[]), [""; 0]);
    assert_eq!(new(&mut seen, &["4", "5"]), [""; 0]);
    // What was said while nobody was here, though it was said before too.
    assert_eq!(new(&mut seen, &["5", "6", "5"]), ["6", "5"]);
}

#[test]
fn the_memory_is_bounded() {
    let mut seen = ReplayFilter::default();
    let messages: Vec<String> = (0..MAX_MESSAGES + 1).map(|n| n.to_string()).collect();
    let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
    new(&mut seen, &messages);
    assert_eq!(seen.messages.len(), MAX_MESSAGES);
    assert_eq!(new(&mut seen, &["0", "1"]), ["0", "1"]);
}
