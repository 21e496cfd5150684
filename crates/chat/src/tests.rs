use crate::Chat;
use crate::config::{Config, SlowConsumer};
use crate::protocol::command::Input;
use crate::protocol::format::Format;
use crate::protocol::name::MAX_NAME;
use crate::protocol::name::{Name, NameError};
use crate::protocol::text::clean;

#[test]
fn nothing_that_steers_a_terminal_is_left() {
    for (given, expected) in [
        ("plain text, 123 ~!", "plain text, 123 ~!"),
        ("grüße 你好 🎉", "grüße 你好 🎉"),
        ("a\tb", "a b"),
        ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
        ("bell\u{7} del\u{7f} nul\0", "bell del nul"),
        ("csi\u{9b}31m nel\u{85}", "csi31m nel"),
        ("over\u{202e}ride iso\u{2066}late\u{2069}", "override isolate"),
        ("line\u{2028}para\u{2029}", "linepara"),
        ("cr\rwithin", "cr within"),
    ] {
        assert_eq!(clean(given), expected, "{given:?}");
    }
    // All that there is of them.
    for c in (0..=0x10ffff).filter_map(char::from_u32) {
        let text = c.to_string();
        let cleaned = clean(&text);
        assert!(!cleaned.chars().any(char::is_control), "{c:?}");
    }
}

#[test]
fn names_that_mislead_are_refused() {
    for good in ["ann", "Ann-Marie", "o'neil", "j_d.2", "李雷", "7of9", "अनीता", "ann.10", "Zoë"]
    {
        assert!(Name::of_client(good).is_ok(), "{good}");
    }
    assert!(Name::of_client(&"x".repeat(MAX_NAME)).is_ok());
    for (bad, why) in [
        ("", NameError::Empty),
        (&*"x".repeat(MAX_NAME + 1), NameError::TooLong),
        // One character that is eighteen in form KC.
        (&*"\u{fdfa}".repeat(3), NameError::TooLong),
        ("*ann", NameError::Character),
        ("/ann", NameError::Character),
        ("-ann", NameError::Character),
        ("an n", NameError::Character),
        ("an\u{a0}n", NameError::Character),
        ("an\u{3000}n", NameError::Character),
        ("an\u{200b}n", NameError::Character),
        ("an\u{200d}n", NameError::Character),
        ("an\u{202e}n", NameError::Character),
        ("an\nn", NameError::Character),
        ("ann:1", NameError::Character),
        ("10.0.0.1\u{2d0}80", NameError::Character),
        ("10.0.0.1\u{ff1a}80", NameError::Character),
        ("127.0.0.1", NameError::Reserved),
        ("l27.O.o.1", NameError::Reserved),
        ("１２７.0.0.1", NameError::Reserved),
        ("SERVER", NameError::Reserved),
        ("operator", NameError::Reserved),
        ("0perator", NameError::Reserved),
        ("оperatоr", NameError::Reserved),
    ] {
        assert_eq!(Name::of_client(bad).err(), Some(why), "{bad:?}");
    }
}

#[test]
fn names_that_look_alike_have_a_look_in_common() {
    let skeletons = |name: &str| Name::of_client(name).map(|name| name.skeletons);
    for (a, b) in [
        ("ann", "ANN"),
        ("ÄNN", "änn"),
        ("ann", "ａｎｎ"),
        // Cyrillic, Greek.
        ("ann", "аnn"),
        ("Bob", "Βob"),
        ("IVAN", "lVAN"),
        ("bob1", "bobl"),
        ("finn", "ﬁnn"),
        ("strasse", "STRASSE"),
        ("Zoe\u{308}", "Zoë"),
    ] {
        let (x, y) = (skeletons(a), skeletons(b));
        let common = x.iter().flatten().any(|look| y.iter().flatten().any(|other| look == other));
        assert!(common, "{a} {x:?}, {b} {y:?}");
    }
    for (a, b) in [("ann", "anna"), ("bob1", "bob2"), ("李雷", "李磊")] {
        let (x, y) = (skeletons(a), skeletons(b));
        let common = x.iter().flatten().any(|look| y.iter().flatten().any(|other| look == other));
        assert!(!common, "{a} {x:?}, {b} {y:?}");
    }
}

#[test]
fn rooms_have_names_like_clients_and_a_hash_before_them_if_one_likes() {
    for (given, folded) in [("dev", "dev"), ("#Dev", "dev"), ("10.0.0.1", "10.0.0.1")] {
        assert_eq!(Name::of_room(given).map(|name| name.folded).as_deref(), Ok(folded), "{given}");
    }
    for bad in ["", "#", "##dev", "a b", "../etc", ".x", "a/b", "a\\b"] {
        assert!(Name::of_room(bad).is_err(), "{bad}");
    }
}

#[test]
fn lines_are_commands_or_text() {
    for (line, input) in [
        ("", Input::Blank),
        (" \t ", Input::Blank),
        ("hello", Input::Say("hello")),
        (" hello ", Input::Say(" hello ")),
        ("quit", Input::Quit),
        ("quit ", Input::Quit),
        ("/quit", Input::Quit),
        ("quitting", Input::Say("quitting")),
        ("/nick", Input::Nick("")),
        ("/nick  ann ", Input::Nick("ann")),
        ("/nickname x", Input::Other("nickname", "x")),
        ("/join dev", Input::Join("dev")),
        ("/msg", Input::Msg("", "")),
        ("/msg ann", Input::Msg("ann", "")),
        ("/msg  ann  two words ", Input::Msg("ann", "two words")),
        ("/rooms", Input::Rooms),
        ("/who", Input::Who),
        ("/help", Input::Help),
        ("/", Input::Other("", "")),
        ("//who", Input::Say("/who")),
        (" /who", Input::Say(" /who")),
    ] {
        assert_eq!(Input::parse(line), input, "{line:?}");
    }
}

#[test]
fn words_of_the_command_line_are_read_as_they_are_printed() {
    for format in [Format::Line, Format::Classic, Format::Json] {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    for slow in [SlowConsumer::Disconnect, SlowConsumer::Skip] {
        assert_eq!(slow.to_string().parse(), Ok(slow));
    }
    assert!("Line".parse::<Format>().is_err());
    assert!("".parse::<SlowConsumer>().is_err());
}

#[test]
fn limits_that_are_none_make_a_memory_bound_that_is_none() {
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
