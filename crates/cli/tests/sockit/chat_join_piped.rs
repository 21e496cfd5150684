//! `sockit chat join` in scripts.

use std::process::Command;

use netcore::testing::TestDir;

use crate::common::chat::json_field;
use crate::common::client::Client;
use crate::common::fake::Fake;
use crate::common::process::{Finished, Process, program, run, run_with_input, sockit};
use crate::common::server::Server;

fn join(endpoint: &str, args: &[&str], input: &str) -> Finished {
    run_with_input(&[&["chat", "join", endpoint], args].concat(), input.as_bytes())
}

#[test]
fn a_piped_line_is_sent_under_the_requested_name() {
    for format in ["line", "classic", "json"] {
        let server = Server::start(&["chat", "serve", "--format", format]);
        let mut bob = server.connect();
        bob.send("/who\n");
        bob.until_line(|line| line.contains("1 here"));
        let endpoint = server.tcp().to_string();
        let done = join(&endpoint, &["--nick", "ci", "--linger", "0"], "deploy done\n");
        done.expect_code(0).expect_quiet();
        // The output has the messages of the server and the line itself, without a wait.
        let output = done.stdout_text();
        assert!(output.contains("you are ci"), "{}", done.story());
        let said = match format {
            "line" => " ci: deploy done\n",
            "classic" => " ci\ndeploy done\n\n",
            _ => "\"from\":\"ci\",\"kind\":\"message\",\"text\":\"deploy done\"}\n",
        };
        assert!(output.ends_with(said), "{}", done.story());
        assert!(!output.contains(" here: "), "nobody has asked: {}", done.story());
        bob.until_line(|line| line.contains("deploy done"));
        server.stop();
    }
}

#[test]
fn nothing_is_sent_if_the_name_is_refused() {
    let server = Server::start(&["chat", "serve"]);
    let mut bob = Client::enter(&server);
    bob.send("/nick ci\n");
    bob.notice("you are ci");
    let endpoint = server.tcp().to_string();
    for (name, why) in [("CI", "the name CI: this name is taken"), ("a b", "the name a b: ")] {
        let done = join(&endpoint, &["--nick", name], "deploy done\n");
        done.expect_code(1).expect_error_line(&[why]);
    }
    bob.say("last");
    let before = bob.until("last");
    assert!(!before.iter().any(|line| line.contains("deploy")), "{before:?}");
}

#[test]
fn lines_go_to_the_requested_room_and_private_messages_to_one_client() {
    let server = Server::start(&["chat", "serve"]);
    let mut ann = Client::enter(&server);
    let mut bob = Client::enter(&server);
    bob.send("/nick bob\n/join dev\n");
    bob.notice("you are in dev");
    let endpoint = server.tcp().to_string();
    let lines = "deploy done\n/msg bob it took long\n";
    let done = join(&endpoint, &["--nick", "ci", "--room", "dev", "--linger", "0"], lines);
    done.expect_code(0).expect_quiet();
    bob.until("deploy done");
    bob.until_line(|line| line.ends_with(" ci -> bob: it took long"));
    ann.say("last");
    let before = ann.until("last");
    assert!(!before.iter().any(|line| line.contains("deploy done")), "{before:#?}");
    server.stop();
}

#[test]
fn nothing_is_sent_if_the_room_is_refused() {
    let fake = Fake::start();
    let endpoint = fake.endpoint();
    let running = std::thread::spawn(move || join(&endpoint, &["--room", "dev"], "hello\n"));
    let mut peer = fake.accept();
    peer.expect(&["/join dev", "/who"]);
    peer.say("* a greeting\n* there are too many rooms\n* 1 here: 127.0.0.1:1\n");
    assert_eq!(peer.line(), None);
    let done = running.join().expect("it runs");
    done.expect_code(1).expect_error_line(&["the room dev: there are too many rooms"]);
}

