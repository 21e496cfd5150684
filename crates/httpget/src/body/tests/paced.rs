//! Bodies whose speed is limited.

use super::*;

#[test]
fn a_limited_body_is_complete() {
    let content = bytes(300_000);
    for response in [with_length(&content), chunked(&content, 7000), until_close(&content)] {
        let script = vec![get("/"), send(&response), Step::Close];
        let server = Server::play([script]);
        let request = Client::new().get(&server.url("/")).with_max_rate(1 << 30);
        let directory = TestDir::new();
        let file = File::create(directory.path("file")).unwrap();
        request.send().unwrap().body().copy_to(&file).unwrap();
        assert!(fs::read(directory.path("file")).unwrap() == content);
        server.finish();
    }
}

#[test]
fn the_total_timeout_ends_a_limited_body() {
    let server = Server::play([vec![get("/"), send(with_length(&bytes(1000)))]]);
    let timeouts = Timeouts::default().with_total(SHORT);
    let client = Client::new().with_timeouts(timeouts);
    let request = client.get(&server.url("/")).with_max_rate(100);
    let mut read = Vec::new();
    let error = request.send().unwrap().body().read_to_end(&mut read).unwrap_err();
    let error = error.downcast::<Error>().unwrap();
    let ErrorKind::TimedOut { timeout: Timeout::Total, phase: Phase::Body, received, .. } =
        error.kind()
    else {
        panic!("{error:?}")
    };
    // The rate allows 50 of the 1000 bytes in this time, on any machine.
    assert!(received < 100 && received == read.len() as u64, "{received}");
    assert_reason(&error, "the rate is limited");
    server.finish();
}

#[test]
fn a_connection_is_read_as_usual_after_a_limited_body() {
    let content = bytes(100_000);
    let script = vec![get("/"), ok("slow"), get("/"), send(with_length(&content))];
    let server = Server::play([script]);
    let client = Client::new();
    let slow = client.get(&server.url("/")).with_max_rate(10).send().unwrap();
    assert_eq!(slow.text(9).unwrap(), "slow");
    assert!(client.get(&server.url("/")).send().unwrap().bytes(1 << 20).unwrap() == content);
    server.finish();
}
