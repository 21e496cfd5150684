//! Downloads with a checksum, and with the digests that servers send.

use super::*;
use crate::digest::fixture::{digest, hex, sha256};
use crate::digest::{Algorithm, DigestMismatch};

const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Sha1, Algorithm::Md5];

fn sum_of(algorithm: Algorithm, content: &[u8]) -> Checksum {
    Checksum::new(algorithm, &hex(&digest(algorithm, content))).unwrap()
}

fn sum(content: &[u8]) -> Checksum {
    sum_of(Algorithm::Sha256, content)
}

/// The rest of the body, with another field in its head.
fn rest_with(field: &str, first: usize) -> Vec<u8> {
    let range = content_range(first, BODY.len() - 1, BODY.len());
    response("206 Partial Content", &[&range, "ETag: \"v1\"", field], &BODY[first..])
}

fn assert_mismatch(result: Result<Downloaded, Error>, expected: &[u8], actual: &[u8]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Digest, "{error}");
    let mismatch: &DigestMismatch = error.cause().unwrap().downcast_ref().unwrap();
    assert_reason(&error, &mismatch.to_string());
    let text = format!("sha256 {}, received {}", hex(expected), hex(actual));
    assert!(error.to_string().ends_with(&text), "{error}");
}

#[test]
fn a_file_appears_only_if_its_checksum_matches() {
    for algorithm in ALGORITHMS {
        for (content, matches) in [(BODY, true), (OTHER, false)] {
            let server = Server::play([vec![asks_all(), send(whole())]]);
            let place = FileTarget::new();
            let download = download(&server).with_checksum(sum_of(algorithm, content));
            let result = run(download, &place.file);
            match matches {
                true => place.assert_whole(BODY),
                false => {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::Digest);
                    assert_eq!(place.directory.names(), [""; 0], "nothing stays");
                }
            }
            server.finish();
        }
    }
}

#[test]
fn a_mismatch_leaves_the_old_file_alone_and_names_both_digests() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::new();
    fs::write(&place.file, "an older one").unwrap();
    let result = run(download(&server).with_checksum(sum(OTHER)), &place.file);
    let of = |content| digest(Algorithm::Sha256, content);
    assert_mismatch(result, &of(OTHER), &of(BODY));
    place.assert_whole(b"an older one");
    server.finish();
}

#[test]
fn the_checksum_counts_what_an_earlier_download_has_left() {
    for at in 1..BODY.len() {
        let server = Server::play([vec![asks_rest(at), send(rest(at))]]);
        let place = FileTarget::with_part(at);
        let download = download(&server).with_resume(true).with_checksum(sum(BODY));
        assert_eq!(run(download, &place.file).unwrap().resumed_from, at as u64);
        place.assert_whole(BODY);
        server.finish();
    }
}

