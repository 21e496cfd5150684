use super::*;

#[test]
fn directories_differ_and_vanish_with_their_content() {
    let (one, two) = (TestDir::new(), TestDir::new());
    assert_ne!(one.root(), two.root());
    fs::create_dir(one.path("b")).unwrap();
    fs::write(one.path("b/c"), "").unwrap();
    fs::write(one.path("a"), "").unwrap();
    assert_eq!(one.names(), ["a", "b"]);
    assert_eq!(two.names(), [""; 0]);
    let path = one.root().to_owned();
    drop(one);
    assert!(!path.exists());
}
