use super::*;
use crate::connect::Connector;
use crate::tls::fixture::both_sides;

/// Runs a server over TLS. `body` gets a function that connects to it.
fn serve_tls(config: Config, body: impl FnOnce(&Endpoint, &Handle, &dyn Fn() -> Stream)) {
    let (connector, acceptor) = both_sides();
    let listener = listen("127.0.0.1:0").with_tls(acceptor);
    let server = Server::new(vec![listener], config).unwrap();
    let endpoint = server.listeners()[0].endpoint().clone();
    let handle = server.handle();
    thread::scope(|scope| {
        let running = scope.spawn(move || server.run(echo));
        let stop = StopAnyway(&handle);
        let connector = Connector::new().with_tls(connector);
        body(&endpoint, &handle, &|| connector.connect(&endpoint, patience()).unwrap());
        drop(stop);
        running.join().unwrap().unwrap();
    });
    assert_eq!(handle.connections(), 0);
}

/// Returns a connection in the clear to an endpoint of the scheme `tls://`.
fn in_the_clear(endpoint: &Endpoint) -> Stream {
    connect(&endpoint.to_string().replace("tls://", "tcp://").parse().unwrap())
}

#[test]
fn handlers_read_and_write_over_tls() {
    serve_tls(Config::default(), |_, handle, connect| {
        let clients: Vec<_> = (0..3).map(|_| connect()).collect();
        for (number, client) in clients.iter().enumerate().rev() {
            ask(client, &format!("client {number}"));
        }
        assert_eq!(handle.connections(), 3);
        let content = vec![7; 1_000_000];
        thread::scope(|scope| {
            scope.spawn(|| clients[0].write_all_deadline(&content, patience()).unwrap());
            let mut received = vec![0; content.len()];
            clients[0].read_exact_deadline(&mut received, patience()).unwrap();
            assert!(received == content);
        });
        for client in clients {
            client.shutdown(std::net::Shutdown::Write).unwrap();
            end(&client);
            client.finish(patience()).unwrap();
        }
    });
}

#[test]
fn peers_that_do_not_speak_tls_disturb_nobody() {
    serve_tls(Config::default(), |endpoint, _, connect| {
        let (silent, stranger) = (in_the_clear(endpoint), in_the_clear(endpoint));
        stranger.write_all_deadline(b"GET / HTTP/1.0\r\n\r\n", patience()).unwrap();
        // An alert at most, and never an echo.
        let mut received = Vec::new();
        let _ = stranger.with_deadline(patience()).read_to_end(&mut received);
        assert!(!received.starts_with(b"GET"), "{}", received.escape_ascii());
        ask(&connect(), "hello");
        drop(silent);
    });
}

#[test]
fn a_stop_does_not_wait_for_handshakes_beyond_the_grace_period() {
    let config = Config::default().with_grace(Duration::ZERO);
    serve_tls(config, |endpoint, handle, connect| {
        let silent = in_the_clear(endpoint);
        let idle = connect();
        ask(&idle, "hello");
        handle.stop();
        // The reads of both handlers end.
        assert_ne!(silent.read_deadline(&mut [0], patience()).ok(), Some(1));
        assert_ne!(idle.read_deadline(&mut [0], patience()).ok(), Some(1));
    });
}
