//! Content whose coding is undone on its way to the file.

use std::io::Write as _;

use super::*;
use crate::fixture::streams;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Content of which any part decodes to something, and its coded form.
fn content() -> (Vec<u8>, Vec<u8>) {
    let content: Vec<u8> =
        (0..90_000_u32).flat_map(|it| (it ^ it << 7).to_string().into_bytes()).collect();
    let coded = gzip(&content);
    assert!(coded.len() > 100_000);
    (content, coded)
}

const CODED: &[&str] = &["ETag: \"g1\"", "Content-Encoding: gzip"];

/// The first `end` bytes of all coded content.
fn first(coded: &[u8], end: usize) -> Vec<u8> {
    let mut all = response("200 OK", CODED, coded);
    all.truncate(all.len() - coded.len() + end);
    all
}

/// The coded content from `at` on, before `end`.
fn rest_of(coded: &[u8], at: usize, end: usize, fields: &[&str]) -> Vec<u8> {
    let range = content_range(at, coded.len() - 1, coded.len());
    let mut all = response("206 Partial Content", &[&[&range[..]], fields].concat(), &coded[at..]);
    all.truncate(all.len() - (coded.len() - end));
    all
}

/// A request for all coded bytes from `at` on, of version g1.
fn asks(at: usize) -> Step {
    get_that("/f", move |head| {
        assert!(has_field(head, "Accept-Encoding: gzip, deflate, br, zstd"), "{head}");
        match at {
            0 => assert!(!head.contains("Range"), "{head}"),
            at => {
                assert!(has_field(head, &format!("Range: bytes={at}-")), "{head}");
                assert!(has_field(head, "If-Range: \"g1\""), "{head}");
            }
        }
    })
}

fn decoding(server: &Server) -> Download {
    let request = request_by(URL, server).with_decoding(true);
    Download::new(request).with_backoff(Backoff::new(Duration::ZERO, Duration::ZERO))
}

#[test]
fn the_next_attempt_goes_on_decoding() {
    let (content, coded) = content();
    for fields in [CODED, &CODED[..1]] {
        let server = Server::play([
            vec![asks(0), send(first(&coded, 30_000)), Step::Close],
            vec![asks(30_000), send(rest_of(&coded, 30_000, 70_001, fields)), Step::Reset],
            vec![asks(70_001), Step::Close],
            vec![asks(70_001), send(rest_of(&coded, 70_001, coded.len(), fields))],
        ]);
        let place = FileTarget::new();
        let mut last = 0;
        let done = decoding(&server).with_retries(3).to_file_with_progress(
            &place.file,
            &mut |it| match it {
                Progress::Begun { total, .. } => assert_eq!(total, None, "it is unknown"),
                Progress::Arrived { bytes } => {
                    assert!(bytes >= last);
                    last = bytes;
                }
                _ => {}
            },
        );
        let done = done.unwrap();
        place.assert_whole(&content);
        assert_eq!((done.bytes, last), (content.len() as u64, content.len() as u64));
        assert_eq!(done.fetched, coded.len() as u64);
        server.finish();
    }
}

#[test]
fn it_starts_again_if_the_server_cannot_continue() {
    let (content, coded) = content();
    let changed = || {
        let other = gzip(b"another version");
        response("200 OK", &["ETag: \"g2\"", "Content-Encoding: gzip"], &other)
    };
    // A range of another coding is not joined.
    let other = ["ETag: \"g1\"", "Content-Encoding: br"];
    // Nothing follows, though the gzip data is not at its end.
    let end = ["Content-Range: bytes */30000", "ETag: \"g1\"", "Connection: close"];
    let again = || vec![asks(0), send(first(&coded, coded.len()))];
    for (answer, then, expected) in [
        (changed(), vec![], &b"another version"[..]),
        (rest_of(&coded, 30_000, coded.len(), &other), again(), &content[..]),
        (response("416 Range Not Satisfiable", &end, b""), again(), &content[..]),
    ] {
        let broken = vec![asks(0), send(first(&coded, 30_000)), Step::Close];
        let answer = vec![asks(30_000), send(answer)];
        let place = FileTarget::new();
        let get = |server: &Server| run(decoding(server).with_retries(1), &place.file).unwrap();
        match then.is_empty() {
            true => {
                let server = Server::play([broken, answer]);
                get(&server);
                server.finish();
            }
            false => {
                let server = Server::play([broken, answer, then]);
                get(&server);
                server.finish();
            }
        }
        place.assert_whole(expected);
    }
}

#[test]
fn a_socket_gets_each_byte_once() {
    let (content, coded) = content();
    let server = Server::play([
        vec![asks(0), send(first(&coded, 30_000)), Step::Close],
        vec![
            asks(30_000),
            send(response("503 Service Unavailable", &[], b"later")),
            asks(30_000),
            send(rest_of(&coded, 30_000, coded.len(), CODED)),
        ],
    ]);
    let (exit, entrance) = streams();
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        std::io::Read::read_to_end(&mut &exit, &mut all).map(|_| all)
    });
    let done = decoding(&server).with_retries(2).to(&entrance).unwrap();
    drop(entrance);
    assert!(reader.join().unwrap().unwrap() == content);
    assert_eq!(done.attempts, 3);
    server.finish();
}

#[test]
fn a_decoded_part_is_not_resumed_by_a_later_run() {
    let (content, coded) = content();
    let server = Server::play([
        vec![asks(0), send(first(&coded, 30_000)), Step::Close],
        vec![asks(0), send(first(&coded, coded.len()))],
    ]);
    let place = FileTarget::new();
    let error = run(decoding(&server), &place.file).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BodyTruncated { received: 30_000, .. }), "{error}");
    assert!(fs::metadata(place.part()).unwrap().len() > 30_000);
    let mark = fs::read_to_string(place.meta()).unwrap();
    assert!(!mark.contains("tag "), "{mark}");
    let done = run(decoding(&server).with_resume(true), &place.file).unwrap();
    place.assert_whole(&content);
    assert_eq!(done.resumed_from, 0);
    server.finish();
}

/// A partial file of content without a coding goes on as such, and a complete file stays.
#[test]
fn bytes_without_a_coding_are_continued_without_one() {
    let plain = |at: usize| {
        get_that("/f", move |head| {
            assert!(has_field(head, "Accept-Encoding: identity"), "{head}");
            assert!(has_field(head, &format!("Range: bytes={at}-")), "{head}");
        })
    };
    let place = FileTarget::with_part(10);
    let all = format!("Content-Range: bytes */{}", BODY.len());
    let refused = response("416 Range Not Satisfiable", &[&all], b"");
    let server =
        Server::play([vec![plain(10), send(rest(10))], vec![plain(BODY.len()), send(refused)]]);
    run(decoding(&server).with_resume(true), &place.file).unwrap();
    place.assert_whole(BODY);
    run(decoding(&server).with_resume(true), &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn corrupt_content_leaves_no_file_and_is_not_tried_again() {
    let (_, mut coded) = content();
    coded[50_000..50_100].fill(0xff);
    let server = Server::play([vec![asks(0), send(first(&coded, coded.len()))]]);
    let place = FileTarget::new();
    let error = run(decoding(&server).with_retries(3), &place.file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Coding, "{error}");
    assert!(!place.file.exists());
    server.finish();
}
