//! `sockit chat serve`: messages, commands, names and limits for well-behaved clients.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netcore::testing::TestDir;

use crate::common::chat::{Message, json_field};
use crate::common::client::Client;
use crate::common::crowd::expect_same_order_for_all;
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, sockit};
use crate::common::server::Server;
use crate::common::stamp::has_shape;

#[test]
fn a_line_is_delivered_to_every_client_including_the_sender() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    ann.say("hello: everybody");
    let expected = Message { from: ann.address(), text: "hello: everybody".to_owned() };
    assert_eq!(ann.message(), expected);
    assert_eq!(bob.message(), expected);
    server.stop();
}

#[test]
fn a_message_sent_just_before_a_command_is_delivered_at_once() {
    let server = Server::start(&["chat", "serve", "--workers", "1"]);
    let mut bob = Client::enter(&server);
    for command in ["/help", "/nick x", "quit"] {
        let mut ann = Client::enter(&server);
        ann.send(format!("before {command}\n{command}\n"));
        // No further message follows that could flush it.
        assert_eq!(bob.hear(), format!("before {command}"));
    }
}

#[test]
fn the_classic_format_is_a_header_the_text_and_a_blank_line() {
    let server = Server::start(&["chat", "serve", "--format", "classic"]);
    let mut ann = server.connect();
    let address = ann.address();
    for text in ["hello", "again: and again"] {
        ann.say(text);
        let mut header = String::new();
        ann.until_line(|line| {
            line.clone_into(&mut header);
            line.ends_with(&address)
        });
        assert_eq!(header.len(), "202611/20 18:11:02 ".len() + address.len(), "{header:?}");
        assert!(has_shape(&header[..19], "202611/20 18:11:02 "), "{header:?}");
        assert_eq!([ann.line(), ann.line()], [text, ""]);
    }
}

#[test]
fn the_json_format_is_one_object_a_line() {
    let server = Server::start(&["chat", "serve", "--format", "json"]);
    let mut ann = server.connect();
    let address = ann.address();
    ann.say("say \"hello\" \\ twice");
    let mut message = String::new();
    ann.until_line(|line| {
        assert!(line.starts_with('{') && line.ends_with('}'), "not an object: {line}");
        line.clone_into(&mut message);
        json_field(line, "from") == Some(&address)
    });
    assert_eq!(json_field(&message, "text"), Some(r#"say \"hello\" \\ twice"#), "{message}");
    let time = json_field(&message, "time").expect("a time");
    assert!(time.get(..19).is_some_and(|time| has_shape(time, "2026-11-20T18:11:02")), "{time}");
    assert!(time.ends_with('Z') || has_shape(&time[time.len() - 5..], "00:00"), "{time}");
    for field in ["room", "kind"] {
        assert!(json_field(&message, field).is_some_and(|value| !value.is_empty()), "{message}");
    }
}

#[test]
fn two_hundred_clients_receive_the_messages_of_twenty_in_the_same_order() {
    expect_same_order_for_all(200, 4);
}

#[test]
fn blank_lines_are_ignored() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    ann.send("\n\r\n\n\r\nseen\n");
    assert_eq!(ann.hear(), "seen");
}

#[test]
fn two_slashes_at_the_start_of_a_line_send_one() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    for (line, text) in [("//x", "/x"), ("///", "//"), ("//quit", "/quit"), ("a /who", "a /who")] {
        ann.say(line);
        assert_eq!(ann.hear(), text);
    }
}

#[test]
fn carriage_returns_of_telnet_users_are_removed() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    ann.send("hi\r\n/nick ann\r\n");
    assert_eq!(ann.hear(), "hi");
    ann.notice("ann");
    ann.send("bye\r\nquit\r\n");
    assert_eq!(ann.message(), Message { from: "ann".to_owned(), text: "bye".to_owned() });
    ann.rest();
}

