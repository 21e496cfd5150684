use super::Input;

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
        ("/continue", Input::Continue("")),
        ("/continue  key ", Input::Continue("key")),
        ("/pass", Input::Pass("")),
        ("/pass sesame", Input::Pass("sesame")),
        ("/pass  two words ", Input::Pass(" two words ")),
        (" \t/pass sesame", Input::Pass("sesame")),
        ("/password", Input::Other("password", "")),
        ("//pass sesame", Input::Say("/pass sesame")),
        ("/", Input::Other("", "")),
        ("//who", Input::Say("/who")),
        (" /who", Input::Say(" /who")),
    ] {
        assert_eq!(Input::parse(line), input, "{line:?}");
    }
}
