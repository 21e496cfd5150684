//! Partial files and the resource to which they belong.

use super::*;

#[test]
fn different_resources_are_not_joined() {
    let dated = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
    for (validator, path, host) in [
        ("ETag: \"v1\"", "/b", None),
        (dated, "/b", None),
        ("ETag: \"v1\"", "/f?b", None),
        ("ETag: \"v1\"", "/f", Some("another.example")),
    ] {
        println!("{validator} {path} {host:?}");
        let first = response("200 OK", &[validator], BODY);
        let server =
            Server::play([vec![asks_all(), send(&first[..first.len() - 30]), Step::Close]]);
        let place = FileTarget::new();
        run(download(&server), &place.file).unwrap_err();
        place.assert_left(10);
        server.finish();

        // A server that would send the rest, if it were asked for that.
        let other = [b'B'; 40];
        let asks = get_that(path, |head| assert!(!has_field(head, "Range: bytes=10-"), "{head}"));
        let server = Server::play([vec![asks, send(response("200 OK", &[validator], &other))]]);
        let mut request = request_by(&format!("http://host{path}"), &server);
        if let Some(host) = host {
            request = request.with_header("Host", host);
        }
        run(Download::new(request).with_resume(true), &place.file).unwrap();
        place.assert_whole(&other);
        server.finish();
    }
}

/// Redirects a request that has asked for `range` to `target`, and gets the same request there.
fn moved(range: fn() -> Step, target: &'static str) -> Vec<Step> {
    let away = response("302 Found", &[&format!("Location: {target}")], b"");
    let Step::Get(_, check) = range() else { panic!("a request") };
    vec![range(), send(away), Step::Get(target, check)]
}

#[test]
fn a_new_redirect_target_starts_again_and_a_new_signature_resumes() {
    let rest_at = |target| {
        [moved(|| asks_rest(10), target), vec![send(rest(10))]].into_iter().flatten().collect()
    };
    let again = [moved(asks_all, "/v2?sig=3"), vec![send(whole())]].into_iter().flatten().collect();
    let other = [rest_at("/v2?sig=2"), again].into_iter().flatten().collect();
    for (second, resumed_from) in [(rest_at("/v1?sig=2"), 10), (other, 0)] {
        let first = [moved(asks_all, "/v1?sig=1"), vec![send(cut(10)), Step::Close]]
            .into_iter()
            .flatten()
            .collect();
        let server = Server::play([first, second]);
        let place = FileTarget::new();
        run(download(&server), &place.file).unwrap_err();
        let done = run(download(&server).with_resume(true), &place.file).unwrap();
        assert_eq!(done.resumed_from, resumed_from);
        place.assert_whole(BODY);
        server.finish();
    }
}

#[test]
fn a_complete_file_is_not_fetched_again() {
    let asks = || {
        get_that("/f", |head| {
            assert!(has_field(head, "Range: bytes=40-"), "{head}");
            assert!(!head.to_ascii_lowercase().contains("if-range"), "{head}");
        })
    };
    let full = response("416 Range Not Satisfiable", &["Content-Range: bytes */40"], b"no more");
    let server = Server::play([vec![asks(), send(full)]]);
    let place = FileTarget::new();
    fs::write(&place.file, BODY).unwrap();
    let mut told = None;
    let done = download(&server)
        .with_resume(true)
        .to_file_with_progress(&place.file, &mut |it| {
            if let Progress::Complete { bytes } = it {
                told = Some(bytes);
            }
        })
        .unwrap();
    assert_eq!((done.bytes, done.fetched, done.resumed_from, told), (40, 0, 40, Some(40)));
    place.assert_whole(BODY);
    server.finish();

    let other = response("416 Range Not Satisfiable", &["Content-Range: bytes */41"], b"");
    let more = response("206 Partial Content", &["Content-Range: bytes 40-49/50"], b"0123456789");
    let anew = response("200 OK", &[], OTHER);
    for answers in [vec![anew.clone()], vec![other, anew.clone()], vec![more, anew]] {
        let mut script = Vec::new();
        for (number, answer) in answers.into_iter().enumerate() {
            script.extend([if number == 0 { asks() } else { asks_all() }, send(answer)]);
        }
        let server = Server::play([script]);
        fs::write(&place.file, BODY).unwrap();
        let done = run(download(&server).with_resume(true), &place.file).unwrap();
        assert_eq!(done.resumed_from, 0);
        place.assert_whole(OTHER);
        server.finish();
    }
}
