use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::event::Event;
use crate::fixture::{Server, Step, get_that, ok, redirect};
use crate::netrc::Netrc;
use crate::url::Credentials;

const FILE: &[u8] = b"machine a.example login a password p\n\
                      machine a.example login b password q\n\
                      machine b.example login c password r\n\
                      machine bad.example login x:y password z\n";

/// A client that reaches each host at the server.
fn client(server: &Server) -> Client {
    let address = server.address();
    let client = Client::new().with_netrc(Netrc::parse(FILE).unwrap());
    let hosts = ["a.example", "b.example", "c.example"];
    hosts.iter().fold(client, |client, host| client.with_address(host, address.port(), address))
}

fn url(server: &Server, host: &str) -> String {
    server.url("/").replace("127.0.0.1", host)
}

/// A request with exactly these credentials, or without any.
fn get_as(expected: Option<(&'static str, &'static str)>) -> Step {
    get_that("/", move |head| {
        let mut lines = head.lines().filter_map(|line| line.strip_prefix("Authorization: "));
        let expected = expected.map(|(user, password)| Credentials::new(user, password).unwrap());
        let expected = expected.map(|it| it.basic().to_str().unwrap().to_owned());
        assert_eq!(lines.next(), expected.as_deref(), "{head}");
        assert_eq!(lines.next(), None, "{head}");
    })
}

#[test]
fn each_origin_of_a_redirect_gets_the_credentials_of_its_own_entry() {
    let last = Server::play([vec![get_as(None), ok("")]]);
    let second = Server::play([vec![get_as(Some(("c", "r"))), redirect(&url(&last, "c.example"))]]);
    let first = Server::play([vec![
        get_as(Some(("a", "p"))),
        redirect("/"),
        get_as(Some(("a", "p"))),
        redirect(&url(&second, "b.example")),
    ]]);
    let client = [("b.example", &second), ("c.example", &last)].iter().fold(
        client(&first),
        |client, (host, server)| {
            let address = server.address();
            client.with_address(host, address.port(), address)
        },
    );
    let mut dropped = Vec::new();
    let observer = &mut |event: Event<'_>| {
        if let Event::Redirect { dropped: names, .. } = event {
            dropped.push(names.len());
        }
    };
    client.get(&url(&first, "a.example")).send_observed(observer).unwrap().text(0).unwrap();
    // The event names the field that the other origin does not get, whatever it gets instead.
    assert_eq!(dropped, [0, 1, 1]);
    [first, second, last].into_iter().for_each(Server::finish);
}

#[test]
fn the_user_of_a_url_selects_an_entry_and_its_password_is_kept() {
    for (userinfo, expected) in [
        ("", Some(("a", "p"))),
        ("b@", Some(("b", "q"))),
        ("b:@", Some(("b", "q"))),
        ("other@", Some(("other", ""))),
        ("b:own@", Some(("b", "own"))),
    ] {
        let server = Server::play([vec![get_as(expected), ok("")]]);
        let url = url(&server, "a.example").replace("://", &format!("://{userinfo}"));
        client(&server).get(&url).send().unwrap().text(0).unwrap();
        server.finish();
    }
}

#[test]
fn an_entry_that_cannot_be_sent_is_an_error() {
    let client = Client::new().with_netrc(Netrc::parse(FILE).unwrap());
    let error: Error = client.get("http://bad.example/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let line = netcore::testing::error_law(&error);
    assert!(!line.contains("x:y") && line.contains("http://bad.example/"), "{line}");
}
