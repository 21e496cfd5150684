//! `sockit chat join` on a terminal, and the operator's console there.

use netcore::testing::TestDir;

use crate::common::client::Client;
use crate::common::fake::Fake;
use crate::common::server::Server;
use crate::common::terminal::Terminal;

/// Starts `sockit` on a terminal of this size.
fn sized(columns: u16, rows: u16, args: &[&str]) -> Terminal {
    Terminal::start(columns, rows, args)
}

/// Starts `sockit chat join` on a terminal of the usual size.
fn join(endpoint: &str, args: &[&str]) -> Terminal {
    sized(80, 24, &[&["chat", "join", endpoint], args].concat())
}

/// Returns another client in the chat, with the name bob.
fn bob(server: &Server) -> Client {
    let mut bob = Client::enter(server);
    bob.send("/nick bob\n");
    bob.notice("you are bob");
    bob
}

/// Returns `true` if one of the lines is `18:11 ` and this text.
fn is_said(lines: &[String], message: &str) -> bool {
    lines.iter().any(|line| line.get(6..) == Some(message))
}

#[test]
fn incoming_messages_do_not_disturb_the_input_line() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = join(&server.tcp().to_string(), &["--nick", "ann"]);
    ann.ends_with(&["* you are ann", ">"]);
    let mut bob = bob(&server);
    ann.press("half a");
    ann.ends_with(&["> half a"]);
    for text in ["one", "zwei – drei", "漢字"] {
        bob.say(text);
    }
    let lines = ann.when("the messages above the line", |lines| {
        is_said(lines, "bob: 漢字") && lines.last().is_some_and(|line| line == "> half a")
    });
    assert!(is_said(&lines, "bob: one") && is_said(&lines, "bob: zwei – drei"), "{lines:#?}");
    ann.press(" line\r");
    bob.until("half a line");
    // An entered line appears once: as the server sent it back.
    let lines = ann.when("the own message", |lines| {
        is_said(lines, "ann: half a line") && lines.last().is_some_and(|line| line == ">")
    });
    assert_eq!(lines.iter().filter(|line| line.contains("half a")).count(), 1, "{lines:#?}");
    ann.press("\x04");
    ann.expect_code(0);
    server.stop();
}

#[test]
fn incoming_messages_do_not_disturb_an_input_line_that_wraps() {
    let server = Server::start(&["chat", "serve"]);
    let endpoint = server.tcp().to_string();
    let mut ann = sized(30, 10, &["chat", "join", &endpoint, "--nick", "ann"]);
    ann.ends_with(&["* you are ann", ">"]);
    let mut bob = bob(&server);
    // The wide character would begin in the last column, and the last line ends there.
    ann.press("12345678901234567890123456漢1漢字漢字漢字漢字漢字漢字漢字1");
    let typed = ["> 12345678901234567890123456漢", "1漢字漢字漢字漢字漢字漢字漢字1"];
    ann.ends_with(&typed);
    bob.say("a message that is longer than a line is 漢字漢字");
    let shown = ["bob: a message that is l", "onger than a line is 漢字漢字"];
    let mut lines = ann.when("the message above the line", |lines| {
        let [.., first, second, third, fourth] = lines else { return false };
        first.ends_with(shown[0]) && [second, third, fourth] == [shown[1], typed[0], typed[1]]
    });
    lines.retain(|line| line.contains("1234567890"));
    assert_eq!(lines.len(), 1, "remains of the line were left: {lines:#?}");
    // Within the line, too.
    ann.press("\x01X");
    ann.ends_with(&["> X12345678901234567890123456", "漢1漢字漢字漢字漢字漢字漢字漢", "字1"]);
    bob.say("next");
    let next = ["> X12345678901234567890123456", "漢1漢字漢字漢字漢字漢字漢字漢", "字1"];
    ann.when("the next message above the line", |lines| {
        is_said(lines, "bob: next") && lines.ends_with(&next.map(str::to_owned))
    });
    ann.press("\r");
    bob.until("X12345678901234567890123456漢1漢字漢字漢字漢字漢字漢字漢字1");
    let lines = ann.when("the own message alone", |lines| {
        lines.last().is_some_and(|line| line == ">") && !lines.contains(&next[0].to_owned())
    });
    assert!(!lines.iter().any(|line| line.starts_with("> ")), "{lines:#?}");
}

