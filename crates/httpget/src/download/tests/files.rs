//! What becomes of the file.

use std::time::UNIX_EPOCH;

use super::*;
use crate::fixture::act;

#[test]
fn an_empty_body_is_an_empty_file() {
    for response in [response("200 OK", &[], b""), head("204 No Content", &[])] {
        let server = Server::play([vec![asks_all(), send(response)]]);
        let place = FileTarget::new();
        run(download(&server), &place.file).unwrap();
        place.assert_whole(b"");
        server.finish();
    }
}

#[test]
fn chunked_bodies_and_bodies_until_close_become_files() {
    let chunks =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    let until = "HTTP/1.0 200 OK\r\n\r\nabcde";
    for response in [chunks, until] {
        let server = Server::play([vec![asks_all(), send(response), Step::Close]]);
        let place = FileTarget::new();
        let done = run(download(&server), &place.file).unwrap();
        assert_eq!((done.bytes, done.fetched), (5, 5));
        place.assert_whole(b"abcde");
        server.finish();
    }
}

#[test]
fn the_file_is_unchanged_until_the_download_is_complete() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::new();
    fs::write(&place.file, "an older one").unwrap();
    let mut looks = 0;
    let file = place.file.clone();
    download(&server)
        .to_file_with_progress(&place.file, &mut |it| {
            if let Progress::Arrived { .. } = it {
                assert_eq!(fs::read(&file).unwrap(), b"an older one");
                looks += 1;
            }
        })
        .unwrap();
    assert!(looks > 0);
    place.assert_whole(BODY);
    server.finish();
}

#[cfg(unix)]
#[test]
fn the_permissions_of_the_file_stay() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::new();
    fs::write(&place.file, "an older one").unwrap();
    fs::set_permissions(&place.file, fs::Permissions::from_mode(0o640)).unwrap();
    run(download(&server), &place.file).unwrap();
    place.assert_whole(BODY);
    assert_eq!(fs::metadata(&place.file).unwrap().mode() & 0o777, 0o640);
    server.finish();
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let server = Server::play([vec![asks_all(), send(cut(10)), Step::Close]]);
    let place = FileTarget::new();
    std::os::unix::fs::symlink("file", place.directory.path("link")).unwrap();
    run(download(&server), &place.directory.path("link")).unwrap_err();
    assert_eq!(place.directory.names(), ["file.part", "file.part.meta", "link"]);
    server.finish();

    let server = Server::play([vec![asks_rest(10), send(rest(10))]]);
    run(download(&server).with_resume(true), &place.directory.path("link")).unwrap();
    assert_eq!(place.directory.names(), ["file", "link"]);
    assert_eq!(fs::read(&place.file).unwrap(), BODY);
    server.finish();
}

#[test]
fn the_file_gets_a_plausible_last_modified_time() {
    let then = UNIX_EPOCH + Duration::from_secs(784_111_777);
    let rows = [
        ("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", true, Some(then)),
        ("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", false, None),
        ("Last-Modified: Fri, 06 Nov 2099 08:49:37 GMT", true, None),
        ("Last-Modified: yesterday", true, None),
    ];
    for (field, wanted, time) in rows {
        let server = Server::play([vec![asks_all(), send(response("200 OK", &[field], BODY))]]);
        let place = FileTarget::new();
        run(download(&server).with_server_time(wanted), &place.file).unwrap();
        let modified = fs::metadata(&place.file).unwrap().modified().unwrap();
        match time {
            Some(time) => assert_eq!(modified, time),
            // The clock of files may be a tick behind.
            None => assert!(modified.elapsed().is_ok_and(|ago| ago < Duration::from_secs(3600))),
        }
        server.finish();
    }
}

#[test]
fn two_downloads_to_one_file_do_not_mix() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::new();
    let mut second = None;
    let (file, url) = (place.file.clone(), server.url("/f"));
    download(&server)
        .to_file_with_progress(&place.file, &mut |it| {
            if let Progress::Begun { .. } = it {
                second = Some(run(Download::new(Client::new().get(&url)), &file).unwrap_err());
            }
        })
        .unwrap();
    let second = second.unwrap();
    assert_eq!(second.kind(), ErrorKind::Write);
    let part = place.part();
    assert_reason(&second, &format!("write {}: another download is writing it", part.display()));
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn an_unwritable_target_fails_before_the_request() {
    // Nobody accepts here, and nobody has to.
    let request = || Client::new().get("http://127.0.0.1:1/f");
    let place = FileTarget::new();
    let paths = [place.directory.root().to_owned(), place.directory.path("no-such/file")];
    for path in paths {
        let error = run(Download::new(request()).with_retries(3), &path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Write);
        assert!(error.to_string().contains("http://127.0.0.1:1/f"), "{error}");
        let cause = error.cause().unwrap().downcast_ref::<FileError>().unwrap();
        assert!(cause.path().starts_with(place.directory.root()));
    }
    assert_eq!(place.directory.names(), [""; 0]);
}

