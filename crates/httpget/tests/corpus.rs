//! The checks of the fuzz targets over their corpus, without a fuzzer.

#[path = "corpus/checks.rs"]
mod checks;

use std::fs;
use std::io;
use std::path::Path;

use netcore::testing::{Random, SEED_VARIABLE};

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

#[test]
fn proposed_names_are_safe() {
    over_corpus("content_disposition", checks::content_disposition).unwrap();
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
    let mut random = Random::from_env(SEED_VARIABLE);
    let mut followed = 0;
    for _ in 0..20_000 {
        let mut input =
            String::from(*random.pick(&["http://h/a/b?c", "https://u:p@h:8/", "http://", ""]));
        for _ in 0..random.below(4) {
            input += *random.pick(&PIECES);
        }
        input.push('\n');
        for _ in 0..random.below(6) {
            input += *random.pick(&PIECES);
        }
        println!("{input:?}");
        followed += usize::from(checks::redirect(input.as_bytes()));
    }
    assert!((1_000..19_000).contains(&followed), "both kinds: {followed} of 20000 followed");
}
