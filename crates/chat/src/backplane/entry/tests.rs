use super::{EntryId, RawEntry, Received};
use crate::backplane::answer::Answer;
use crate::backplane::operation::LineKind;

fn raw(fields: &[(&str, &str)]) -> RawEntry {
    let bytes = |text: &str| text.as_bytes().to_vec();
    let fields = fields.iter().map(|(name, value)| (bytes(name), bytes(value))).collect();
    RawEntry { id: EntryId { time: 7, sequence: 1 }, fields }
}

#[test]
fn an_identity_is_ordered_by_time_and_then_by_sequence() {
    let [a, b, c] = ["9-2", "10-0", "10-1"].map(|text| EntryId::parse(text).expect(text));
    assert!(a < b && b < c);
    assert_eq!(c.to_string(), "10-1");
    for wrong in ["", "7", "7-", "-1", "a-1"] {
        assert_eq!(EntryId::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_line_has_all_of_its_fields_and_a_known_kind() {
    let fields = [
        ("q", "3"),
        ("n", "a"),
        ("c", "7"),
        ("i", "12"),
        ("k", "message"),
        ("f", "ann"),
        ("x", "hello"),
        ("t", "1800000000000"),
    ];
    let entry = raw(&fields).to_room().expect("a line");
    assert_eq!((entry.kind, &*entry.from, &*entry.text), (LineKind::Message, "ann", "hello"));
    for missing in 0..fields.len() {
        let mut fields = fields.to_vec();
        fields.remove(missing);
        assert_eq!(raw(&fields).to_room(), None);
    }
    let mut fields = fields.to_vec();
    fields[4].1 = "shout";
    assert_eq!(raw(&fields).to_room(), None);
}

#[test]
fn the_lists_of_answers_are_read() {
    let list = "ann\u{1f}5\u{1e}bob\u{1f}6";
    let entry = raw(&[("q", "1"), ("i", "9"), ("k", "members"), ("m", "40"), ("x", list)]);
    let listed = vec![("ann".to_owned(), 5), ("bob".to_owned(), 6)];
    let answer = Answer::Members { count: 40, listed };
    let content = Received::Answer { number: 9, answer };
    assert_eq!(entry.to_inbox().map(|entry| entry.content), Some(content));
    let empty = raw(&[("q", "1"), ("i", "9"), ("k", "rooms"), ("x", "")]);
    let content = Received::Answer { number: 9, answer: Answer::Rooms { listed: Vec::new() } };
    assert_eq!(empty.to_inbox().map(|entry| entry.content), Some(content));
}
