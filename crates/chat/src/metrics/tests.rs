use netcore::server::Server;
use netcore::testing::{Harness, Peer};

use super::*;
use crate::Chat;
use crate::config::Config as ChatConfig;

struct Bench {
    chat: Chat,
    server: Server,
    health: Health,
    harness: Harness<MetricsService>,
}

fn bench() -> Bench {
    let chat = Chat::new(ChatConfig::default());
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], Metrics::limits()).unwrap();
    let health = Health::of(server.handle());
    let metrics = Metrics::new(chat.operator(), health.clone());
    let harness = Harness::new(Metrics::limits(), |_| metrics.service());
    Bench { chat, server, health, harness }
}

/// Sends a request. Returns the status line and the content of the response.
fn ask(harness: &mut Harness<MetricsService>, request: &str) -> (String, String) {
    let peer = harness.connect();
    peer.send(format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    harness.run();
    assert!(peer.is_closed());
    response(&peer)
}

fn response(peer: &Peer) -> (String, String) {
    let text = peer.text();
    let (head, content) = text.split_once("\r\n\r\n").expect(&text);
    let status = head.lines().next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
    let length = format!("Content-Length: {}", content.len());
    assert!(content.is_empty() || head.lines().any(|line| line == length), "{text}");
    (status.to_owned(), content.to_owned())
}

#[test]
fn metrics_are_the_figures_of_the_chat() {
    let Bench { chat, mut harness, .. } = bench();
    let (status, content) = ask(&mut harness, "GET /metrics");
    assert_eq!((&*status, content), ("200 OK", chat.operator().stats().to_prometheus()));
}

#[test]
fn head_has_the_length_and_no_content() {
    let Bench { chat, mut harness, .. } = bench();
    let peer = harness.connect();
    peer.send(b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    harness.run();
    let text = peer.text();
    let length = chat.operator().stats().to_prometheus().len();
    assert!(text.contains(&format!("\r\nContent-Length: {length}\r\n")), "{text}");
    assert!(text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn the_health_is_bad_while_the_engine_is_away_and_while_the_server_stops() {
    let Bench { server, health, mut harness, .. } = bench();
    assert_eq!(ask(&mut harness, "GET /healthz"), ("200 OK".to_owned(), "ok\n".to_owned()));
    let bad = |text: &str| ("503 Service Unavailable".to_owned(), text.to_owned());
    health.set_engine_away(true);
    assert_eq!(ask(&mut harness, "GET /healthz"), bad("the engine is away\n"));
    health.set_engine_away(false);
    assert_eq!(ask(&mut harness, "GET /healthz").0, "200 OK");
    server.handle().stop();
    assert_eq!(ask(&mut harness, "GET /healthz"), bad("the server is stopping\n"));
}

#[test]
fn other_paths_and_methods_do_not_exist() {
    let Bench { mut harness, .. } = bench();
    assert_eq!(ask(&mut harness, "GET /").0, "404 Not Found");
    assert_eq!(ask(&mut harness, "GET /metrics/").0, "404 Not Found");
    let peer = harness.connect();
    peer.send(b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    harness.run();
    assert!(peer.text().contains("\r\nAllow: GET, HEAD\r\n"));
}

#[test]
fn a_slow_request_is_closed_in_time_and_harms_no_other() {
    let Bench { mut harness, .. } = bench();
    let slow = harness.connect();
    for byte in b"GET /me" {
        slow.send(&[*byte]);
        harness.advance(Duration::from_secs(1));
        assert!(!slow.is_closed());
        assert_eq!(ask(&mut harness, "GET /healthz").0, "200 OK");
    }
    harness.advance(Duration::from_secs(3));
    assert!(slow.is_closed());
    assert_eq!(response(&slow).0, "408 Request Timeout");
}