#[test]
fn lines_are_text_unless_they_are_chat_commands() {
    let lines = "/etc/passwd is missing\n/who\n//who\n\u{7}bell\n/nick x\nquit\n";
    for (args, sent) in [
        (&[][..], "//etc/passwd is missing|/who|//who|\u{7}bell|/nick x|quit"),
        (&["--text"], "//etc/passwd is missing|//who|///who|\u{7}bell|//nick x"),
    ] {
        let fake = Fake::start();
        let endpoint = fake.endpoint();
        let running = std::thread::spawn(move || {
            join(&endpoint, &[args, &["--linger", "0"]].concat(), lines)
        });
        let mut peer = fake.accept();
        let all: Vec<String> = std::iter::from_fn(|| peer.line()).collect();
        drop(peer);
        // In the protocol `//who` sends the text `/who`. With `--text` each line is sent unchanged.
        assert_eq!(all.join("|"), sent, "{args:?}");
        let done = running.join().expect("it runs");
        if args.is_empty() {
            done.expect_code(0);
        } else {
            done.expect_code(1).expect_error_line(&["cannot send \"quit\""]);
        }
    }
}

#[test]
fn a_long_line_is_cut_between_characters_and_a_cr_within_a_line_is_a_space() {
    let long = "é".repeat(40_000);
    for args in [&[][..], &["--text"]] {
        let fake = Fake::start();
        let (endpoint, input) = (fake.endpoint(), format!("x{long}\none\rtwo\r\n"));
        let args = [args, &["--linger", "0"]].concat();
        let running = std::thread::spawn(move || join(&endpoint, &args, &input));
        let mut peer = fake.accept();
        let [first, second, third, end] = std::array::from_fn(|_| peer.line());
        drop(peer);
        assert_eq!(first.unwrap() + &second.unwrap(), format!("x{long}"));
        assert_eq!((third.as_deref(), end), (Some("one two"), None));
        running.join().expect("it runs").expect_code(0).expect_quiet();
    }
}

#[test]
fn a_line_that_is_not_utf8_is_refused_and_the_others_are_sent() {
    let server = Server::start(&["chat", "serve", "--no-presence"]);
    let endpoint = server.tcp().to_string();
    for args in [&[][..], &["--text"]] {
        let command = [&["chat", "join", &endpoint, "--linger", "0"], args].concat();
        let done = run_with_input(&command, b"one\ncaf\xe9 au lait\ntwo\n");
        done.expect_code(1);
        let errors = done.stderr();
        assert!(errors.contains("line 2 of standard input is not UTF-8"), "{}", done.story());
        assert!(errors.ends_with("sockit: 1 line was not sent\n"), "{}", done.story());
        let said = done.stdout_text();
        assert!(said.contains(": one\n") && said.ends_with(": two\n"), "{}", done.story());
        assert!(!said.contains("caf"), "{}", done.story());
    }
    server.stop();
}

#[test]
fn a_server_that_is_no_chat_server_is_reported() {
    let time = Server::start(&["time", "serve", "--listen", "tcp://127.0.0.1:0"]);
    let endpoint = time.tcp().to_string();
    let done = join(&endpoint, &["--nick", "ci"], "hello\n");
    done.expect_code(56).expect_error_line(&[&endpoint, "is not a chat server: it answered \"["]);
    // Without a question to it, its answers are shown.
    let done = join(&endpoint, &["--linger", "0"], "hello\n");
    assert!(done.expect_code(0).stdout_text().ends_with("] hello\n"), "{}", done.story());
    assert!(done.stderr().contains("this may not be a chat server"), "{}", done.story());
    time.stop();
}

#[test]
fn messages_within_the_linger_time_are_printed_and_the_program_ends_with_the_server() {
    let fake = Fake::start();
    let args = ["chat", "join", &fake.endpoint(), "--linger", "1h"];
    let mut process = Process::spawn(sockit(&args));
    process.feed(b"ping\n");
    process.close_stdin();
    let mut peer = fake.accept();
    peer.expect(&["ping"]);
    peer.say("* one\n");
    process.stdout_when("the first answer", |text| text == "* one\n");
    peer.say("2026-11-20 18:11:02 bob: \x1b[31mtwo\n* cut sh");
    drop(peer);
    let done = process.finish();
    done.expect_code(0).expect_quiet();
    assert_eq!(done.stdout_text(), "* one\n2026-11-20 18:11:02 bob: [31mtwo\n* cut sh\n");
}

