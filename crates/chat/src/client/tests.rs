use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;

/// A deadline that never passes in a test.
fn deadline() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// Connects a client to a server that runs `script`.
fn scripted<T: Send + 'static>(
    script: impl FnOnce(BufReader<TcpStream>) -> T + Send + 'static,
) -> (Client, JoinHandle<T>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = listener.local_addr().unwrap().to_string().parse().unwrap();
    let server = std::thread::spawn(move || script(BufReader::new(listener.accept().unwrap().0)));
    (Client::connect(&endpoint, deadline()).unwrap(), server)
}

fn line(peer: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    peer.read_line(&mut line).unwrap();
    line
}

fn texts(client: &mut Client) -> Vec<String> {
    std::iter::from_fn(|| client.recv(deadline()).unwrap()).map(|event| event.raw).collect()
}

#[test]
fn a_name_is_granted_and_events_before_the_answer_are_not_lost() {
    let (mut client, server) = scripted(|mut peer| {
        let commands = line(&mut peer) + &line(&mut peer);
        let output = "* welcome\n2026-11-20 18:11:02 bob: hi\n* you are ann\n1 here: no notice\n\
                    * 2 here: bob, ann\n* bob has left\n";
        peer.get_ref().write_all(output.as_bytes()).unwrap();
        commands
    });
    assert_eq!(client.name(), client.sender.stream.local_address().unwrap().to_string());
    client.nick("ann", deadline()).unwrap();
    assert_eq!(client.name(), "ann");
    let expected = [
        "* welcome",
        "2026-11-20 18:11:02 bob: hi",
        "* you are ann",
        "1 here: no notice",
        "* 2 here: bob, ann",
        "* bob has left",
    ];
    assert_eq!(texts(&mut client), expected);
    assert_eq!(server.join().unwrap(), "/nick ann\n/who\n");
}

