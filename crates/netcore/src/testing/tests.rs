use super::*;

/// A machine that obeys: it has no memory.
fn bytes(chunks: &[&[u8]]) -> Vec<u8> {
    chunks.concat()
}

/// A machine that breaks the law: it shows where the chunks ended.
fn lengths(chunks: &[&[u8]]) -> Vec<usize> {
    chunks.iter().map(|chunk| chunk.len()).collect()
}

#[test]
fn obeying_machines_pass() {
    for stream in [&b""[..], b"a", b"ab", b"abcdefgh"] {
        split_law(stream, bytes);
    }
}

#[test]
fn a_broken_law_is_told_with_seed_events_and_chunks() {
    let text = check(b"ab\n", 7, lengths).unwrap_err();
    assert_eq!(
        text,
        "the events depend on the chunking, from event 0 on (seed 7: set SPLIT_SEED=7 to repeat it)\n\
         events of the whole stream:\n    3\n\
         events of the chunks:\n    1\n    1\n    1\n\
         chunks:\n    \"a\"\n    \"b\"\n    \"\\n\""
    );
}

#[test]
#[should_panic(expected = "the events depend on the chunking")]
fn a_broken_law_panics() {
    split_law(b"abc", lengths);
}

#[test]
fn each_kind_of_chunking_finds_what_only_it_can_show() {
    let seen = |predicate: fn(&[&[u8]]) -> bool| {
        check(b"abcdefgh", 1, |chunks| vec![predicate(chunks)]).is_err()
    };
    assert!(seen(|chunks| chunks.len() == 8));
    assert!(seen(|chunks| chunks.len() == 2 && chunks[0].len() == 1));
    assert!(seen(|chunks| chunks.len() == 2 && chunks[1].len() == 1));
    assert!(seen(|chunks| chunks.len() > 2 && chunks.len() < 8));
    assert!(!seen(|chunks| chunks.iter().any(|chunk| chunk.is_empty())));
    assert!(!seen(|chunks| chunks.concat() != b"abcdefgh"));
}

#[test]
fn a_seed_repeats_its_chunkings_and_another_gives_others() {
    let chunkings = |seed| {
        let mut seen = Vec::new();
        check(b"abcdefghijklmnop", seed, |chunks| {
            seen.push(lengths(chunks));
            vec![()]
        })
        .unwrap();
        seen
    };
    assert_eq!(chunkings(5), chunkings(5));
    assert_ne!(chunkings(5), chunkings(6));
    assert_ne!(chunkings(0), chunkings(1));
}
