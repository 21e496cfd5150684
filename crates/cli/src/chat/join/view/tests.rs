use ::chat::Parser;

use super::*;

fn event(line: &str) -> Event {
    Parser::new(1 << 20).next(&mut format!("{line}\n").as_bytes()).unwrap()
}

fn view(color: bool, bell: Bell) -> View {
    View::new(color, bell, "2026-11-20".to_owned())
}

fn plain(line: &str, me: &str) -> String {
    view(false, Bell::Never).show(&event(line), me, Instant::now())
}

#[test]
fn without_color_it_is_the_time_the_name_and_the_text() {
    for (line, shown) in [
        ("2026-11-20 18:11:02 ann: hello", "18:11 ann: hello"),
        ("2026-11-20 18:11:02 ann -> bob: hello", "18:11 ann -> bob: hello"),
        ("* ann has joined", "* ann has joined"),
        ("SSH-2.0", "SSH-2.0"),
        ("2026-11-21 00:00:02 ann: hello", "-- 2026-11-21\n00:00 ann: hello"),
    ] {
        assert_eq!(plain(line, "bob"), shown);
    }
}

#[test]
fn a_day_is_told_once() {
    let mut view = view(false, Bell::Never);
    let shown = ["2026-11-19", "2026-11-19", "2026-11-20"].map(|day| {
        view.show(&event(&format!("{day} 18:11:02 ann: x")), "", Instant::now()).lines().count()
    });
    assert_eq!(shown, [2, 1, 2]);
}

#[test]
fn a_name_has_its_color_mine_is_bold_and_what_is_about_me_stands_out() {
    let mut view = view(true, Bell::Never);
    let mut show = |line: &str| view.show(&event(line), "bob", Instant::now());
    let ann = show("2026-11-20 18:11:02 ann: hello");
    let colored = format!("\x1b[{}mann\x1b[0m", color("ann"));
    assert!(ann.contains(&colored), "{ann:?}");
    assert_eq!(color("ANN"), color("ann"));
    let mine = show("2026-11-20 18:11:02 bob: hello bob");
    assert!(mine.contains("\x1b[1mbob\x1b[0m") && !mine.contains("\x1b[7m"), "{mine:?}");
    for line in ["2026-11-20 18:11:02 ann: Bob?", "2026-11-20 18:11:02 ann -> bob: x"] {
        assert!(show(line).contains("\x1b[7m"), "{line}");
    }
}

#[test]
fn a_name_is_mentioned_as_a_word() {
    for text in ["bob", "hi BOB!", "(bob)", "bobby bob", "@bob: x"] {
        assert!(mentions(text, "Bob"), "{text}");
    }
    for text in ["bobby", "kebob", "bob_2", ""] {
        assert!(!mentions(text, "bob"), "{text}");
    }
    assert!(!mentions("anything", ""));
}

#[test]
fn the_bell_rings_for_what_was_chosen_and_once_for_much_at_once() {
    let message = event("2026-11-20 18:11:02 ann: hello");
    let about_me = event("2026-11-20 18:11:02 ann: hello bob");
    let mine = event("2026-11-20 18:11:02 bob: hello bob");
    let now = Instant::now();
    for (bell, rings) in [
        (Bell::Never, [false, false, false]),
        (Bell::Name, [false, true, false]),
        (Bell::All, [true, true, false]),
    ] {
        let rang = [&message, &about_me, &mine]
            .map(|event| view(false, bell).show(event, "bob", now).contains('\x07'));
        assert_eq!(rang, rings, "{bell:?}");
    }
    let earlier = event(
        r#"{"time":"2026-11-20T18:11:02Z","room":"a","from":"ann","kind":"message","text":"bob","history":true}"#,
    );
    assert!(!view(false, Bell::All).show(&earlier, "bob", now).contains('\x07'));
    let mut view = view(false, Bell::Name);
    let mut rings = |after| view.show(&about_me, "bob", now + after).contains('\x07');
    assert_eq!(
        [Duration::ZERO, RING_INTERVAL / 2, RING_INTERVAL].map(&mut rings),
        [true, false, true]
    );
}

#[test]
fn what_is_long_is_cut_with_a_mark() {
    let text = "ü".repeat(MAX_TEXT + 5);
    let shown = plain(&format!("2026-11-20 18:11:02 ann: {text}"), "bob");
    assert!(shown.ends_with("ü [… 5 characters more]"), "{shown}");
    assert!(!plain(&format!("* {}", "x".repeat(MAX_TEXT - 2)), "bob").contains('…'));
}

#[test]
fn a_time_with_a_zone_is_shown_in_this_one() {
    let utc = chrono::DateTime::parse_from_rfc3339("2026-11-20T18:11:02Z").unwrap();
    let local = utc.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M").to_string();
    for time in ["2026-11-20T18:11:02Z", "2026-11-20T23:41:02+05:30"] {
        let Clock { day, minute } = Clock::of(time).unwrap();
        assert_eq!(format!("{day} {minute}"), local);
    }
    for time in ["2026-11-20 18:11:02", "202611/20 18:11:02"] {
        let expected = Clock { day: "2026-11-20".to_owned(), minute: "18:11".to_owned() };
        assert_eq!(Clock::of(time), Some(expected));
    }
    assert_eq!(Clock::of("soon"), None);
}
