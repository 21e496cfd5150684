//! Keys, pastes and job control on a terminal: `sockit chat join` and the operator's console.

use std::net::{SocketAddr, UdpSocket};

use crate::common::client::Client;
use crate::common::fake::Fake;
use crate::common::patience::PATIENCE;
use crate::common::terminal::Terminal;

fn join(endpoint: &str) -> Terminal {
    Terminal::start(80, 24, &["chat", "join", endpoint])
}

fn address(lines: &[String]) -> SocketAddr {
    let line = lines.iter().find_map(|line| line.split_once("listening on tcp://"));
    line.and_then(|(_, address)| address.parse().ok()).expect("an address")
}

fn ends_with_prompt(terminal: &Terminal) {
    terminal
        .when("the shell's prompt", |lines| lines.last().is_some_and(|line| line.ends_with('$')));
}

#[test]
fn keys_typed_after_ctrl_c_or_an_invalid_byte_are_not_lost() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint());
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    ann.ends_with(&[">"]);
    ann.press("\x03hello\r");
    peer.expect(&["hello"]);
    ann.press("one\r\x03two\r");
    peer.expect(&["one", "two"]);
    ann.press("abc\x03def\r");
    peer.expect(&["def"]);
    // Ctrl-C is pressed in a search of the history, and as the character after Ctrl-V.
    ann.press("\x12on\x03after\r\x16\x03\x03last\r");
    peer.expect(&["after", "last"]);
    ann.press(b"caf\xe9 au lait\rnext\r");
    peer.expect(&["next"]);
    ann.shows("! not sent, because it is not UTF-8");
    ann.press("\x1b[A\x1b[A");
    ann.ends_with(&["> caf\u{fffd} au lait"]);
    ann.press("\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x7fé\r");
    peer.expect(&["café au lait"]);
}

#[test]
fn a_typed_password_is_not_shown() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint());
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    ann.ends_with(&[">"]);
    ann.press("/pass open sesame");
    ann.ends_with(&["> /pass ***********"]);
    // It is edited: a character within it and the last one are replaced.
    ann.press("\x1b[D\x7fM\x1b[C\x7fE\r");
    peer.expect(&["/pass open sesaME"]);
    // Up does not recall it.
    ann.press("\x1b[Ahello\r");
    peer.expect(&["hello"]);
    let bytes = ann.bytes();
    let shown = String::from_utf8_lossy(&bytes);
    for part in ["open", "sesa", "ME"] {
        assert!(!shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_paste_of_many_lines_waits_for_enter() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint());
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    ann.ends_with(&[">"]);
    ann.press("one\rtwo\rthree\r");
    ann.ends_with(&[
        "! 3 lines pasted: Enter accepts them, Ctrl-C drops them",
        "> one",
        "two",
        "three",
    ]);
    ann.press("\r");
    peer.expect(&["one", "two", "three"]);
    ann.ends_with(&[">"]);
    ann.press("four\nfive\nsix");
    ann.ends_with(&["> four", "five", "six"]);
    ann.press("\x03last\r");
    peer.expect(&["last"]);
}

#[test]
fn joined_emoji_in_the_input_line_erase_nothing_above_it() {
    let fake = Fake::start();
    let mut ann = join(&fake.endpoint());
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    for text in ["one", "two", "three"] {
        peer.say(format!("2026-11-20 18:11:02 bob: {text}\n"));
    }
    ann.shows("bob: three");
    let line = "a proper release: ".to_owned() + &"👩🏽‍💻".repeat(30);
    ann.press(&line);
    let typed = format!("> a proper release: {}", "👩".repeat(30));
    ann.ends_with(&[&typed]);
    peer.say("2026-11-20 18:11:02 bob: four\n");
    ann.shows("bob: four");
    ann.press("\r");
    peer.expect(&[&line]);
    ann.ends_with(&[">"]);
    let lines = ann.shows("bob: four");
    let said = |text: &&str| lines.iter().any(|line| line.ends_with(&format!("bob: {text}")));
    assert!(["one", "two", "three", "four"].iter().all(said), "{lines:#?}");
    assert!(!lines.contains(&typed), "{lines:#?}");
}

#[test]
fn a_line_entered_after_a_stop_is_erased_like_any_other() {
    let fake = Fake::start();
    let mut shell = Terminal::shell();
    shell.press(format!("\"$SOCKIT\" chat join {}\r", fake.endpoint()));
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    shell.ends_with(&[">"]);
    shell.press("half");
    shell.ends_with(&["> half"]);
    shell.press("\x1b[D\x1b[D\x1a");
    ends_with_prompt(&shell);
    shell.press("fg\r");
    shell.ends_with(&["> half"]);
    peer.say("2026-11-20 18:11:02 bob: meanwhile\n");
    shell.shows("bob: meanwhile");
    // The cursor is where it was.
    shell.press("X\r");
    peer.expect(&["haXlf"]);
    let lines = shell.ends_with(&[">"]);
    assert!(!lines.iter().any(|line| line.starts_with("> h")), "{lines:#?}");
    shell.press("/quit\r");
    peer.expect(&["/quit"]);
    drop(peer);
    ends_with_prompt(&shell);
}