/// Returns the texts of messages, each with its history mark, from a client that takes a name,
/// enters a room, and takes another name.
fn histories(output: [&'static str; 4]) -> Vec<(String, bool)> {
    let (mut client, server) = scripted(move |mut peer| {
        for reply in &output[..3] {
            drop(line(&mut peer) + &line(&mut peer));
            peer.get_ref().write_all(reply.as_bytes()).unwrap();
        }
        peer.get_ref().write_all(output[3].as_bytes()).unwrap();
    });
    client.nick("ann", deadline()).unwrap();
    client.join("dev", deadline()).unwrap();
    client.nick("anna", deadline()).unwrap();
    let mut found = Vec::new();
    while let Some(event) = client.recv(deadline()).unwrap() {
        if let EventKind::Message { text, .. } = event.kind {
            found.push((text, event.history));
        }
    }
    server.join().unwrap();
    found
}

#[test]
fn history_is_distinguished_from_new_messages() {
    let expected = [
        ("yesterday", true),
        ("news", false),
        ("last week", true),
        ("more news", false),
        ("and more", false),
    ];
    let expected = expected.map(|(text, history)| (text.to_owned(), history));
    let found = histories([
        "* welcome\n2026-11-20 18:11:02 bob: yesterday\n* you are ann\n* 2 here: bob, ann\n",
        "2026-11-21 18:11:02 bob: news\n* you are in dev; 1 here\n\
         2026-11-13 18:11:02 eve: last week\n* 1 here: ann\n",
        "2026-11-21 18:11:03 eve: more news\n* you are anna\n* 1 here: anna\n",
        "2026-11-21 18:11:04 eve: and more\n",
    ]);
    assert_eq!(found, expected);
    // In JSON, only the mark counts.
    let output = |text: &str, mark: &str| {
        let head = r#"{"time":"2026-11-20T18:11:02Z","room":"a","from":"#;
        format!("{head}\"bob\",\"kind\":\"message\",\"text\":\"{text}\"{mark}}}\n")
    };
    let mark = r#","history":true"#;
    let mut parser = Parser::new(Parser::LINE_LIMIT);
    for (mark, history) in [(mark, true), ("", false), (r#","history":false"#, false)] {
        let event = parser.next(&mut output("x", mark).as_bytes()).unwrap();
        assert_eq!(event.history, history, "{mark}");
    }
}

#[test]
fn a_rejection_has_its_reason_and_the_connection_stays_usable() {
    let (mut client, server) = scripted(|mut peer| {
        line(&mut peer);
        line(&mut peer);
        let output = "* be kind\n* this name is taken\n* operator: lunch\n* eve has joined\n\
                    * 1 here: bob\n";
        peer.get_ref().write_all(output.as_bytes()).unwrap();
        let commands = line(&mut peer);
        line(&mut peer);
        peer.get_ref().write_all(b"* you are in dev; 1 here\n* 1 here: bob\n").unwrap();
        commands
    });
    let error = client.nick("bob", deadline()).unwrap_err();
    assert!(matches!(error, ClientError::Rejected { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.ends_with(" rejected \"/nick bob\": this name is taken"), "{text}");
    client.join("dev", deadline()).unwrap();
    assert_eq!(server.join().unwrap(), "/join dev\n");
    let last = ["* you are in dev; 1 here", "* 1 here: bob"];
    assert_eq!(texts(&mut client)[5..], last);
}

#[test]
fn a_server_that_closes_or_stays_silent_is_an_error() {
    let (mut client, server) = scripted(|mut peer| {
        drop(line(&mut peer) + &line(&mut peer));
        peer.get_ref().write_all(b"* the chat is full\n").unwrap();
    });
    let error = client.nick("ann", deadline()).unwrap_err();
    let ClientError::NoAnswer { last_notice, .. } = &error else { panic!("{error:?}") };
    assert_eq!(last_notice, "the chat is full");
    server.join().unwrap();

    let (mut client, server) = scripted(|mut peer| line(&mut peer));
    let error = client.nick("ann", Deadline::after(Duration::ZERO)).unwrap_err();
    assert!(matches!(&error, ClientError::Socket(e) if e.is_timeout()), "{error:?}");
    drop(client);
    server.join().unwrap();
}

#[test]
fn a_timeout_loses_no_input() {
    let (resume, resumed) = std::sync::mpsc::channel();
    let (mut client, server) = scripted(move |peer| {
        peer.get_ref().write_all(b"2026-11-20 18:11:02 ann: hel").unwrap();
        resumed.recv().unwrap();
        peer.get_ref().write_all(b"lo\n").unwrap();
    });
    let error = client.recv(Deadline::after(Duration::from_millis(1))).unwrap_err();
    assert!(matches!(&error, ClientError::Socket(e) if e.is_timeout()), "{error:?}");
    resume.send(()).unwrap();
    assert_eq!(texts(&mut client), ["2026-11-20 18:11:02 ann: hello"]);
    server.join().unwrap();
}

#[test]
fn only_single_lines_are_sent_and_messages_are_never_commands() {
    let (mut client, server) = scripted(|mut peer| [line(&mut peer), line(&mut peer)].concat());
    for wrong in ["two\nlines", "\n"] {
        let error = client.send(wrong, deadline()).unwrap_err();
        assert!(matches!(error, ClientError::NotALine), "{error:?}");
    }
    for wrong in ["quit", " quit\t", "two\nlines"] {
        let error = client.say(wrong, deadline()).unwrap_err();
        assert!(matches!(error, ClientError::NotALine), "{error:?}");
    }
    assert!(matches!(client.nick("a\nquit", deadline()), Err(ClientError::NotALine)));
    client.say("/etc/passwd is missing", deadline()).unwrap();
    client.say("hello", deadline()).unwrap();
    assert_eq!(server.join().unwrap(), "//etc/passwd is missing\nhello\n");
}

#[test]
fn the_halves_work_in_two_threads_and_closing_one_ends_the_other() {
    let (client, server) = scripted(|mut peer| {
        let received = line(&mut peer);
        peer.get_ref().write_all(b"* hello\n").unwrap();
        while !line(&mut peer).is_empty() {}
        received
    });
    let (mut sender, mut receiver) = client.split();
    let (first, received) = std::sync::mpsc::channel();
    let receiving = std::thread::spawn(move || {
        first.send(receiver.recv(deadline()).unwrap().unwrap().raw).unwrap();
        receiver.recv(deadline()).unwrap()
    });
    sender.send("hi", deadline()).unwrap();
    assert_eq!(received.recv().unwrap(), "* hello");
    sender.close();
    assert_eq!(receiving.join().unwrap(), None);
    assert_eq!(server.join().unwrap(), "hi\n");
}

#[test]
fn a_server_of_another_protocol_is_recognized_by_its_first_line() {
    let others: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"[Fri Nov 20 18:11:02 2026] /nick ann\n/who\n",
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x03\x00\x02\x02\x16",
    ];
    for output in others {
        let (mut client, server) = scripted(move |mut peer| {
            peer.get_ref().write_all(output).unwrap();
            line(&mut peer);
        });
        let error = client.nick("ann", deadline()).unwrap_err();
        assert!(matches!(error, ClientError::NotAChat { .. }), "{output:?}: {error:?}");
        server.join().unwrap();
    }
}

#[test]
fn a_flood_before_an_answer_is_an_error_at_the_limit() {
    let (mut client, server) = scripted(|mut peer| {
        line(&mut peer);
        peer.get_ref().write_all(b"* welcome\n").unwrap();
        let flood = "x".repeat(Parser::LINE_LIMIT) + "\n";
        while peer.get_ref().write_all(flood.as_bytes()).is_ok() {}
    });
    let error = client.nick("ann", deadline()).unwrap_err();
    assert!(matches!(error, ClientError::TooLong { .. }), "{error:?}");
    drop(client);
    server.join().unwrap();
}

#[test]
fn keepalive_is_set_to_notice_a_server_that_disappears() {
    let (client, server) = scripted(|_| ());
    let options = SocketOptions::read_from(&*client.sender.stream).unwrap();
    let keepalive = options.keepalive().flatten().unwrap();
    assert_eq!((keepalive.idle(), keepalive.count()), (Some(KEEPALIVE.0), Some(KEEPALIVE.2)));
    if cfg!(target_os = "linux") {
        assert_eq!(options.user_timeout(), Some(DEAD_PEER_TIMEOUT));
    }
    server.join().unwrap();
}