#[test]
fn a_server_that_ends_before_all_is_sent_is_an_error() {
    let fake = Fake::start();
    let endpoint = fake.endpoint();
    let mut process = Process::spawn(sockit(&["chat", "join", &endpoint]));
    process.feed(b"one\n");
    let mut peer = fake.accept();
    peer.expect(&["one"]);
    drop(peer);
    // Standard input is still open.
    let done = process.finish();
    done.expect_code(56).expect_error_line(&[&endpoint, "before all lines were sent"]);
}

#[test]
fn quit_is_no_error_if_it_is_the_last_line() {
    let server = Server::start(&["chat", "serve"]);
    let endpoint = server.tcp().to_string();
    join(&endpoint, &["--linger", "1h"], "one\n/quit\n").expect_code(0);
    let done = join(&endpoint, &["--linger", "1h"], "quit\nnot said\n");
    done.expect_code(1).expect_error_line(&["lines after quit were not sent"]);
}

#[test]
fn with_json_each_event_is_an_object_whatever_the_format() {
    for format in ["line", "classic", "json"] {
        let server = Server::start(&["chat", "serve", "--format", format]);
        let endpoint = server.tcp().to_string();
        let done = join(&endpoint, &["--nick", "ci", "--json", "--linger", "0"], "a \"b\"\n");
        let lines: Vec<&str> = done.expect_code(0).stdout_text().lines().collect();
        let [notice, message] = lines[..] else { panic!("{}", done.story()) };
        assert_eq!(json_field(notice, "text"), Some("you are ci"));
        let fields = ["from", "kind", "text"].map(|name| json_field(message, name));
        assert_eq!(fields, [Some("ci"), Some("message"), Some("a \\\"b\\\"")]);
    }
}

#[test]
fn connecting_fails_with_the_code_for_it() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr());
    let endpoint = free.expect("a free port").to_string();
    join(&endpoint, &[], "x\n").expect_code(7).expect_error_line(&[&endpoint, "refused"]);
    join("nowhere", &[], "x\n").expect_code(3);
    join("udp://127.0.0.1:1", &[], "x\n").expect_code(2);
    join("host.invalid:1", &["--timeout", "20s"], "x\n").expect_code(6);
    // This server accepts the connection and sends nothing.
    let fake = Fake::start();
    let done = join(&fake.endpoint(), &["--nick", "ci", "--timeout", "50ms"], "x\n");
    done.expect_code(28);
    // This server sends a reason and closes.
    let fake = Fake::start();
    let endpoint = fake.endpoint();
    let running = std::thread::spawn(move || join(&endpoint, &["--nick", "ci"], "x\n"));
    let mut peer = fake.accept();
    peer.expect(&["/nick ci", "/who"]);
    peer.say("* the chat is full; try again later\n");
    drop(peer);
    let done = running.join().expect("it runs");
    done.expect_code(52).expect_error_line(&["the chat is full; try again later"]);
}

#[cfg(unix)]
#[test]
fn a_unix_socket_is_joined_like_tcp() {
    let directory = TestDir::new();
    let endpoint = directory.endpoint("chat").to_string();
    let server = Server::start(&["chat", "serve", "--listen", &endpoint]);
    let done = join(&endpoint, &["--nick", "ci", "--linger", "0"], "hello\n");
    assert!(done.expect_code(0).stdout_text().ends_with(" ci: hello\n"), "{}", done.story());
    server.stop();
}

#[cfg(unix)]
#[test]
fn a_closed_output_ends_it_quietly() {
    let fake = Fake::start();
    let script = "(\"$0\" chat join \"$1\" --linger 1h < /dev/null; echo \"code $?\" >&2) | true";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, program(), &fake.endpoint()]);
    let shell = Process::spawn(shell);
    fake.accept().flood("* nobody reads this\n");
    assert_eq!(shell.finish().expect_code(0).stderr(), "code 0\n");
}

#[test]
fn the_help_describes_piped_input() {
    let help = run(&["chat", "join", "--help"]);
    let text = help.expect_code(0).stdout_text();
    for command in ["/nick", "/join", "/rooms", "/who", "/msg", "/help", "/quit", "--text"] {
        assert!(text.contains(command), "{command}: {text}");
    }
}