#[test]
fn quit_closes_the_connection_after_all_pending_output() {
    let server = Server::start(&["chat", "serve"]);
    let mut bob = Client::enter(&server);
    for quit in ["quit", "/quit"] {
        let mut ann = Client::enter(&server);
        ann.send(format!("one\ntwo\n{quit}\nthree\n"));
        assert_eq!([ann.hear(), ann.hear()], ["one", "two"]);
        let rest = String::from_utf8(ann.rest()).expect("UTF-8");
        assert!(rest.lines().all(|line| line.starts_with("* ")), "after {quit}: {rest:?}");
        assert_eq!([bob.hear(), bob.hear()], ["one", "two"]);
        bob.say("next");
        assert_eq!(bob.hear(), "next");
    }
}

#[test]
fn a_half_closed_client_receives_its_last_line_and_is_closed() {
    let server = Server::start(&["chat", "serve"]);
    let mut bob = Client::enter(&server);
    for text in ["hi\n", "hi", "hi\r\n"] {
        let mut ann = server.connect();
        ann.send(text);
        ann.finish_sending();
        let heard = ann.message();
        assert_eq!(heard, Message { from: ann.address(), text: "hi".to_owned() });
        let rest = String::from_utf8(ann.rest()).expect("UTF-8");
        assert!(rest.lines().all(|line| line.starts_with("* ")), "{rest:?}");
        assert_eq!(bob.message(), heard);
    }
}

#[test]
fn a_chosen_name_precedes_the_messages_of_its_owner() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    ann.say("/nick Ann");
    ann.notice("Ann");
    ann.say("it is me");
    let expected = Message { from: "Ann".to_owned(), text: "it is me".to_owned() };
    assert_eq!(bob.message(), expected);
    assert_eq!(ann.message(), expected);
    // A client may change the case of its own name.
    ann.say("/nick ANN");
    ann.notice("ANN");
    ann.say("and still");
    assert_eq!(bob.message().from, "ANN");
}

#[test]
fn an_unavailable_name_is_refused_with_a_notice() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    ann.say("/nick Ann");
    ann.notice("Ann");
    let mut bob = Client::enter(&server);
    let long = "n".repeat(1000);
    let names = [
        "",
        "ann",
        "Ann",
        "ANN",
        "two words",
        "*star",
        "*",
        "/slash",
        "a:b",
        ":",
        "127.0.0.1:80",
        "esc\x1b[31m",
        "nul\0",
        "c1\u{85}",
        "bidi\u{202e}",
        "zero\u{200b}width",
        &long,
    ];
    for name in names {
        bob.say(&format!("/nick {name}"));
        bob.say("who am I");
        let lines = bob.until("who am I");
        let notices = lines.iter().filter(|line| line.starts_with("* ")).count();
        assert!(notices >= 1, "{name:?} is answered with a notice: {lines:?}");
        assert_eq!(ann.message().from, bob.address(), "after /nick {name:?}");
    }
}

#[test]
fn the_name_of_a_client_that_left_is_free_again() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    ann.say("/nick ann");
    ann.notice("ann");
    ann.say("quit");
    ann.rest();
    let mut bob = Client::enter(&server);
    let start = Instant::now();
    loop {
        bob.say("/nick ann");
        bob.say("who am I");
        if bob.message().from == "ann" {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "the name is not given back");
    }
}

#[test]
fn who_lists_all_clients() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    ann.say("/nick Ann");
    ann.notice("Ann");
    let mut bob = Client::enter(&server);
    bob.say("/who");
    let (mut ann_seen, mut bob_seen) = (false, false);
    let address = bob.address();
    bob.until_line(|line| {
        ann_seen |= line.starts_with("* ") && line.contains("Ann");
        bob_seen |= line.starts_with("* ") && line.contains(&address);
        ann_seen && bob_seen
    });
}

#[test]
fn help_lists_the_commands() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    let mut missing = vec!["/nick", "/who", "/quit", "/help"];
    ann.say("/help");
    ann.until_line(|line| {
        assert!(line.starts_with("* "), "help is told in notices: {line:?}");
        missing.retain(|command| !line.contains(command));
        missing.is_empty()
    });
}