/// dash does not restore the modes of the terminal, so keys would reach it without CR as a newline.
#[test]
fn a_stop_by_another_process_restores_the_terminal_and_keeps_the_line() {
    let fake = Fake::start();
    let mut shell = Terminal::shell();
    shell.press(format!("\"$SOCKIT\" chat join {}\r", fake.endpoint()));
    let mut peer = fake.accept();
    peer.expect(&["/who"]);
    shell.press("half");
    shell.ends_with(&["> half"]);
    shell.stop_foreground();
    shell.shows("Stopped");
    shell.press("echo ke\"y\"\r");
    shell.shows("key");
    shell.press("fg\r");
    shell.ends_with(&["> half"]);
    shell.press("X\r");
    peer.expect(&["halfX"]);
    shell.press("/quit\r");
    peer.expect(&["/quit"]);
    drop(peer);
    ends_with_prompt(&shell);
}

/// The console has the line editor, and with `--json` it has none.
#[test]
fn a_server_in_the_background_is_not_stopped_and_has_its_console_in_the_foreground() {
    for (options, answer) in [("", "lobby 1"), (" --json", r#"{"room":"lobby","clients":1}"#)] {
        let mut shell = Terminal::shell();
        // With tostop, output in the background stops other programs too.
        shell.press("stty tostop\r");
        shell.press(format!("\"$SOCKIT\" chat serve -v --listen 127.0.0.1:0{options}\r"));
        let lines = shell.shows("memory: ");
        let Some(address) = lines.iter().find_map(|line| {
            let (_, address) = line.split_once("tcp://")?;
            address.trim_end_matches(['"', '}']).parse().ok()
        }) else {
            panic!("no address: {lines:#?}");
        };
        let mut ann = Client::tcp(address);
        ann.settle();
        shell.press("\x1a");
        shell.shows("Stopped");
        shell.press("bg\r");
        ann.settle();
        for number in 0..3 {
            shell.press(format!("echo key $(({number} + 10))\r"));
            shell.shows(&format!("key 1{number}"));
            ann.settle();
        }
        shell.press("fg\rrooms\r");
        shell.shows(answer);
        shell.press("quit\r");
        ends_with_prompt(&shell);
    }
}

#[test]
fn a_server_that_is_started_in_the_background_gets_its_console_in_the_foreground() {
    let mut shell = Terminal::shell();
    shell.press("\"$SOCKIT\" chat serve --listen 127.0.0.1:0 &\r");
    let address = address(&shell.shows("listening on tcp://"));
    let mut ann = Client::tcp(address);
    shell.press("echo ke\"y\"\r");
    shell.shows("key");
    ann.settle();
    shell.press("fg\r");
    shell.ends_with(&[">"]);
    shell.press("say hello\r");
    ann.notice("operator: hello");
    shell.press("quit\r");
    ends_with_prompt(&shell);
}

/// Runs `sockit listen` with these arguments in the background of a shell, and brings it back.
fn listen_in_the_background(args: &str, mut peer: impl FnMut(&str, &str) -> String) {
    let mut shell = Terminal::shell();
    // With tostop, output in the background stops other programs too.
    shell.press("stty tostop\r");
    shell.press(format!("\"$SOCKIT\" listen {args}\r"));
    let lines = shell.shows("listening on ");
    let address = lines.iter().find_map(|line| line.split_once("listening on ").map(|it| it.1));
    let address = address.and_then(|address| address.split_once("://")).expect("an endpoint").1;
    peer(address, "first\n");
    shell.shows("first");
    shell.press("\x1a");
    shell.shows("Stopped");
    shell.press("bg\r");
    for number in 0..3 {
        shell.press(format!("echo key $(({number} + 10))\r"));
        shell.shows(&format!("key 1{number}"));
        peer(address, &format!("text {number}\n"));
        shell.shows(&format!("text {number}"));
    }
    shell.press("fg\r");
    shell.press("from the foreground\r");
    assert_eq!(peer(address, ""), "from the foreground\n");
    shell.press("\x03");
    ends_with_prompt(&shell);
}

#[test]
fn listen_in_the_background_is_not_stopped_and_reads_the_keyboard_in_the_foreground() {
    let mut connection = None;
    listen_in_the_background("127.0.0.1:0", |address, text| {
        let connection =
            connection.get_or_insert_with(|| Client::tcp(address.parse().expect("an address")));
        match text {
            "" => format!("{}\n", connection.line()),
            text => {
                connection.send(text);
                String::new()
            }
        }
    });
}

#[test]
fn listen_over_udp_in_the_background_is_not_stopped_and_reads_the_keyboard_in_the_foreground() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    listen_in_the_background("udp://127.0.0.1:0", |address, text| {
        if !text.is_empty() {
            socket.send_to(text.as_bytes(), address).expect("send");
            return String::new();
        }
        let mut received = [0; 64];
        let length = socket.recv(&mut received).expect("a datagram");
        String::from_utf8_lossy(&received[..length]).into_owned()
    });
}
