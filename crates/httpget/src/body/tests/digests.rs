//! Bodies with Content-Digest and Repr-Digest, read in each way.

use super::*;
use crate::digest::DigestMismatch;
use crate::digest::fixture::sha256;

const BODY: &[u8] = b"All that there is to be read here.";

fn plain(field: &str, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = format!("HTTP/1.1 200 OK\r\n{field}\r\nContent-Length: {length}\r\n\r\n");
    [head.as_bytes(), content].concat()
}

fn until_close(field: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{field}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), content].concat()
}

/// Chunks of ten bytes, and the field in the head or, with `behind`, in the trailers.
fn chunked(field: &str, content: &[u8], behind: bool) -> Vec<u8> {
    let (in_head, in_trailers) = match behind {
        true => ("Trailer: Repr-Digest, Content-Digest", format!("{field}\r\n")),
        false => (field, String::new()),
    };
    let mut all =
        format!("HTTP/1.1 200 OK\r\n{in_head}\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in content.chunks(10) {
        all.extend(format!("{:x}\r\n", chunk.len()).bytes());
        all.extend_from_slice(chunk);
        all.extend(b"\r\n");
    }
    all.extend(format!("0\r\n{in_trailers}\r\n").bytes());
    all
}

fn responses(field: &str, content: &[u8]) -> [Vec<u8>; 4] {
    [
        plain(field, content),
        until_close(field, content),
        chunked(field, content, false),
        chunked(field, content, true),
    ]
}

type Reader = fn(crate::response::Response) -> Result<Vec<u8>, Error>;

fn byte_by_byte(mut response: crate::response::Response) -> Result<Vec<u8>, Error> {
    let mut all = Vec::new();
    let mut byte = [0];
    while response.body().take(&mut byte)? > 0 {
        all.push(byte[0]);
    }
    Ok(all)
}

fn in_one_piece(mut response: crate::response::Response) -> Result<Vec<u8>, Error> {
    let mut all = vec![0; 1 << 20];
    let mut read = 0;
    loop {
        match response.body().take(&mut all[read..])? {
            0 => break,
            count => read += count,
        }
    }
    all.truncate(read);
    Ok(all)
}

fn to_a_file(mut response: crate::response::Response) -> Result<Vec<u8>, Error> {
    let directory = netcore::testing::TestDir::new();
    let file = std::fs::File::create(directory.path("file")).unwrap();
    response.body().copy_to(&file)?;
    Ok(std::fs::read(directory.path("file")).unwrap())
}

const READERS: &[Reader] =
    &[|response| response.bytes(1 << 20), byte_by_byte, in_one_piece, to_a_file];

fn read(response: Vec<u8>, reader: Reader) -> Result<Vec<u8>, Error> {
    let server = Server::play([vec![get("/"), send(response), Step::Close]]);
    let read = reader(Client::new().get(&server.url("/")).send().unwrap());
    server.finish();
    read
}

#[test]
fn a_body_that_matches_is_read_as_any_other() {
    let large = vec![b'x'; 300 << 10];
    for content in [b"", BODY, &large[..]] {
        for field in ["Content-Digest", "Repr-Digest"] {
            let field = format!("{field}: {}", sha256(content));
            for response in responses(&field, content) {
                for reader in READERS {
                    let got = read(response.clone(), *reader).unwrap();
                    assert!(got == content, "{field}: {} bytes", got.len());
                }
            }
        }
    }
}

#[test]
fn a_body_that_differs_is_an_error_in_each_way_of_reading() {
    for content in [&b""[..], BODY] {
        for name in ["Content-Digest", "Repr-Digest"] {
            let field = format!("{name}: {}", sha256(b"another"));
            for response in responses(&field, content) {
                for reader in READERS {
                    let error = read(response.clone(), *reader).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Digest);
                    let mismatch: &DigestMismatch = error.cause().unwrap().downcast_ref().unwrap();
                    assert_reason(&error, &mismatch.to_string());
                    assert!(mismatch.to_string().starts_with(&format!("{name} says sha256 ")));
                }
            }
        }
    }
}

#[test]
fn the_error_is_final_and_the_connection_is_closed() {
    let response = plain(&format!("Content-Digest: {}", sha256(b"another")), BODY);
    let server = Server::play([vec![get("/"), send(response), Step::Gone]]);
    let mut response = Client::new().get(&server.url("/")).send().unwrap();
    let mut content = vec![0; BODY.len()];
    response.body().read_exact(&mut content).unwrap();
    assert_eq!(content, BODY, "the content itself can be read");
    assert!(!response.body().is_done());
    for _ in 0..2 {
        let error = response.body().take(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Digest);
        assert!(error.cause().is_some());
    }
    let broken = Event::Closed { reason: CloseReason::Broken };
    let event = response.body().connection_event();
    assert_eq!(format!("{event:?}"), format!("{:?}", Some(broken)));
    server.finish();
}

#[test]
fn a_raw_body_is_checked_by_its_content() {
    for (sum, matches) in [(sha256(BODY), true), (sha256(b"another"), false)] {
        let response = chunked(&format!("Content-Digest: {sum}"), BODY, false);
        let server = Server::play([vec![get("/"), send(&response), Step::Close]]);
        let request = Client::new().get(&server.url("/")).with_raw(true);
        let read = request.send().unwrap().bytes(1 << 20);
        server.finish();
        assert_eq!(read.is_ok(), matches);
    }
}

#[test]
fn the_digest_of_a_head_is_that_of_a_get() {
    let head = plain(&format!("Content-Digest: {0}\r\nRepr-Digest: {0}", sha256(BODY)), b"");
    let server = Server::play([vec![get("HEAD /"), send(head)]]);
    let read = Client::new().head(&server.url("/")).send().unwrap().bytes(1);
    assert_eq!(read.unwrap(), b"");
    server.finish();
}
