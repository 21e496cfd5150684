use super::*;

fn after(sent: &[&str], came_back: &[&str]) -> Vec<String> {
    let mut pending = Unconfirmed::default();
    sent.iter().for_each(|line| pending.add((*line).to_owned()));
    came_back.iter().for_each(|text| pending.confirm(text));
    pending.take().into()
}

#[test]
fn what_comes_back_has_arrived_and_so_has_all_before_it() {
    assert_eq!(after(&["a", "b", "c"], &["b"]), ["c"]);
    assert_eq!(after(&["a", "b", "a"], &["a", "b"]), ["a"]);
    assert_eq!(after(&["//x\t\u{7}y"], &["/x y"]), [""; 0]);
    assert_eq!(after(&["/msg bob  hi", "/msg bob there"], &["hi"]), ["/msg bob there"]);
    assert_eq!(after(&["a"], &["of another client with my name"]), ["a"]);
}

#[test]
fn the_watch_is_bounded() {
    let lines: Vec<String> = (0..2 * MAX_LINES).map(|n| n.to_string()).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(after(&lines, &[]), lines[MAX_LINES..]);
}