#[test]
fn tab_completes_commands_and_names_and_up_brings_lines_back() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint(), &[]);
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    peer.say("* 3 here: Robert since 18:11, roberta since 18:12, zoe since 2026-11-20 18:11\n");
    peer.say("2026-11-20 18:11:02 zoe: ready\n");
    let lines = ann.shows("zoe: ready");
    assert!(!lines.iter().any(|line| line.contains("here:")), "nobody has asked: {lines:#?}");
    // Before the prompt, the terminal echoes keys.
    ann.ends_with(&[">"]);
    ann.press("zo\thello\r");
    peer.expect(&["zoe: hello"]);
    ann.press("/m\tz\thi\r");
    peer.expect(&["/msg zoe hi"]);
    // With two matches, their common prefix is completed.
    ann.press("rob\t");
    ann.ends_with(&["Robert:    roberta:", "> rob"]);
    ann.press("\x15\x1b[A\r");
    peer.expect(&["/msg zoe hi"]);
}

#[test]
fn a_lost_connection_is_restored_and_typed_text_is_kept() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint(), &["--nick", "ann"]);
    let mut peer = fake.accept_named("ann");
    let history = "2026-11-20 18:11:02 bob: before\n";
    peer.say(history);
    ann.shows("bob: before");
    ann.press("unanswered\r");
    peer.expect(&["unanswered"]);
    ann.press("half ty");
    ann.ends_with(&["> half ty"]);
    drop(peer);
    ann.shows("! may not have arrived: unanswered");
    ann.shows("closed the connection; trying again in");
    // The server accepts connections and lets no client join.
    let peer = fake.accept();
    ann.press("ped\rsecond\r");
    ann.shows("! queued until the connection is back: half typed");
    ann.shows("! queued until the connection is back: second");
    ann.press("half ag");
    ann.ends_with(&["> half ag"]);
    drop(peer);
    let mut peer = fake.accept();
    peer.expect(&["/nick ann", "/who"]);
    peer.say(format!("{history}2026-11-20 18:12:02 bob: between\n* you are ann\n* 1 here: bob\n"));
    peer.expect(&["half typed", "second"]);
    peer.say("2026-11-20 18:13:02 ann: half typed\n");
    peer.say("2026-11-20 18:13:02 ann: second\n");
    let lines = ann.when("all of it", |lines| {
        is_said(lines, "ann: second") && lines.last().is_some_and(|line| line == "> half ag")
    });
    assert!(is_said(&lines, "bob: between"), "{lines:#?}");
    let before = lines.iter().filter(|line| line.contains("bob: before"));
    assert_eq!(before.count(), 1, "the history is shown once: {lines:#?}");
    ann.press("ain\r");
    peer.expect(&["half again"]);
    peer.say("2026-11-20 18:14:02 ann: half again\n");
    ann.press("/quit\r");
    peer.expect(&["/quit"]);
    drop(peer);
    ann.expect_code(0);
}

#[test]
fn repeated_connection_failures_and_the_reconnect_are_reported() {
    let fake = Fake::start();
    let mut ann = sized(200, 24, &["chat", "join", &fake.endpoint(), "--nick", "ann"]);
    drop(fake.accept_named("ann"));
    ann.shows("closed the connection; trying again in");
    for words in ["trying again in", "tried 2 times, trying again in"] {
        let mut peer = fake.accept();
        peer.expect(&["/nick ann", "/who"]);
        drop(peer);
        ann.shows(&format!("closed the connection without an answer; {words}"));
    }
    let _peer = fake.accept_named("ann");
    ann.shows("! reconnected");
    ann.press("x");
    ann.ends_with(&["> x"]);
}

#[test]
fn a_server_that_seems_to_be_no_chat_server_causes_a_warning() {
    let fake = Fake::start();
    let ann = join(&fake.endpoint(), &[]);
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    peer.say("HTTP/1.1 400 Bad Request\r\nServer: test\r\n\r\n");
    let lines = ann.shows("Server: test");
    let doubts = lines.iter().filter(|line| line.contains("this may not be a chat server"));
    assert_eq!(doubts.count(), 1, "{lines:#?}");
}

