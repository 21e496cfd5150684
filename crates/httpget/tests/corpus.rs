//! The checks of the fuzz targets over their corpus, without a fuzzer.

#[path = "corpus/checks.rs"]
mod checks;
#[cfg(all(feature = "brotli", feature = "gzip", feature = "zstd"))]
#[path = "corpus/coding.rs"]
mod coding;
#[cfg(feature = "cookies")]
#[path = "corpus/cookies.rs"]
mod cookies;
#[cfg(feature = "netrc")]
#[path = "corpus/netrc.rs"]
mod netrc;

#[cfg(feature = "proxy")]
#[path = "corpus/proxy.rs"]
mod proxy;

use std::fs;
use std::io;
use std::path::Path;

use netcore::testing::{Random, SEED_VARIABLE};

/// Runs a check over the files of a target. It is to say yes to a dozen of them and no to another.
fn over_corpus(target: &str, check: fn(&[u8]) -> bool) -> io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
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

#[cfg(all(feature = "brotli", feature = "gzip", feature = "zstd"))]
#[test]
fn coded_content_holds_the_laws() {
    over_corpus("coding", coding::coding).unwrap();
}

#[test]
fn redirects_match_other_clients() {
    over_corpus("redirect", checks::redirect).unwrap();
}

#[test]
fn proposed_names_are_safe() {
    over_corpus("content_disposition", checks::content_disposition).unwrap();
}

#[cfg(feature = "proxy")]
#[test]
fn replies_of_proxies_match_a_simple_reading() {
    over_corpus("proxy_reply", proxy::proxy_reply).unwrap();
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

#[cfg(feature = "cookies")]
#[test]
fn cookies_hold_the_laws() {
    over_corpus("cookie", cookies::cookie).unwrap();
}

#[cfg(feature = "netrc")]
#[test]
fn netrc_files_hold_the_laws() {
    over_corpus("netrc", netrc::netrc).unwrap();
}

/// Inputs that are put together from what means something in a cookie.
#[cfg(feature = "cookies")]
#[test]
fn random_cookies_hold_the_laws() {
    const URLS: [&str; 8] = [
        "http://www.example.com/a/b",
        "https://www.example.com/a/b",
        "http://localhost:8080/",
        "https://github.io/",
        "http://192.0.2.1/a/",
        "https://[::1]/a",
        "http://com/",
        "h/a?b/c",
    ];
    const PIECES: [&[u8]; 48] = [
        b"id",
        b"=",
        b"=",
        b"1",
        b";",
        b";",
        b"; ",
        b" ",
        b"\t",
        b"\"",
        b",",
        b"\x01",
        b"\x7f",
        b"\xff",
        b"\xc2\x9b",
        b"__Host-",
        b"__Secure-",
        b"Domain",
        b"domain=example.com",
        b"Domain=.www.example.com",
        b"Domain=com",
        b"domain=github.io",
        b"Domain=",
        b"; Path=/",
        b"; path=/a",
        b"; Path=/a/",
        b"; Path",
        b"; Secure",
        b"; SECURE=x",
        b"; HttpOnly",
        b"; Max-Age=60",
        b"; Max-Age=0",
        b"; Max-Age=-1",
        b"; max-age=99999999999999999999",
        b"; Expires=Wed, 09 Jun 2100 10:18:14 GMT",
        b"; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        b"; Expires=",
        b"#HttpOnly_",
        b".example.com",
        b"\tTRUE",
        b"\tFALSE",
        b"\t/\t",
        b"\t0\ta\tb",
        b"\t1890000000\tid\t1",
        b"\r\n",
        b"\n",
        b"www.example.com\tFALSE\t/\tFALSE\t0\tc\td\n",
        b"\n.example.com\tTRUE\t/\tTRUE\t1890000000\te\tf",
    ];
    let mut random = Random::from_env(SEED_VARIABLE);
    let mut stored = 0;
    for _ in 0..5_000 {
        let mut input = random.pick(&URLS).as_bytes().to_vec();
        input.extend_from_slice(b"\nid=");
        for _ in 0..random.below(12) {
            let piece: &&[u8] = random.pick(&PIECES);
            input.extend_from_slice(piece);
        }
        println!("{}", input.escape_ascii());
        stored += usize::from(cookies::cookie(&input));
    }
    assert!((500..4_500).contains(&stored), "both kinds: {stored} of 5000 stored");
}
