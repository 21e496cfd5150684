use netcore::testing::error_law;

use super::*;
use crate::digest::fixture::{digest, hex};

#[test]
fn a_checksum_is_read_in_any_case_and_printed_in_one() {
    for (text, algorithm) in [
        ("sha256", Algorithm::Sha256),
        ("SHA-512", Algorithm::Sha512),
        ("Sha1", Algorithm::Sha1),
        ("md5", Algorithm::Md5),
    ] {
        let digest = digest(algorithm, b"hello");
        let upper: Checksum = format!("{text}={}", hex(&digest).to_uppercase()).parse().unwrap();
        assert_eq!((upper.algorithm(), upper.digest()), (algorithm, &digest[..]));
        assert_eq!(upper.to_string(), format!("{algorithm}={}", hex(&digest)));
        assert_eq!(upper.to_string().parse(), Ok(upper));
    }
}

#[test]
fn the_digests_are_those_of_the_standards() {
    for (algorithm, of_hello) in [
        (Algorithm::Md5, "5d41402abc4b2a76b9719d911017c592"),
        (Algorithm::Sha1, "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        (Algorithm::Sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
        (
            Algorithm::Sha512,
            "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7\
             2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043",
        ),
    ] {
        assert_eq!(hex(&digest(algorithm, b"hello")), of_hello);
        assert_eq!(2 * algorithm.digest_len(), of_hello.len());
    }
}

#[test]
fn other_texts_are_refused_with_the_reason() {
    let (algorithm, expected) = (Algorithm::Md5, 32);
    for (text, error) in [
        ("", ParseChecksumError::Separator),
        ("md5", ParseChecksumError::Separator),
        ("=00", ParseChecksumError::Algorithm),
        ("crc32=00000000", ParseChecksumError::Algorithm),
        ("s-h-a256=00", ParseChecksumError::Algorithm),
        ("md5=", ParseChecksumError::Length { algorithm, expected, found: 0 }),
        ("md5=00", ParseChecksumError::Length { algorithm, expected, found: 2 }),
        ("md5=0x", ParseChecksumError::Digit { at: 1 }),
        ("md5=é", ParseChecksumError::Digit { at: 0 }),
        ("md5=5d41402abc4b2a76b9719d911017c592 ", ParseChecksumError::Digit { at: 32 }),
    ] {
        error_law(&error);
        assert_eq!(text.parse::<Checksum>(), Err(error), "{text}");
    }
}