#[test]
fn a_name_still_held_by_the_lost_connection_is_requested_again() {
    let fake = Fake::start();
    let ann = join(&fake.endpoint(), &["--nick", "ann", "--room", "dev"]);
    let mut peer = fake.accept_named("ann");
    peer.expect(&["/join dev", "/who"]);
    peer.say("2026-11-20 18:11:02 bob: in the lobby\n* you are in dev; 1 here\n");
    peer.say("2026-11-20 18:11:02 bob: in dev\n* 1 here: ann\n");
    let lines = ann.shows("bob: in dev");
    assert!(!is_said(&lines, "bob: in the lobby"), "{lines:#?}");
    drop(peer);
    let mut peer = fake.accept();
    peer.expect(&["/nick ann", "/who"]);
    peer.say("* this name is taken\n* 2 here: ann, 127.0.0.1:1\n");
    peer.expect(&["/join dev", "/who"]);
    peer.say("* you are in dev; 2 here\n* 2 here: ann, 127.0.0.1:1\n");
    ann.shows("! your lost connection may still hold your name");
    peer.expect(&["/nick ann"]);
    peer.say("* you are ann\n");
    ann.ends_with(&["* you are ann", ">"]);
}

#[test]
fn a_client_removed_by_the_operator_does_not_reconnect() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint(), &["--nick", "ann"]);
    let mut peer = fake.accept_named("ann");
    peer.say("* you have been removed by the operator\n");
    drop(peer);
    let lines = ann.expect_code(1);
    assert_eq!(lines.last().map(String::as_str), Some("sockit: removed by the operator"));
}

#[test]
fn with_no_reconnect_the_program_ends_with_the_connection() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint(), &["--nick", "ann", "--no-reconnect"]);
    let peer = fake.accept_named("ann");
    ann.press("half");
    ann.ends_with(&["> half"]);
    drop(peer);
    let lines = ann.expect_code(56);
    let last = format!("sockit: tcp://{} closed the connection", fake.endpoint());
    assert_eq!(lines.last(), Some(&last), "{lines:#?}");
}

#[test]
fn ctrl_c_clears_the_line_and_a_second_one_leaves() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint(), &[]);
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    for _ in 0..2 {
        ann.press("never mind");
        ann.ends_with(&["> never mind"]);
        ann.press("\x03");
        ann.ends_with(&[">"]);
    }
    ann.press("\x03");
    ann.ends_with(&["! Ctrl-C again leaves", ">"]);
    ann.press("\x03");
    peer.expect(&["/quit"]);
    drop(peer);
    ann.expect_code(0);
}

#[test]
fn a_signal_ends_the_program_and_restores_the_terminal() {
    for signal in ["TERM", "INT"] {
        let fake = Fake::start();
        let mut ann = join(&fake.endpoint(), &[]);
        let mut peer = fake.accept();
        peer.expect(&["/who"]);
        ann.press("half");
        ann.ends_with(&["> half"]);
        ann.signal(signal);
        peer.expect(&["/quit"]);
        drop(peer);
        let lines = ann.expect_code(1);
        assert_eq!(lines, ["sockit: ended by a signal"]);
    }
}

#[test]
fn a_failed_first_connection_ends_the_program_and_leaves_the_terminal_alone() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let endpoint = free.expect("a free port").to_string();
    let mut ann = join(&endpoint, &[]);
    let lines = ann.expect_code(7);
    let line = lines.concat();
    assert!(line.starts_with(&format!("sockit: connect to {endpoint}: connection refused")));
    assert!(!ann.bytes().contains(&0x1b));
}

#[test]
fn a_hostile_server_cannot_control_the_terminal() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint(), &[]);
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    ann.press("mine");
    ann.ends_with(&["> mine"]);
    // The terminal of the tests fails on any of these sequences.
    peer.say("2026-11-20 18:11:02 e\x1b]0;x\x07vil: \x1b[2J\x1b[?1049h\u{9b}31m\r\x08\x0b red\n");
    peer.say(b"* \x1b[H\xff\xfe\n\x1bc\n{\"\x1b[2J\n202611/20 18:11:02 \x1b[2Jann\n\x1b[2J\n\n");
    peer.say("x".repeat(70_000) + "\n");
    peer.say("2026-11-20 18:11:02 evil: last\n");
    let lines = ann.when("the last of it", |lines| {
        is_said(lines, "evil: last") && lines.last().is_some_and(|line| line == "> mine")
    });
    assert!(lines.contains(&"! skipped a line longer than 65536 bytes".to_owned()));
}

