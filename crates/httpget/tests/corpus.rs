//! The checks of the fuzz targets over their corpus, without a fuzzer.

#[path = "corpus/checks.rs"]
mod checks;

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;

/// Runs a check over the files of a target. It is to say yes to a dozen of them and no to another.
fn over_corpus(target: &str, check: fn(&[u8]) -> bool) -> io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    if !directory.exists() {
        println!("no corpus here, as in a package: nothing is tested");
        return Ok(());
    }
    let (mut yes, mut no) = (0, 0);
    for entry in fs::read_dir(&directory)? {
        let file = entry?.path();
        println!("{}", file.display());
        let answer = check(&fs::read(file)?);
        yes += usize::from(answer);
        no += usize::from(!answer);
    }
    assert!(yes >= 12 && no >= 12, "both kinds: {yes} taken, {no} refused");
    Ok(())
}

#[test]
fn heads_and_framing_hold_the_laws() {
    over_corpus("http_head", checks::http_head).unwrap();
}

#[test]
fn chunks_match_a_simple_decoder() {
    over_corpus("http_chunk", checks::http_chunk).unwrap();
}

#[test]
fn redirects_match_other_clients() {
    over_corpus("redirect", checks::redirect).unwrap();
}

/// Texts that are put together from what means something in a URL.
#[test]
fn random_redirects_hold_the_laws() {
    const PIECES: [&str; 64] = [
        "http://",
        "https://",
        "HTTP:",
        "http:/",
        "//",
        "/",
        "//",
        "/",
        "\\",
        "?",
        "#",
        "@",
        ":",
        ":80",
        ":443",
        ":8080",
        ":0",
        ":+8",
        ":65536",
        ".",
        "..",
        "/./",
        "/../",
        "%2e",
        "%2E.",
        "%",
        "%2",
        "%41",
        "%00",
        "%ff",
        "%0a",
        " ",
        "\t",
        "\r\n",
        "\0",
        "h",
        "H.example",
        "g",
        "h.",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "1.2.3.4.",
        "[::1]",
        "[::1",
        "]",
        "[fe80::1%25lo]",
        "[::ffff:1.2.3.4]",
        "xn--bcher-kva",
        "b\u{fc}cher",
        "\u{200d}",
        "\u{ff0e}",
        "u:p@",
        "user@",
        "a b",
        "a|b",
        "'\"<>`{}^",
        "a/b",
        "a;b=c",
        "c?d/..",
        "javascript:",
        "file:///",
        "~!$&'()*+,;=",
        "_-",
    ];
    let seed = std::env::var("SPLIT_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("SPLIT_SEED={seed} repeats this");
    let mut state = seed | 1;
    let mut random = |below: usize| {
        // xorshift64 of Marsaglia, "Xorshift RNGs", 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut followed = 0;
    for _ in 0..20_000 {
        let mut input =
            String::from(["http://h/a/b?c", "https://u:p@h:8/", "http://", ""][random(4)]);
        for _ in 0..random(4) {
            input += PIECES[random(PIECES.len())];
        }
        input.push('\n');
        for _ in 0..random(6) {
            input += PIECES[random(PIECES.len())];
        }
        println!("{input:?}");
        followed += usize::from(checks::redirect(input.as_bytes()));
    }
    assert!((1_000..19_000).contains(&followed), "both kinds: {followed} of 20000 followed");
}
