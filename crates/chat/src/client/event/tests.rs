use super::News;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn notices_that_mean_something_are_told_apart() {
    for (text, news) in [
        ("you are ann", News::You("ann".to_owned())),
        ("you are 127.0.0.1:5000", News::You("127.0.0.1:5000".to_owned())),
        ("you are in dev; 3 here", News::In("dev".to_owned())),
        ("ann has joined", News::Joined(names(&["ann"]))),
        ("ann and bob have joined", News::Joined(names(&["ann", "bob"]))),
        ("a, b, c and 248 more have joined", News::Joined(names(&["a", "b", "c"]))),
        ("[::1]:50000 has left", News::Left(names(&["[::1]:50000"]))),
        ("a, b and c have left", News::Left(names(&["a", "b", "c"]))),
        ("ann is now bob", News::Renamed { from: "ann".to_owned(), to: "bob".to_owned() }),
        ("2 here: ann, bob", News::Here(names(&["ann", "bob"]))),
        (
            "9 here: ann since 18:11, bob since 2026-11-24 09:00, and 7 more",
            News::Here(names(&["ann", "bob"])),
        ),
        ("9 here: ann since 18:11 and 8 more", News::Here(names(&["ann"]))),
        ("2 rooms: lobby 3, dev 2", News::Rooms(names(&["lobby", "dev"]))),
        ("1 room: lobby 3", News::Rooms(names(&["lobby"]))),
        ("you have been removed by the operator", News::Removed),
    ] {
        assert_eq!(News::parse(text), Some(news), "{text}");
    }
}

#[test]
fn others_are_not() {
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
        assert_eq!(News::parse(text), None, "{text}");
    }
}
