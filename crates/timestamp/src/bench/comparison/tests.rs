use netcore::testing::split_law;

use super::*;
use crate::bench::payload::Payload;

fn payload(size: usize, number: u64) -> Vec<u8> {
    Payload::new(size).request(number).to_vec()
}

/// Returns the number of requests 0, 1, 2, … that were received, and the error if one was wrong.
fn compare(size: usize, pieces: &[&[u8]]) -> (u64, Result<(), WrongAnswer>) {
    let (mut payload, mut comparison, mut number) = (Payload::new(size), Comparison::default(), 0);
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            match comparison.take(&mut piece, payload.request(number)) {
                Ok(true) => number += 1,
                Ok(false) => assert!(piece.is_empty(), "incomplete, but input is left"),
                Err(wrong) => return (number, Err(wrong)),
            }
        }
    }
    (number, Ok(()))
}

#[test]
fn stamps_may_stand_anywhere_and_reads_may_end_anywhere() {
    let [a, b, c] = [0, 1, 2].map(|number| payload(18, number));
    let streams: [Vec<u8>; 4] = [
        [&a[..], &b, &c].concat(),
        [b"[Fri Nov 20 18:11:02 2026] ", &a[..], b"[x] ", &b, b"[] ", &c].concat(),
        [b"[1] ", &a[..], &b[..7], b"[2] ", &b[7..], &c].concat(),
        [&a[..1], b"[1]2] ", &a[1..2], b"[] ", &a[2..], b"[[1] ", &b, b"[] ", &c].concat(),
    ];
    for stream in streams {
        assert_eq!(compare(18, &[&stream]), (3, Ok(())), "{}", stream.escape_ascii());
        split_law(&stream, |pieces| vec![compare(18, pieces)]);
    }
}

#[test]
fn a_wrong_answer_is_found_however_the_stream_is_split() {
    let [a, b] = [0, 1].map(|number| payload(18, number));
    let mut changed = a.clone();
    changed[0] ^= 1;
    let long = [&[b'['; 1][..], &[b'x'; LONGEST_STAMP], b"] ", &a].concat();
    let streams: [(u64, Vec<u8>); 9] = [
        (0, changed),
        (0, b.clone()),
        (0, a[1..].to_vec()),
        (1, [&a[..], &a].concat()),
        (1, [&a[..], b"\n"].concat()),
        (0, [b"[1\n] ", &a[..]].concat()),
        (0, [b"[1] [2] ", &a[..]].concat()),
        (1, [&a[..], &b[..5], b"[1] [2] ", &b[5..]].concat()),
        (0, long),
    ];
    for (whole, stream) in streams {
        assert_eq!(compare(18, &[&stream]), (whole, Err(WrongAnswer)), "{}", stream.escape_ascii());
        if stream.len() < 200 {
            split_law(&stream, |pieces| vec![compare(18, pieces)]);
        }
    }
}
