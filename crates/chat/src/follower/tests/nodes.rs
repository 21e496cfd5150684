use std::time::Duration;

use super::{Net, Start, lines};
use crate::backplane::settings::Offline;
use crate::config::Config;
use crate::sync::lock;

fn quiet() -> Config {
    Config::default().with_presence(false).with_history(10)
}

fn net(nodes: usize) -> Net {
    Net::new(nodes, &quiet(), Offline::Refuse)
}

#[test]
fn a_line_reaches_the_clients_of_every_node_in_one_order() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick ann\n");
    net.send(&bob, "/nick bob\n");
    assert_eq!(lines(&ann), ["* you are ann"]);
    assert_eq!(lines(&bob), ["* you are bob"]);
    ann.send(b"one\n");
    bob.send(b"two\n");
    net.run();
    let seen = lines(&ann);
    assert_eq!(seen, ["ann: one", "bob: two"]);
    assert_eq!(lines(&bob), seen);
    let cyd = net.connect(1);
    assert_eq!(lines(&cyd), seen);
}

#[test]
fn a_name_belongs_to_one_client_on_all_nodes_until_it_leaves() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick Ivan\n");
    net.send(&bob, "/nick lvan\n");
    assert_eq!(lines(&bob), ["* this name is taken"]);
    net.send(&ann, "quit\n");
    assert!(ann.is_closed());
    net.send(&bob, "/nick ivan\n");
    assert_eq!(lines(&bob), ["* you are ivan"]);
}

#[test]
fn a_client_does_not_receive_the_notice_of_its_own_rename() {
    let mut net = Net::new(2, &Config::default(), Offline::Refuse);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.pass(Duration::from_secs(1));
    let _ = (lines(&ann), lines(&bob));
    net.send(&ann, "/nick ann\n");
    assert_eq!(lines(&ann), ["* you are ann"]);
    assert_eq!(lines(&bob), ["* 127.0.0.1:1 is now ann"]);
}

#[test]
fn rooms_span_nodes_with_members_lists_and_history() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick ann\n/join Dev\nhello dev\n");
    assert_eq!(lines(&ann), ["* you are ann", "* you are in Dev; 1 here", "ann: hello dev"]);
    net.send(&bob, "/nick bob\n/join dev\n");
    assert_eq!(lines(&bob), ["* you are bob", "* you are in Dev; 2 here", "ann: hello dev"]);
    net.send(&bob, "/join dev\n/rooms\n/who\n");
    let seen = lines(&bob);
    assert_eq!(seen[..2], ["* you are in Dev already", "* 2 rooms: lobby 0, Dev 2"]);
    assert!(seen[2].starts_with("* 2 here: ann since ") && seen[2].contains(", bob since "));
    net.send(&bob, "/join lobby\n");
    net.send(&ann, "alone\n");
    assert_eq!(lines(&ann), ["ann: alone"]);
    assert_eq!(lines(&bob), ["* you are in lobby; 1 here"]);
}

#[test]
fn private_messages_reach_other_nodes_and_nobody_is_reported() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick ann\n/msg Bob early\n/msg 127.0.0.1:9 x\n");
    let nobody = ["* nobody is called Bob", "* nobody is called 127.0.0.1:9"];
    assert_eq!(lines(&ann)[1..], nobody);
    net.send(&bob, "/nick Bob\n");
    net.send(&ann, "public\n/msg bob secret\n");
    assert_eq!(lines(&ann), ["ann: public", "ann -> Bob: secret"]);
    assert_eq!(lines(&bob), ["* you are Bob", "ann: public", "ann -> Bob: secret"]);
}

#[test]
fn the_sender_is_told_if_the_receiver_on_another_node_does_not_read() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick ann\n");
    net.send(&bob, "/nick Bob\n");
    let _ = (lines(&ann), lines(&bob));
    let text = "x".repeat(3000);
    for _ in 0..3 {
        ann.send(format!("/msg bob {text}\n").as_bytes());
        // Only the worker of the receiver has no time.
        for _ in 0..12 {
            net.nodes[0].harness.run();
            let now = net.now;
            net.nodes.iter_mut().for_each(|node| node.step(now));
        }
    }
    let echo = format!("ann -> Bob: {text}");
    let lost = "* Bob does not read; your message is lost";
    assert_eq!(lines(&ann), [&*echo, &echo, &echo, lost]);
    assert_eq!(net.nodes[1].chat.operator().stats().refused_private, 1);
    net.run();
    assert_eq!(lines(&bob), [&*echo, &echo]);
}

#[test]
fn input_behind_a_request_waits_for_its_answer_also_at_the_end() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    ann.send(b"/nick ann\none\n/join dev\ntwo\n/join lobby\nthree\nquit\nfour\n");
    net.run();
    net.run();
    assert!(ann.is_closed());
    assert_eq!(lines(&bob), ["ann: one", "ann: three"]);
    let cyd = net.connect(0);
    let _ = lines(&cyd);
    cyd.send(b"/nick cyd\nlast words");
    cyd.finish();
    net.run();
    assert!(cyd.is_closed());
    assert_eq!(lines(&bob), ["cyd: last words"]);
    assert_eq!(lines(&cyd), ["* you are cyd", "cyd: last words"]);
}

