use std::num::NonZeroUsize;
use std::sync::Mutex;

use crate::client::Client;
use crate::fixture::{Server, get, ok, send};
use crate::url::Url;

fn at_once(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn one_thread_uses_one_connection_in_order() {
    let server = Server::play([vec![get("/a"), ok("A"), get("/b"), ok("B"), get("/c"), ok("C")]]);
    let urls = ["/a", "not a url", "/b", "/c"].map(|target| match target.starts_with('/') {
        true => server.url(target),
        false => target.to_owned(),
    });
    let results = Mutex::new(Vec::new());
    Client::new().get_all(&urls, at_once(1), |number, result| {
        let text = result.and_then(|response| response.text(9));
        results.lock().unwrap().push((number, text.unwrap_or_else(|error| error.to_string())));
    });
    let malformed = Url::parse("not a url").unwrap_err().to_string();
    let expected = [(0, "A"), (1, &*malformed), (2, "B"), (3, "C")];
    let expected = expected.map(|(number, text)| (number, text.to_owned()));
    assert_eq!(results.into_inner().unwrap(), expected);
    server.finish();
}

#[test]
fn at_once_is_the_number_of_parallel_requests() {
    // Neither is answered before both are there.
    let both = std::sync::Arc::new(std::sync::Barrier::new(2));
    let wait = || {
        let both = std::sync::Arc::clone(&both);
        crate::fixture::act(move || {
            both.wait();
        })
    };
    let script = || {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
        vec![get("/"), wait(), send(format!("{head}ok")), crate::fixture::Step::Gone]
    };
    let server = Server::play([script(), script(), script(), script()]);
    let url = server.url("/");
    let seen = Mutex::new(Vec::new());
    Client::new().get_all((0..4).map(|_| &url), at_once(2), |number, result| {
        assert_eq!(result.unwrap().text(9).unwrap(), "ok");
        seen.lock().unwrap().push(number);
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3]);
    server.finish();
}

#[test]
fn an_empty_list_does_nothing() {
    let none: [&str; 0] = [];
    Client::new().get_all(none, at_once(100), |_, _| panic!("there is none"));
}
