use super::{MAX_NAME, Name, NameError};

#[test]
fn misleading_names_are_refused() {
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
fn confusable_names_have_a_skeleton_in_common() {
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
        let common = x.iter().flatten().any(|one| y.iter().flatten().any(|other| one == other));
        assert!(common, "{a} {x:?}, {b} {y:?}");
    }
    for (a, b) in [("ann", "anna"), ("bob1", "bob2"), ("李雷", "李磊")] {
        let (x, y) = (skeletons(a), skeletons(b));
        let common = x.iter().flatten().any(|one| y.iter().flatten().any(|other| one == other));
        assert!(!common, "{a} {x:?}, {b} {y:?}");
    }
}

#[test]
fn a_room_name_is_like_a_client_name_with_an_optional_hash() {
    for (given, folded) in [("dev", "dev"), ("#Dev", "dev"), ("10.0.0.1", "10.0.0.1")] {
        assert_eq!(Name::of_room(given).map(|name| name.folded).as_deref(), Ok(folded), "{given}");
    }
    for bad in ["", "#", "##dev", "a b", "../etc", ".x", "a/b", "a\\b"] {
        assert!(Name::of_room(bad).is_err(), "{bad}");
    }
}