#[test]
fn a_wrong_partial_file_does_not_trap_anybody() {
    let server = Server::play([vec![asks_rest(10), send(rest(10))]]);
    let place = FileTarget::with_part(10);
    fs::write(place.part(), "ten others").unwrap();
    let client = || download(&server).with_resume(true).with_checksum(sum(BODY));
    assert_eq!(run(client(), &place.file).unwrap_err().kind(), ErrorKind::Digest);
    assert_eq!(place.directory.names(), [""; 0], "nothing wrong is resumed");
    server.finish();

    let server = Server::play([vec![asks_all(), send(whole())]]);
    let download = download(&server).with_resume(true).with_checksum(sum(BODY));
    run(download, &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn the_checksum_goes_on_over_several_attempts() {
    for retries in [1, 3] {
        let server = Server::play([
            vec![asks_all(), send(cut(10)), Step::Close],
            vec![asks_rest(10), send(&rest(10)[..rest(10).len() - 5]), Step::Close],
            vec![asks_rest(35), send(rest(35))],
        ]);
        let place = FileTarget::new();
        let download = download(&server).with_checksum(sum(BODY)).with_retries(retries);
        match run(download, &place.file) {
            Ok(_) => place.assert_whole(BODY),
            Err(error) => {
                assert_eq!((retries, error.is_retryable()), (1, true));
                let again = self::download(&server).with_resume(true).with_checksum(sum(BODY));
                run(again, &place.file).unwrap();
                place.assert_whole(BODY);
            }
        }
        server.finish();
    }
}

#[test]
fn a_complete_partial_file_is_verified() {
    let full = response("416 Range Not Satisfiable", &["Content-Range: bytes */40"], b"no more");
    for (content, matches) in [(BODY, true), (&[b'x'; 40][..], false)] {
        let server = Server::play([vec![asks_rest(40), send(&full)]]);
        let place = FileTarget::with_part(40);
        fs::write(place.part(), content).unwrap();
        let download = download(&server).with_resume(true).with_checksum(sum(BODY));
        match run(download, &place.file) {
            Ok(done) => assert_eq!((done.bytes, done.fetched, matches), (40, 0, true)),
            Err(error) => {
                assert_eq!((error.kind(), matches), (ErrorKind::Digest, false));
                assert_eq!(place.directory.names(), [""; 0]);
            }
        }
        server.finish();
    }
}

#[test]
fn a_complete_file_with_another_checksum_is_downloaded_again() {
    let full = response("416 Range Not Satisfiable", &["Content-Range: bytes */40"], b"no more");
    let asks_behind = || get_that("/f", |head| assert!(has_field(head, "Range: bytes=40-")));
    for (content, script) in [
        (BODY, vec![asks_behind(), send(&full)]),
        (&[b'x'; 40][..], vec![asks_behind(), send(&full), asks_all(), send(whole())]),
    ] {
        let server = Server::play([script]);
        let place = FileTarget::new();
        fs::write(&place.file, content).unwrap();
        let download = download(&server).with_resume(true).with_checksum(sum(BODY));
        run(download, &place.file).unwrap();
        place.assert_whole(BODY);
        server.finish();
    }
}

#[test]
fn standard_output_gets_the_bytes_and_then_the_error() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::new();
    let out = fs::File::create(&place.file).unwrap();
    let download = download(&server).with_checksum(sum(OTHER)).with_retries(3);
    let result = download.with_retry_any_error(true).to(&out);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Digest);
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn a_mismatch_is_tried_again_from_the_beginning_if_any_error_is() {
    let server = Server::play([vec![
        asks_all(),
        send(response("200 OK", &["ETag: \"v0\""], OTHER)),
        asks_all(),
        send(whole()),
    ]]);
    let place = FileTarget::new();
    let download = download(&server).with_checksum(sum(BODY)).with_retries(1);
    let done = run(download.with_retry_any_error(true), &place.file).unwrap();
    assert_eq!(done.attempts, 2);
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn the_digests_of_a_response_need_no_option() {
    for name in ["Content-Digest", "Repr-Digest"] {
        for (content, matches) in [(BODY, true), (OTHER, false)] {
            let field = format!("{name}: {}", sha256(content));
            let response = response("200 OK", &["ETag: \"v1\"", &field], BODY);
            let server = Server::play([vec![asks_all(), send(response), Step::Close]]);
            let place = FileTarget::new();
            let result = run(download(&server), &place.file);
            match matches {
                true => place.assert_whole(BODY),
                false => {
                    let of = |content| digest(Algorithm::Sha256, content);
                    assert_mismatch(result, &of(OTHER), &of(BODY));
                    assert_eq!(place.directory.names(), [""; 0]);
                }
            }
            server.finish();
        }
    }
}

#[test]
fn repr_digest_of_a_part_is_that_of_the_whole_file() {
    let of_all = format!("Repr-Digest: {}", sha256(BODY));
    let of_part = format!("Content-Digest: {}", sha256(&BODY[10..]));
    let wrong = format!("Repr-Digest: {}", sha256(&BODY[10..]));
    let wrong_part = format!("Content-Digest: {}", sha256(BODY));
    for (field, matches) in [(of_all, true), (of_part, true), (wrong, false), (wrong_part, false)] {
        println!("{field}");
        let server = Server::play([vec![asks_rest(10), send(rest_with(&field, 10)), Step::Close]]);
        let place = FileTarget::with_part(10);
        let result = run(download(&server).with_resume(true), &place.file);
        match matches {
            true => place.assert_whole(BODY),
            false => {
                assert_eq!(result.unwrap_err().kind(), ErrorKind::Digest);
                assert_eq!(place.directory.names(), [""; 0]);
            }
        }
        server.finish();
    }
}
