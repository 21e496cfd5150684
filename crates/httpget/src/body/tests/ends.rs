//! Transfers that end before their body does, and the side that ends the connection.

use super::*;

#[test]
fn a_body_announced_too_large_is_refused_at_once() {
    let small = Limits { body: 5, ..Limits::default() };
    for framing in ["Content-Length: 6\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n6\r\n"] {
        // Nothing more comes: a client that waited for it would run out of its stall budget.
        let head = format!("HTTP/1.1 200 OK\r\n{framing}");
        let server = Server::play([vec![get("/"), send(head)]]);
        let client = Client::new().with_limits(small.clone());
        let mut body = client.get(&server.url("/")).send().unwrap().into_body();
        let error = Body::take(&mut body, &mut [0; 10]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{framing}");
        assert!(is_closed(&body, CloseReason::Broken));
        server.finish();
    }
}

#[test]
fn the_reason_for_closing_is_named() {
    for (field, says, why) in [
        (Some("close"), "keep-alive", CloseReason::Request),
        (Some("close"), "close", CloseReason::Request),
        (None, "close", CloseReason::Response),
    ] {
        let reply = format!("HTTP/1.1 200 OK\r\nConnection: {says}\r\nContent-Length: 1\r\n\r\na");
        let server = Server::play([vec![get("/"), send(&reply)], vec![get("/"), send(&reply)]]);
        for is_read in [true, false] {
            let mut request = Client::new().get(&server.url("/"));
            if let Some(option) = field {
                request = request.with_header("Connection", option);
            }
            let mut body = request.send().unwrap().into_body();
            match is_read {
                true => assert_eq!(Body::take(&mut body, &mut [0; 10]).unwrap(), 1),
                false => body.drain(),
            }
            assert!(is_closed(&body, why), "{field:?} {says}: {:?}", body.connection_event());
        }
        server.finish();
    }
    let server =
        Server::play([vec![get("/"), send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]]);
    let response = Client::new().get(&server.url("/")).with_http_1_0().send().unwrap();
    assert!(is_closed(&response.into_body(), CloseReason::Request));
    server.finish();
}