#[test]
fn the_history_file_keeps_entered_lines() {
    let directory = TestDir::new();
    let file = directory.path("lines");
    let file = file.to_str().expect("a path");
    for (run, keys) in ["first\r", "\x1b[A\r"].into_iter().enumerate() {
        let fake = Fake::start();
        let mut ann = join(&fake.endpoint(), &["--history-file", file]);
        let mut peer = fake.accept();
        peer.expect(&["/who"]);
        ann.ends_with(&[">"]);
        ann.press(keys);
        peer.expect(&["first"]);
        ann.press("\x04");
        peer.expect(&["/quit"]);
        drop(peer);
        ann.expect_code(0);
        let kept = std::fs::read_to_string(file).expect("the file");
        assert!(kept.ends_with("first\n"), "run {run}: {kept:?}");
    }
}

#[test]
fn log_lines_and_replies_do_not_disturb_the_console_input() {
    let mut operator = sized(80, 24, &["chat", "serve", "--listen", "127.0.0.1:0", "-vv"]);
    let lines = operator.shows("listening on tcp://");
    let endpoint = lines.iter().find_map(|line| line.strip_prefix("listening on tcp://"));
    let address = endpoint.and_then(|address| address.parse().ok()).expect("an address");
    operator.ends_with(&[">"]);
    operator.press("say welc");
    operator.ends_with(&["> say welc"]);
    let mut ann = Client::tcp(address);
    ann.settle();
    operator.when("the log above the line", |lines| {
        lines.iter().any(|line| line.contains(" chat::shard"))
            && lines.last().is_some_and(|line| line == "> say welc")
    });
    operator.press("ome\r");
    ann.notice("operator: welcome");
    operator.press("cl\t\r");
    operator.ends_with(&["> clients", &format!("{} lobby", ann.address()), ">"]);
    operator.press("help\r");
    operator.shows("kick NAME");
    operator.press("x");
    operator.ends_with(&["> x"]);
    operator.press("\x03");
    operator.ends_with(&[">"]);
    operator.press("\x03");
    operator.expect_code(0);
}

#[test]
fn each_pasted_line_is_a_command_of_its_own() {
    let mut operator = sized(80, 24, &["chat", "serve", "--listen", "127.0.0.1:0"]);
    let lines = operator.shows("listening on tcp://");
    let endpoint = lines.iter().find_map(|line| line.strip_prefix("listening on tcp://"));
    let address = endpoint.and_then(|address| address.parse().ok()).expect("an address");
    operator.ends_with(&[">"]);
    let mut ann = Client::tcp(address);
    ann.settle();
    operator.press("\x1b[200~say one\r\nsay two\r\n\r\nrooms\x1b[201~\r");
    ann.notice("operator: one");
    ann.notice("operator: two");
    operator.ends_with(&["> say one", "> say two", "> rooms", "lobby 1", ">"]);
    operator.press("\x03");
    operator.expect_code(0);
}

/// Ctrl-D ends the console. The server still prints its log after that.
#[test]
fn a_server_keeps_running_after_its_console_ends() {
    let mut operator = sized(80, 24, &["chat", "serve", "--listen", "127.0.0.1:0", "-vv"]);
    let lines = operator.shows("listening on tcp://");
    let endpoint = lines.iter().find_map(|line| line.strip_prefix("listening on tcp://"));
    let address = endpoint.and_then(|address| address.parse().ok()).expect("an address");
    operator.ends_with(&[">"]);
    operator.press("\x04");
    operator.when("no line to type in", |lines| lines.last().is_some_and(|line| line != ">"));
    Client::tcp(address).settle();
    operator.shows(" chat::shard: ");
    operator.signal("TERM");
    operator.expect_code(0);
}