#[test]
fn an_unknown_command_is_answered_with_a_notice_to_its_sender_only() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    ann.settle();
    for command in ["/frobnicate", "/", "/ space", "/NICKname x"] {
        ann.say(command);
        assert!(ann.line().starts_with("* "), "{command}");
    }
    ann.say("done");
    let before = bob.until("done");
    assert!(before.iter().all(|line| !line.contains("frobnicate")), "{before:?}");
}

#[test]
fn a_greeting_comes_first() {
    let server = Server::start(&["chat", "serve", "--greeting", "Welcome, be kind."]);
    for _ in 0..2 {
        let mut ann = server.connect();
        let line = ann.line();
        assert!(line.contains("Welcome, be kind."), "{line:?}");
    }
}

#[test]
fn a_greeted_client_misses_no_message() {
    let server = Server::start(&["chat", "serve", "--greeting", "Welcome"]);
    let mut ann = Client::enter(&server);
    for number in 0..100 {
        let mut bob = server.connect();
        bob.until_line(|line| line.contains("Welcome"));
        ann.say(&format!("number {number}"));
        assert_eq!(bob.hear(), format!("number {number}"));
    }
}

#[test]
fn history_is_exactly_the_last_messages() {
    let server = Server::start(&["chat", "serve", "--history", "3"]);
    let mut ann = server.connect();
    for number in 0..10 {
        ann.say(&format!("message {number}"));
        assert_eq!(ann.hear(), format!("message {number}"));
        let mut bob = server.connect();
        for past in 0..=number {
            if past + 3 > number {
                assert_eq!(bob.hear(), format!("message {past}"));
            }
        }
        bob.say("/help");
        let line = bob.line();
        assert!(line.starts_with("* "), "no more than the last three: {line:?}");
    }
}

#[test]
fn without_history_no_past_messages_are_sent() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    ann.say("before");
    assert_eq!(ann.hear(), "before");
    let mut bob = server.connect();
    bob.say("first");
    assert_eq!(bob.hear(), "first");
}

#[test]
fn history_and_live_messages_have_no_gap_and_no_duplicate() {
    let server = Server::start(&["chat", "serve", "--history", "50", "--workers", "2"]);
    let stop = AtomicBool::new(false);
    let mut ann = Client::enter(&server);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                let lines: String =
                    (number..number + 20).map(|number| format!("{number}\n")).collect();
                ann.send(lines);
                for _ in 0..20 {
                    assert_eq!(ann.hear(), number.to_string());
                    number += 1;
                }
            }
        });
        let joining = scope.spawn(|| {
            for _ in 0..30 {
                let mut bob = server.connect();
                let first: u64 = bob.hear().parse().expect("a number");
                for number in first + 1..first + 300 {
                    assert_eq!(bob.hear(), number.to_string(), "after {first}");
                }
            }
        });
        let joined = joining.join();
        stop.store(true, Ordering::Relaxed);
        joined.expect("no gap and no duplicate");
    });
}

#[test]
fn a_client_above_the_limit_receives_a_reason_and_is_closed() {
    let server = Server::start(&["chat", "serve", "--max-clients", "2"]);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    let reason = String::from_utf8(server.connect().rest()).expect("UTF-8");
    assert!(reason.starts_with("* ") && reason.ends_with('\n'), "a notice: {reason:?}");
    ann.say("still here");
    assert_eq!(bob.hear(), "still here");
    bob.say("quit");
    bob.rest();
    // The server refuses new clients until it has dropped the client that left.
    let start = Instant::now();
    loop {
        let mut carl = server.connect();
        if carl.try_answer(b"a place\n").is_some_and(|line| line.ends_with(": a place")) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "no place became free");
    }
}

#[test]
fn an_idle_client_is_closed_and_an_active_one_is_not() {
    let server = Server::start(&["chat", "serve", "--idle-timeout", "1s"]);
    let mut active = Client::enter(&server);
    let mut idle = server.connect();
    while !idle.has_ended() {
        // These lines do not reach the silent client: output as activity is not tested here.
        active.say("/help");
        active.notice("/who");
        thread::sleep(Duration::from_millis(10));
    }
    active.settle();
}

