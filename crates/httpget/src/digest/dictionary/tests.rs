use netcore::testing::{Random, SEED_VARIABLE};

use super::*;
use crate::digest::fixture::sequence;

fn keys(text: &str) -> Option<Vec<String>> {
    Some(parse_dictionary(text.as_bytes())?.into_iter().map(|it| it.key.to_owned()).collect())
}

#[test]
fn every_type_of_value_is_read() {
    let text = "a=:aGk=:;p;q=1;r=\"x\" ,\tb=1, c=-12.5, d=\"a\\\"\\\\b\", e=tok/en:*, f=?0, g, \
                h=@-1659578233, i=%\"a%c3%bc\", j=(1 \"x\";p  :aGk=: ), k=();x, *l.-_=*t, m=::";
    let members = parse_dictionary(text.as_bytes()).unwrap();
    let keys: Vec<&str> = members.iter().map(|member| member.key).collect();
    assert_eq!(keys, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "*l.-_", "m"]);
    for member in &members {
        let expected = match member.key {
            "a" => Some(b"hi".to_vec()),
            "m" => Some(Vec::new()),
            _ => None,
        };
        assert_eq!(member.bytes, expected, "{}", member.key);
    }
}

#[test]
fn the_last_value_of_a_key_counts() {
    let members = parse_dictionary(b"a=:aGk=:, b, a=:aGE=:").unwrap();
    assert_eq!(members.len(), 2);
    assert_eq!(members[0].bytes.as_deref(), Some(&b"ha"[..]));
    let members = parse_dictionary(b"a=:aGk=:, a=1").unwrap();
    assert_eq!(members[0].bytes, None);
}

#[test]
fn an_empty_dictionary_is_one() {
    assert_eq!(keys(""), Some(vec![]));
    assert_eq!(keys("   "), Some(vec![]));
}

#[test]
fn malformed_texts_are_refused_as_a_whole() {
    for text in [
        "A=1",
        "1",
        "=",
        ",",
        "a,",
        "a,,b",
        "a=",
        "a= 1",
        "a =1",
        "a=1 b=2",
        "a;b=",
        "a;",
        "a;B",
        "a=:aGk=",
        "a=:a:",
        "a=:aGk==:",
        "a=:a=Gk:",
        "a=:a Gk:",
        "a=:ü:",
        "a=:aGk=:x",
        "a=\"x",
        "a=\"\\x\"",
        "a=\"\t\"",
        "a=\"ü\"",
        "a=?2",
        "a=?",
        "a=@1.5",
        "a=@",
        "a=-",
        "a=1.",
        "a=1.2345",
        "a=.5",
        "a=1234567890123456",
        "a=1234567890123.1",
        "a=(1",
        "a=(1,2)",
        "a=(1\t2)",
        "a=(1)2",
        "a=((1))",
        "a=%\"%C3\"",
        "a=%\"%c3\"",
        "a=%x",
        "a=\u{1}",
        "ü",
        "a\n",
        "a=1;b;c=(1)",
    ] {
        assert_eq!(keys(text), None, "{text:?}");
    }
}

#[test]
fn base64_is_read_with_and_without_padding() {
    for length in 0..70_u8 {
        let bytes: Vec<u8> = (0..length).map(|it| it.wrapping_mul(151)).collect();
        let padded = sequence(&bytes);
        for text in [padded.clone(), padded.replace('=', "")] {
            let text = format!("a={text}");
            let members = parse_dictionary(text.as_bytes()).unwrap();
            assert_eq!(members[0].bytes.as_ref(), Some(&bytes), "{text}");
        }
    }
    // Unused bits may be set (RFC 9651 section 4.2.7).
    assert_eq!(parse_dictionary(b"a=:aGl=:").unwrap()[0].bytes.as_deref(), Some(&b"hi"[..]));
}

/// No beginning of a text is taken for a dictionary with another byte sequence.
#[test]
fn a_cut_text_has_no_other_digest() {
    let text = b"sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:;x=1, sha-512=:aGk=:";
    let whole = parse_dictionary(text).unwrap();
    for end in 0..text.len() {
        for member in parse_dictionary(&text[..end]).unwrap_or_default() {
            if member.bytes.is_some() {
                assert!(whole.contains(&member), "the first {end} bytes: {member:?}");
            }
        }
    }
}

#[test]
fn many_keys_are_refused_in_bounded_time() {
    let many: Vec<String> = (0..20_000).map(|number| format!("a{number}")).collect();
    assert_eq!(keys(&many[..MAX_MEMBERS].join(",")).map(|it| it.len()), Some(MAX_MEMBERS));
    assert_eq!(keys(&many.join(",")), None);
    assert_eq!(keys(&"a,".repeat(30_000)), None);
    assert_eq!(keys(&["a"; 30_000].join(",")), Some(vec!["a".to_owned()]));
}

/// Texts made of parts that mean something.
#[test]
fn random_texts_are_read_without_a_panic() {
    const PIECES: [&str; 32] = [
        "a", "b=", "=", ":", ";", ",", ", ", " ", "\t", "(", ")", "\"", "\\", "?1", "@1", "%\"",
        "%c3", "1", "-", ".", "aGk=", "sha-256=", "*", "A", "ü", "\0", "1.5", "\"x\"", ":aGk:",
        "?0", "a=1", ";p=2",
    ];
    let mut random = Random::from_env(SEED_VARIABLE);
    let mut read = 0;
    for _ in 0..20_000 {
        let count = 1 + random.below(12);
        let text: String = (0..count).map(|_| PIECES[random.below(PIECES.len())]).collect();
        let Some(members) = parse_dictionary(text.as_bytes()) else { continue };
        read += 1;
        assert!(members.len() <= count, "{text:?}");
        for member in members {
            assert!(text.contains(member.key), "{text:?}");
            assert!(member.bytes.is_none_or(|bytes| bytes.len() <= text.len()), "{text:?}");
        }
    }
    assert!((100..19_900).contains(&read), "{read} of 20000 are dictionaries");
}
