use crate::client::Client;
use crate::cookies::jar::CookieJar;
use crate::event::Event;
use crate::fixture::{Server, Step, get_that, ok, send};

fn set(location: Option<&str>, cookies: &[&str]) -> Step {
    let mut head = match location {
        Some(location) => format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\n"),
        None => String::from("HTTP/1.1 200 OK\r\n"),
    };
    cookies.iter().for_each(|cookie| head += &format!("Set-Cookie: {cookie}\r\n"));
    send(head + "Content-Length: 0\r\n\r\n")
}

/// A request with exactly this `Cookie`, or without one.
fn get_with(target: &'static str, cookie: Option<&'static str>) -> Step {
    get_that(target, move |head| {
        let mut lines =
            head.lines().filter(|line| line.to_ascii_lowercase().starts_with("cookie:"));
        assert_eq!(lines.next(), cookie.map(|it| format!("Cookie: {it}")).as_deref(), "{head}");
        assert_eq!(lines.next(), None);
    })
}

#[test]
fn cookies_of_a_redirect_are_sent_to_the_next_url() {
    let server = Server::play([vec![
        get_with("/", None),
        set(Some("/b"), &["a=1", "b=2; Path=/b", "=x"]),
        get_with("/b", Some("b=2; a=1")),
        set(None, &["a=; Max-Age=0"]),
        get_with("/", None),
        ok(""),
    ]]);
    let jar = CookieJar::new();
    let client = Client::new().with_cookies(jar.clone());
    let mut reports = Vec::new();
    let observer = &mut |event: Event<'_>| {
        if let Event::Cookie(report) = event {
            reports.push(report.to_string());
        }
    };
    client.get(&server.url("/")).send_observed(observer).unwrap().text(0).unwrap();
    assert_eq!(
        reports,
        [
            "stored the cookie a for 127.0.0.1, path /, for this session",
            "stored the cookie b for 127.0.0.1, path /b, for this session",
            "refused a cookie: it has no name",
            "removed the cookie a",
        ]
    );
    // A clone has the same cookies.
    client.clone().get(&server.url("/")).send().unwrap().text(0).unwrap();
    assert_eq!(jar.len(), 1);
    assert_eq!(format!("{jar:?}"), "CookieJar { cookies: 1, .. }");
    server.finish();
}

#[test]
fn cookies_by_hand_stay_with_the_origin_of_the_url() {
    // Ports are other origins, but cookies are for every port of a host (RFC 6265 section 8.5).
    let other = Server::play([vec![get_with("/", Some("jar=1")), ok("")]]);
    let server = Server::play([vec![
        get_with("/", Some("by=hand; more=3")),
        set(Some("/b"), &["jar=1; Path=/"]),
        get_with("/b", Some("jar=1; by=hand; more=3")),
        set(Some(&other.url("/")), &[]),
    ]]);
    let client = Client::new().with_cookies(CookieJar::new());
    let request = client.get(&server.url("/")).with_cookies("by=hand").with_cookies("more=3");
    let mut dropped = Vec::new();
    let observer = &mut |event: Event<'_>| {
        if let Event::Redirect { dropped: names, .. } = event {
            dropped.push(names.to_vec());
        }
    };
    request.send_observed(observer).unwrap().text(0).unwrap();
    assert_eq!(dropped, [vec![], vec![http::header::COOKIE]]);
    server.finish();
    other.finish();
}

#[test]
fn a_field_by_hand_replaces_the_cookies_on_its_origin() {
    let other = Server::play([vec![get_with("/", Some("jar=1")), ok("")]]);
    let server =
        Server::play([vec![get_with("/", Some("x=y")), set(Some(&other.url("/")), &["jar=1"])]]);
    let jar = CookieJar::new();
    let client = Client::new().with_cookies(jar);
    let request = client.get(&server.url("/")).with_header("cookie", "x=y").with_cookies("a=b");
    request.send().unwrap().text(0).unwrap();
    server.finish();
    other.finish();
    let field = crate::protocol::parse_field("Cookie:").unwrap();
    let server = Server::play([vec![get_with("/", None), ok("")]]);
    client.get(&server.url("/")).with_field(&field).send().unwrap().text(0).unwrap();
    server.finish();
}

#[test]
fn a_malformed_cookie_by_hand_is_refused_before_anything_is_sent() {
    let error = Client::new().get("http://h/").with_cookies("a=b\r\nX: y").send().unwrap_err();
    assert_eq!(error.kind(), crate::error::ErrorKind::InvalidRequest);
}
