use crate::command::Input;
use crate::name::{self, NameError};
use crate::{Format, MAX_NAME, Slow, clean};

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
        ("cr\rlf", "crlf"),
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
    for good in ["ann", "Ann-Marie", "o'neil", "j_d.2", "李雷", "7of9", &"x".repeat(MAX_NAME)] {
        assert_eq!(name::check(good), Ok(()), "{good}");
    }
    for (bad, why) in [
        ("", NameError::Empty),
        (&*"x".repeat(MAX_NAME + 1), NameError::TooLong),
        ("*ann", NameError::Character),
        ("/ann", NameError::Character),
        ("-ann", NameError::Character),
        ("an n", NameError::Character),
        ("an\u{202e}n", NameError::Character),
        ("an\nn", NameError::Character),
        ("ann:1", NameError::Character),
        ("127.0.0.1", NameError::Reserved),
        ("SERVER", NameError::Reserved),
        ("operator", NameError::Reserved),
    ] {
        assert_eq!(name::check(bad), Err(why), "{bad:?}");
    }
    assert_eq!(name::fold("ÄNN"), name::fold("änn"));
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
        ("/nickname", Input::Unknown("nickname")),
        ("/who", Input::Who),
        ("/help", Input::Help),
        ("/", Input::Unknown("")),
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
    for slow in [Slow::Disconnect, Slow::Skip] {
        assert_eq!(slow.to_string().parse(), Ok(slow));
    }
    assert!("Line".parse::<Format>().is_err());
    assert!("".parse::<Slow>().is_err());
}
