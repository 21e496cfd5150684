//! `sockit chat serve --metrics`: statistics for Prometheus, and the server's health.

use crate::common::client::Client;
use crate::common::process::{Finished, run, sockit};
use crate::common::server::Server;

fn get(url: &str) -> Finished {
    run(&["get", "-i", url])
}

/// Starts a server, and returns it with the URL of its statistics.
fn start(args: &[&str]) -> (Server, String) {
    let args = [&["chat", "serve", "--metrics", "127.0.0.1:0", "--listen", "127.0.0.1:0"], args];
    let server = Server::from_command(sockit(&args.concat()), 2);
    let url = server.endpoints()[1].clone();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/metrics"), "{url}");
    (server, url)
}

#[test]
fn prometheus_reads_the_statistics() {
    let (server, url) = start(&[]);
    let mut ann = Client::enter(&server);
    ann.say("hello");
    ann.until("hello");
    let done = get(&url);
    let text = done.expect_code(0).stdout_text();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", done.story());
    let media_type = "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n";
    assert!(text.contains(media_type), "{}", done.story());
    for line in ["chat_clients 1", "# TYPE chat_messages_total counter", "chat_rooms 1"] {
        assert!(text.lines().any(|other| other == line), "{line}: {}", done.story());
    }
    server.stop();
}

#[test]
fn the_health_is_good_while_the_server_serves_and_the_service_ends_with_it() {
    let (server, url) = start(&[]);
    let health = url.replace("/metrics", "/healthz");
    let done = get(&health);
    done.expect_code(0);
    assert!(done.stdout_text().ends_with("\r\n\r\nok\n"), "{}", done.story());
    get(&url.replace("/metrics", "/")).expect_code(0);
    server.stop();
    get(&health).expect_code(7);
}

#[test]
fn metrics_need_an_endpoint_of_their_own() {
    let done = run(&["chat", "serve", "--listen", "127.0.0.1:0", "--metrics", "udp://127.0.0.1:0"]);
    done.expect_code(2).expect_error_line(&["--metrics", "UDP has none"]);
    let done = run(&["chat", "serve", "--listen", "127.0.0.1:0", "--metrics", "nonsense"]);
    done.expect_code(3).expect_error_line(&["nonsense"]);
    assert_eq!(done.stdout_text(), "", "nothing was served before");
}