#[test]
fn wanted_heads_precede_the_content() {
    let interim = head("103 Early Hints", &["Link: </x>"]);
    let away = response("302 Found", &["Location: /f"], b"not this");
    let redirect = head("302 Found", &["Location: /f", "Content-Length: 8"]);
    let answer = [interim.clone(), whole()].concat();
    let server = Server::play([vec![asks_all(), send(&away), asks_all(), send(&answer)]]);
    let place = FileTarget::new();
    let done = run(download(&server).with_heads(true), &place.file).unwrap();
    let all = [redirect, answer].concat();
    assert_eq!((done.bytes, done.fetched), (all.len() as u64, 40));
    place.assert_whole(&all);
    server.finish();
}

#[test]
fn files_with_heads_and_ranges_are_not_resumed() {
    for heads in [true, false] {
        let range = if heads { "" } else { "bytes=0-39" };
        let asks = || {
            get_that("/f", move |head| {
                assert!(!head.to_ascii_lowercase().contains("if-range"), "{head}");
                assert_eq!(has_field(head, &format!("Range: {range}")), !heads, "{head}");
            })
        };
        let answer = match heads {
            true => whole(),
            false => response("206 Partial Content", &[&content_range(0, 39, 40)], BODY),
        };
        let cut = |bytes| answer[..answer.len() - BODY.len() + bytes].to_vec();
        let server = Server::play([
            vec![asks(), send(cut(10)), Step::Close],
            vec![asks(), send(cut(20)), Step::Close],
            vec![asks(), send(answer.clone())],
        ]);
        let place = FileTarget::new();
        let mut request = Client::new().get(&server.url("/f"));
        if !heads {
            request = request.with_range("0-39");
        }
        let download = Download::new(request).with_heads(heads).with_resume(true);
        let download =
            download.with_backoff(Backoff::new(Duration::ZERO, Duration::ZERO)).with_retries(2);
        run(download, &place.file).unwrap();
        place.assert_whole(if heads { &answer } else { BODY });
        server.finish();
    }
}

#[test]
fn another_range_than_the_requested_one_is_an_error() {
    let server = Server::play([vec![get_that("/f", |_| ()), send(whole())]]);
    let place = FileTarget::new();
    let request = Client::new().get(&server.url("/f")).with_range("4-9");
    assert_eq!(run(Download::new(request), &place.file).unwrap_err().kind(), ErrorKind::Range);
    server.finish();
}

#[test]
fn a_range_set_by_hand_becomes_a_file() {
    let part =
        response("206 Partial Content", &[&content_range(4, 9, 40), "ETag: \"v1\""], &BODY[4..10]);
    let asks = get_that("/f", |head| assert!(has_field(head, "Range: bytes=4-9"), "{head}"));
    let server = Server::play([vec![asks, send(part)]]);
    let place = FileTarget::new();
    let request = Client::new().get(&server.url("/f")).with_range("4-9");
    run(Download::new(request), &place.file).unwrap();
    place.assert_whole(&BODY[4..10]);
    server.finish();
}

#[test]
fn without_replace_the_file_stays() {
    let place = FileTarget::new();
    let server = Server::play([vec![
        asks_all(),
        send(cut(10)),
        act({
            let file = place.file.clone();
            move || fs::write(file, "another").unwrap()
        }),
        send(&BODY[10..]),
    ]]);
    let error = run(download(&server).with_replace(false), &place.file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Write);
    assert_eq!(fs::read(&place.file).unwrap(), b"another");
    assert_eq!(fs::read(place.part()).unwrap(), BODY);
    server.finish();
    // Nothing is sent.
    let download = Download::new(Client::new().get("http://127.0.0.1:9/")).with_replace(false);
    let text = run(download, &place.file).unwrap_err().to_string();
    assert!(text.starts_with("get http://127.0.0.1:9/: create "), "{text}");
}

#[test]
fn without_replace_a_new_file_is_created() {
    let server = Server::play([vec![asks_all(), send(whole())]]);
    let place = FileTarget::new();
    run(download(&server).with_replace(false), &place.file).unwrap();
    place.assert_whole(BODY);
    server.finish();
}

#[test]
fn content_that_is_not_newer_than_the_condition_stays() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let later = "Sun, 06 Nov 1994 08:49:38 GMT";
    for (since, tag, stays) in [
        (date, None, true),
        (later, None, true),
        ("Sun, 06 Nov 1994 08:49:36 GMT", None, false),
        ("nonsense", None, false),
        (later, Some("\"v0\""), false),
    ] {
        let reply = response("200 OK", &[&format!("Last-Modified: {date}")], BODY);
        let server = Server::play([vec![asks_all(), send(reply)]]);
        let place = FileTarget::new();
        fs::write(&place.file, OTHER).unwrap();
        let mut request = request_by(URL, &server).with_header("if-modified-since", since);
        if let Some(tag) = tag {
            request = request.with_header("if-none-match", tag);
        }
        let done = Download::new(request).to_file(&place.file).unwrap();
        assert_eq!(done.bytes, if stays { 0 } else { BODY.len() as u64 }, "{since}");
        place.assert_whole(if stays { OTHER } else { BODY });
        server.finish();
    }
}