#[cfg(unix)]
#[test]
fn clients_of_all_listeners_share_one_chat() {
    let dir = TestDir::new();
    let path = dir.endpoint("s").to_string();
    let listen = ["--listen", "tcp://127.0.0.1:0", "--listen", &path];
    let server = Server::start(&[&["chat", "serve"][..], &listen].concat());
    let mut ann = Client::enter(&server);
    let mut bob = Client::unix(&server.unix());
    bob.settle();
    bob.say("from a unix socket");
    let message = ann.message();
    assert_eq!(message.text, "from a unix socket");
    assert!(!message.from.is_empty());
    ann.say("from tcp");
    assert_eq!([bob.hear(), bob.hear()], ["from a unix socket", "from tcp"]);
}

#[test]
fn the_operator_controls_the_server_from_its_console() {
    let args = ["chat", "serve", "--console", "--listen", "tcp://127.0.0.1:0"];
    let mut server = Server::from_command(sockit(&args), 1);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    ann.say("/nick ann");
    ann.notice("ann");
    ann.settle();
    bob.settle();

    server.process().feed(b"clients\n");
    let address = bob.address();
    server
        .process()
        .stdout_when("list of clients", |text| text.contains("ann") && text.contains(&address));

    server.process().feed(b"say to all of you\n");
    for client in [&mut ann, &mut bob] {
        client.until_line(|line| line.contains("to all of you"));
    }

    server.process().feed(format!("tell ann a secret\ntell {address} another\n").as_bytes());
    ann.notice("a secret");
    let before = bob.until_line(|line| line.starts_with("* ") && line.contains("another"));
    assert!(before.iter().all(|line| !line.contains("secret")), "{before:?}");

    server.process().feed(b"kick ann\n");
    let rest = String::from_utf8(ann.rest()).expect("UTF-8");
    assert!(!rest.contains("another"), "{rest:?}");
    bob.settle();

    server.process().feed(b"quit\n");
    bob.rest();
    server.expect_stop();
}

#[test]
fn a_command_that_is_not_utf8_is_refused_and_a_long_one_is_cut_between_characters() {
    let args = ["chat", "serve", "--console", "--listen", "tcp://127.0.0.1:0"];
    let mut server = Server::start(&args);
    let mut ann = Client::enter(&server);
    let long = "é".repeat(40_000);
    server.process().feed(b"say caf\xe9\n");
    server.process().feed(format!("say x{long}\nsay one\rtwo\n").as_bytes());
    let refusal = "line 1 of standard input is not UTF-8; it was not executed\n";
    server.process().stdout_when("the refusal", |text| text.ends_with(refusal));
    let said = ann.notice("operator: ");
    assert!(said.starts_with("* operator: xé") && said.ends_with('é'), "{} bytes", said.len());
    ann.notice("operator: one two");
    let printed = server.process().stdout_when("the refusal", |_| true);
    assert!(!printed.contains("unknown command"), "{printed}");
    server.stop();
}

#[test]
fn the_end_of_console_input_does_not_stop_the_server() {
    let args = ["chat", "serve", "--console", "--listen", "tcp://127.0.0.1:0"];
    let mut server = Server::from_command(sockit(&args), 1);
    server.process().feed(b"clients\nno such command\n");
    server.process().stdout_lines(3);
    server.process().close_stdin();
    Client::enter(&server);
    server.stop();
}

#[test]
fn a_server_without_a_console_does_not_read_standard_input() {
    let mut process = Process::spawn(sockit(&["chat", "serve", "--listen", "tcp://127.0.0.1:0"]));
    process.stdout_lines(1);
    process.feed(b"quit\n");
    process.close_stdin();
    let finished = process.stop("TERM");
    assert_eq!(finished.stdout_text().lines().count(), 1, "{}", finished.story());
}