#[test]
fn presence_is_in_the_order_of_the_lines_on_every_node() {
    let mut net = Net::new(2, &Config::default(), Offline::Refuse);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.pass(Duration::from_secs(1));
    assert_eq!(lines(&ann), ["* 127.0.0.1:1 has joined", "* 127.0.0.1:1 has joined"]);
    net.send(&bob, "bye\nquit\n");
    net.pass(Duration::from_secs(1));
    assert_eq!(lines(&ann), ["127.0.0.1:1: bye", "* 127.0.0.1:1 has left"]);
}

#[test]
fn lines_are_refused_while_the_engine_is_away_and_nobody_is_disconnected() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    lock(&net.shared).is_cut = true;
    net.run();
    net.send(&ann, "lost\n/who\n");
    let seen = lines(&ann);
    assert_eq!(seen.len(), 2);
    assert!(seen[0].starts_with("* not sent: ") && seen[1].starts_with("* not done: "), "{seen:?}");
    let stats = net.nodes[0].chat.operator().stats();
    assert_eq!((stats.backplane_away, stats.backplane_refused), (1, 1));
    lock(&net.shared).is_cut = false;
    net.pass(Duration::from_secs(8));
    net.send(&ann, "there\n");
    assert_eq!(lines(&bob), ["127.0.0.1:1: there"]);
    assert!(!ann.is_closed() && !bob.is_closed());
    assert_eq!(net.nodes[0].chat.operator().stats().backplane_away, 0);
}

#[test]
fn an_engine_that_answers_with_an_error_counts_as_away() {
    let mut net = net(2);
    let ann = net.connect(0);
    lock(&net.shared).model.refusal = Some("OOM command not allowed".to_owned());
    net.send(&ann, "lost\n");
    net.send(&ann, "lost too\n");
    assert_eq!(lines(&ann), ["* not sent: OOM command not allowed"; 2]);
    lock(&net.shared).model.refusal = None;
    net.pass(Duration::from_secs(8));
    net.send(&ann, "there\n");
    assert_eq!(lines(&ann), ["127.0.0.1:1: there"]);
}

#[test]
fn queued_lines_are_sent_when_the_engine_is_back() {
    let mut net = Net::new(2, &quiet(), Offline::Queue);
    let (ann, bob) = (net.connect(0), net.connect(1));
    lock(&net.shared).is_cut = true;
    net.run();
    net.send(&ann, "one\ntwo\n");
    assert!(lines(&ann).is_empty() && lines(&bob).is_empty());
    lock(&net.shared).is_cut = false;
    net.pass(Duration::from_secs(8));
    for peer in [&ann, &bob] {
        assert_eq!(lines(peer), ["127.0.0.1:1: one", "127.0.0.1:1: two"]);
    }
}

#[test]
fn kept_lines_have_a_limit_and_what_does_not_fit_is_refused() {
    let mut net = Net::new(1, &quiet(), Offline::Queue);
    let ann = net.connect(0);
    lock(&net.shared).is_cut = true;
    net.run();
    let line = "x".repeat(4000) + "\n";
    for _ in 0..300 {
        ann.send(line.as_bytes());
        net.nodes[0].harness.run();
    }
    net.run();
    let refused = lines(&ann).len();
    assert_eq!(refused, 300 - (1 << 20) / 4000);
    lock(&net.shared).is_cut = false;
    net.pass(Duration::from_secs(8));
    assert_eq!(lines(&ann).len(), 300 - refused);
}

#[test]
fn the_names_of_a_node_that_died_are_free_within_15_seconds() {
    let mut net = Net::new(2, &Config::default(), Offline::Refuse);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick ann\n");
    net.pass(Duration::from_secs(1));
    drop(net.nodes.remove(0));
    let _ = lines(&bob);
    net.pass(Duration::from_secs(15));
    assert_eq!(lines(&bob), ["* ann has left"]);
    net.send(&bob, "/nick ann\n");
    assert_eq!(lines(&bob), ["* you are ann"]);
}

#[test]
fn a_second_living_node_with_a_name_is_not_admitted() {
    let mut net = net(1);
    net.add("n0", &quiet(), Offline::Refuse);
    assert!(net.nodes[1].starts.contains(&Start::NodeTaken), "{:?}", net.nodes[1].starts);
    assert!(!net.nodes[1].starts.contains(&Start::Online));
}

#[test]
fn a_stopped_server_releases_the_names_of_its_clients_at_once() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick ann\nhello\n");
    net.nodes[0].harness.stop();
    net.run();
    assert!(ann.is_closed());
    net.send(&bob, "/nick ann\n");
    assert_eq!(lines(&bob), ["ann: hello", "* you are ann"]);
}

#[test]
fn the_bound_on_memory_includes_the_backplane() {
    let net = net(1);
    let bound = net.nodes[0].chat.memory_bound(1, 2, 4096);
    assert!(bound.backplane_bytes > 8 << 20, "{bound}");
    assert!(bound.to_string().ends_with(" KiB for the backplane"), "{bound}");
}

#[test]
fn a_room_that_nobody_here_is_in_is_closed_and_loaded_again() {
    let mut net = net(2);
    let (ann, bob) = (net.connect(0), net.connect(1));
    net.send(&ann, "/nick ann\n/join dev\none\n");
    net.send(&bob, "/nick bob\n/join dev\n/join lobby\n");
    net.pass(Duration::from_secs(40));
    net.send(&ann, "two\n");
    let _ = lines(&bob);
    net.send(&bob, "/join dev\n");
    assert_eq!(lines(&bob), ["* you are in dev; 2 here", "ann: one", "ann: two"]);
}
