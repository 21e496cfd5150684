//! Files whose name depends on the response.

use super::*;
use crate::protocol::proposed_file_name;

const NAMED: &str = "Content-Disposition: attachment; filename=\"../new\"";

/// Runs `download` to the file in `directory` that its response proposes.
fn run_named(download: Download, directory: &TestDir) -> Result<Downloaded, Error> {
    let mut calls = 0;
    download.to_new_file(
        &mut |response| {
            calls += 1;
            assert_eq!(calls, 1, "a name is chosen once");
            let name = proposed_file_name(response.headers());
            Ok(directory.path(name.unwrap_or_else(|| String::from("unnamed"))))
        },
        &mut |_| (),
    )
}

/// All of the body, of version v1, with its name.
fn whole_named() -> Vec<u8> {
    response("200 OK", &["ETag: \"v1\"", NAMED], BODY)
}

#[test]
fn a_response_names_the_file() {
    for (reply, name) in [(whole_named(), "new"), (whole(), "unnamed")] {
        let server = Server::play([vec![asks_all(), send(reply)]]);
        let directory = TestDir::new();
        let done = run_named(download(&server), &directory).unwrap();
        assert_eq!((done.bytes, done.attempts), (40, 1));
        assert_eq!(directory.names(), [name]);
        assert_eq!(fs::read(directory.path(name)).unwrap(), BODY);
        server.finish();
    }
}

#[test]
fn a_failed_response_names_no_file() {
    let busy = response("503 Busy", &["Content-Disposition: inline; filename=page"], b"busy");
    let server = Server::play([vec![asks_all(), send(busy), asks_all(), send(whole_named())]]);
    let directory = TestDir::new();
    run_named(download(&server).with_retries(1), &directory).unwrap();
    assert_eq!(directory.names(), ["new"]);
    server.finish();
}

#[test]
fn a_retry_continues_the_named_file() {
    let mut short = whole_named();
    short.truncate(short.len() - 30);
    let server = Server::play([
        vec![asks_all(), send(short), Step::Close],
        vec![asks_rest(10), send(rest(10))],
    ]);
    let directory = TestDir::new();
    let done = run_named(download(&server).with_retries(1), &directory).unwrap();
    assert_eq!((done.resumed_from, done.attempts, done.fetched), (10, 2, 40));
    assert_eq!(fs::read(directory.path("new")).unwrap(), BODY);
    server.finish();
}

#[test]
fn a_partial_file_of_that_name_is_continued_if_wanted() {
    for resume in [true, false] {
        let mut script = vec![asks_all(), send(whole_named())];
        if resume {
            script.extend([asks_rest(10), send(rest(10))]);
        }
        let server = Server::play([script]);
        let place = FileTarget::with_part(10);
        let mut named = |_: &Response| Ok(place.file.clone());
        let wanted = download(&server).with_resume(resume);
        let done = wanted.to_new_file(&mut named, &mut |_| ()).unwrap();
        assert_eq!((done.resumed_from, done.attempts), (if resume { 10 } else { 0 }, 1));
        place.assert_whole(BODY);
        server.finish();
    }
}

#[test]
fn nothing_that_exists_is_replaced_or_written_through() {
    let directory = TestDir::new();
    let elsewhere = TestDir::new();
    let kinds: &[&str] =
        if cfg!(unix) { &["file", "link", "directory"] } else { &["file", "directory"] };
    for &kind in kinds {
        let path = directory.path("new");
        match kind {
            "file" => fs::write(&path, "old").unwrap(),
            #[cfg(unix)]
            "link" => std::os::unix::fs::symlink(elsewhere.path("target"), &path).unwrap(),
            _ => fs::create_dir(&path).unwrap(),
        }
        let server = Server::play([vec![asks_all(), send(whole_named())]]);
        let error = run_named(download(&server).with_retries(3), &directory).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Write, "{kind}");
        assert!(error.to_string().contains("new"), "{error}");
        netcore::testing::error_law(&error);
        assert_eq!(directory.names(), ["new"], "{kind}");
        match kind {
            "directory" => fs::remove_dir(&path).unwrap(),
            "file" => {
                assert_eq!(fs::read(&path).unwrap(), b"old");
                fs::remove_file(&path).unwrap();
            }
            _ => fs::remove_file(&path).unwrap(),
        }
        server.finish();
    }
    assert!(elsewhere.names().is_empty());
}

#[test]
fn a_body_above_the_limit_makes_no_file() {
    let server = Server::play([vec![asks_all(), send(whole_named())]]);
    let directory = TestDir::new();
    let request = request_by(URL, &server);
    let limits = crate::limits::Limits::default().with_body(39);
    let error = run_named(Download::new(request.with_limits(limits)), &directory).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(directory.names().is_empty());
    server.finish();
}

#[test]
fn an_unchanged_resource_makes_no_file() {
    let server = Server::play([vec![get_that("/f", |_| ()), send(head("304 Same", &[NAMED]))]]);
    let directory = TestDir::new();
    let request = request_by(URL, &server).with_header("if-none-match", "\"v1\"");
    run_named(Download::new(request), &directory).unwrap();
    assert!(directory.names().is_empty());
    server.finish();
}
