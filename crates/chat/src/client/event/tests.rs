use super::Notice;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn known_notices_are_parsed() {
    for (text, notice) in [
        ("you are ann", Notice::YourName("ann".to_owned())),
        ("you are 127.0.0.1:5000", Notice::YourName("127.0.0.1:5000".to_owned())),
        ("you are in dev; 3 here", Notice::YourRoom("dev".to_owned())),
        ("ann has joined", Notice::Joined(names(&["ann"]))),
        ("ann and bob have joined", Notice::Joined(names(&["ann", "bob"]))),
        ("a, b, c and 248 more have joined", Notice::Joined(names(&["a", "b", "c"]))),
        ("[::1]:50000 has left", Notice::Left(names(&["[::1]:50000"]))),
        ("a, b and c have left", Notice::Left(names(&["a", "b", "c"]))),
        ("ann is now bob", Notice::Renamed { from: "ann".to_owned(), to: "bob".to_owned() }),
        ("2 here: ann, bob", Notice::Members(names(&["ann", "bob"]))),
        (
            "9 here: ann since 18:11, bob since 2026-11-24 09:00, and 7 more",
            Notice::Members(names(&["ann", "bob"])),
        ),
        ("9 here: ann since 18:11 and 8 more", Notice::Members(names(&["ann"]))),
        ("2 rooms: lobby 3, dev 2", Notice::Rooms(names(&["lobby", "dev"]))),
        ("1 room: lobby 3", Notice::Rooms(names(&["lobby"]))),
        ("you have been removed by the operator", Notice::Removed),
    ] {
        assert_eq!(Notice::parse(text), Some(notice), "{text}");
    }
}

#[test]
fn other_texts_have_no_meaning() {
    for text in [
        "",
        "you are ",
        "you are the first here",
        "you are in dev",
        "you are in big trouble; 3 here",
        "this name is taken",
        "the whole team has joined",
        "this is now that one",
        "many here: ann",
        "here: ann",
        "nobody is called ann",
        "operator: ann has left",
    ] {
        assert_eq!(Notice::parse(text), None, "{text}");
    }
}
