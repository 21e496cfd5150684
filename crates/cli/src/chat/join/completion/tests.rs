use ::chat::Parser;

use super::*;

/// Completion after a server has sent this.
fn after(stream: &str) -> Completion {
    let names = Completion::default();
    let mut parser = Parser::new(Parser::LINE_LIMIT);
    let mut rest = stream.as_bytes();
    while let Some(event) = parser.next(&mut rest) {
        names.learn(&event);
    }
    names
}

#[test]
fn commands_names_and_rooms_are_completed_where_they_can_stand() {
    let names = after(
        "* 3 here: Ann since 18:11, anton since 18:12, bob since 18:13\n\
         * 2 rooms: lobby 3, dev 2\n",
    );
    for (before, start, words) in [
        ("/w", 0, vec!["/who"]),
        ("/n", 0, vec!["/nick "]),
        ("/x", 0, vec![]),
        ("a", 0, vec!["Ann: ", "anton: "]),
        ("AN", 0, vec!["Ann: ", "anton: "]),
        ("ask b", 4, vec!["bob "]),
        ("/msg b", 5, vec!["bob "]),
        ("/join d", 6, vec!["dev"]),
        ("grüß b", 7, vec!["bob "]),
        ("zz", 0, vec![]),
    ] {
        assert_eq!(names.complete(before), (start, words.iter().map(|w| w.to_string()).collect()));
    }
}

#[test]
fn who_spoke_last_is_first_and_who_has_gone_is_not_there() {
    let names = after(
        "* ann has joined\n* al has joined\n2026-11-20 18:11:02 ann: hi\n* al is now amy\n\
         2026-11-20 18:11:02 ann: hi\n* abe has joined\n* abe has left\n",
    );
    assert_eq!(names.complete("a").1, ["ann: ", "amy: "]);
}

#[test]
fn names_are_bounded() {
    let crowd: String =
        (0..3 * MAX_NAMES).map(|n| format!("2026-11-20 18:11:02 guest{n}: hi\n")).collect();
    let words = after(&crowd).complete("").1;
    assert_eq!((words.len(), &*words[0]), (MAX_NAMES, &*format!("guest{}: ", 3 * MAX_NAMES - 1)));
}
