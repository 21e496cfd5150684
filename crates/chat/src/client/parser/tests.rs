use netcore::testing::split_law;

use super::Parser;
use crate::client::event::{Event, EventKind, Notice};

const LIMIT: usize = 200;

fn events(chunks: &[&[u8]]) -> Vec<Event> {
    let mut parser = Parser::new(LIMIT);
    let mut events = Vec::new();
    for mut chunk in chunks.iter().copied() {
        events.extend(std::iter::from_fn(|| parser.next(&mut chunk)));
        assert!(chunk.is_empty());
    }
    events.extend(parser.finish());
    events
}

#[track_caller]
fn kinds(stream: &str) -> Vec<EventKind> {
    events(&[stream.as_bytes()]).into_iter().map(|event| event.kind).collect()
}

fn message(from: &str, text: &str) -> EventKind {
    EventKind::Message { from: from.to_owned(), text: text.to_owned() }
}

fn private(from: &str, to: &str, text: &str) -> EventKind {
    EventKind::Private { from: from.to_owned(), to: to.to_owned(), text: text.to_owned() }
}

#[test]
fn the_line_format_is_parsed() {
    for (line, kind) in [
        ("2026-11-20 18:11:02 ann: hello", message("ann", "hello")),
        ("2026-11-20 18:11:02 127.0.0.1:5000: a: b", message("127.0.0.1:5000", "a: b")),
        ("2026-11-20 18:11:02 [::1]:5000:  -> x: y", message("[::1]:5000", " -> x: y")),
        ("2026-11-20 18:11:02 ann -> bob: a: b", private("ann", "bob", "a: b")),
        ("2026-11-20 18:11:02 unix:7 -> [::1]:5: x", private("unix:7", "[::1]:5", "x")),
        ("2026-11-20 18:11:02 grüße: größe", message("grüße", "größe")),
    ] {
        let [event] = &events(&[line.as_bytes(), b"\r\n"])[..] else { panic!("{line}") };
        assert_eq!((&event.kind, &*event.raw), (&kind, line));
        assert_eq!((event.time.as_deref(), &event.room), (Some("2026-11-20 18:11:02"), &None));
    }
}

#[test]
fn the_classic_format_is_parsed() {
    let stream = "202611/20 18:11:02 ann\n* no notice\n\n202611/20 18:11:03 ann -> bob\n\
                  202611/20 18:11:02 text\n\n* bob has left\n";
    let [first, second, third] = &events(&[stream.as_bytes()])[..] else { panic!() };
    assert_eq!(first.kind, message("ann", "* no notice"));
    assert_eq!(first.raw, "202611/20 18:11:02 ann\n* no notice\n");
    assert_eq!(first.time.as_deref(), Some("202611/20 18:11:02"));
    assert_eq!(second.kind, private("ann", "bob", "202611/20 18:11:02 text"));
    assert!(matches!(&third.kind, EventKind::Notice { notice: Some(Notice::Left(_)), .. }));
    // A missing empty line hides no message.
    let stream = "202611/20 18:11:02 ann\none\n202611/20 18:11:02 ann\ntwo\n\n";
    assert_eq!(kinds(stream), [message("ann", "one"), message("ann", "two")]);
}

#[test]
fn the_json_format_is_parsed() {
    let stream = concat!(
        r#"{"time":"2026-11-20T18:11:02+01:00","room":"dev","from":"ann","#,
        r#""kind":"message","text":"a \u001b[1mb"}"#,
        "\n",
        r#"{"time":"2026-11-20T18:11:02+01:00","room":"dev","from":"ann","to":"bob","#,
        r#""kind":"private","text":"x"}"#,
        "\n",
        r#"{"time":"2026-11-20T18:11:02+01:00","room":"dev","from":"*","kind":"notice","#,
        r#""text":"you are ann"}"#,
        "\n",
    );
    let events = events(&[stream.as_bytes()]);
    let [first, second, third] = &events[..] else { panic!("{events:?}") };
    assert_eq!(first.kind, message("ann", "a [1mb"));
    let (time, room) = (first.time.as_deref(), first.room.as_deref());
    assert_eq!((time, room), (Some("2026-11-20T18:11:02+01:00"), Some("dev")));
    assert_eq!(second.kind, private("ann", "bob", "x"));
    let notice = Some(Notice::YourName("ann".to_owned()));
    assert_eq!(third.kind, EventKind::Notice { text: "you are ann".to_owned(), notice });
}

#[test]
fn a_line_in_no_format_is_other() {
    for line in [
        "SSH-2.0-OpenSSH_9.2",
        "{}",
        "*",
        "*no notice",
        "2026-11-20 18:11:02",
        "2026-11-20 18:11:02 ann:",
        "2026-11-20 18:11:02 ann said: hello",
        "2026-11-20 18:11:02 ann -> bob said: hello",
        "2026-11-20T18:11:02 ann: hello",
        "x026-11-20 18:11:02 ann: hello",
        "202611/20 18:11:02 ",
        "202611/20 18:11:02 ann said",
        "202611/20 18:11:02 ann -> ",
        "2026-11-20 18:11:0ü ann: hello",
    ] {
        let [event] = &events(&[line.as_bytes(), b"\n"])[..] else { panic!("{line}") };
        assert_eq!((&event.kind, &*event.raw), (&EventKind::Other, line));
    }
    assert_eq!(kinds("\n\r\n"), []);
}

#[test]
fn texts_are_cleaned() {
    let stream = b"2026-11-20 18:11:02 a\x1b]0;x\x07nn: \x1b[2J\xff\xe2\x80\xae\tz\n\
                   * \x1b[31mred\n\x1b[H\n";
    for event in events(&[stream]) {
        let all = format!("{event:?}");
        assert!(!all.contains("\\u{1b}") && !all.contains("\\u{202e}"), "{all}");
    }
}

#[test]
fn a_line_that_is_too_long_is_reported_and_the_next_is_parsed() {
    let long = "x".repeat(LIMIT + 1);
    let stream = format!("{long}\n202611/20 18:11:02 ann\n{long}\n\n* hello\n");
    let kinds = kinds(&stream);
    let [EventKind::TooLong { limit: LIMIT }, EventKind::TooLong { .. }, EventKind::Notice { .. }] =
        &kinds[..]
    else {
        panic!("{kinds:?}")
    };
}

#[test]
fn an_event_that_the_end_cuts_short_is_other() {
    for (stream, raw) in [
        ("2026-11-20 18:11:02 ann: pay 10", "2026-11-20 18:11:02 ann: pay 10"),
        ("202611/20 18:11:02 ann\n", "202611/20 18:11:02 ann"),
        ("202611/20 18:11:02 ann\npay 10", "202611/20 18:11:02 ann\npay 10"),
    ] {
        let [event] = &events(&[stream.as_bytes()])[..] else { panic!("{stream}") };
        assert_eq!((&event.kind, &*event.raw), (&EventKind::Other, raw));
    }
}

#[test]
fn any_chunking_gives_the_same_events() {
    let long = "y".repeat(LIMIT + 1);
    let stream = format!(
        "* hi\r\n2026-11-20 18:11:02 ann: ü\n202611/20 18:11:02 a -> b\n* x\n\n\n{{\n{long}\n\
         202611/20 18:11:02 a\n{long}\nx"
    );
    split_law(stream.as_bytes(), events);
}
