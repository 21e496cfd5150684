//! Plays the console examples of a page: servers, programs and people at `nc`.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::common::chat::Message;
use crate::common::client::Client;
use crate::common::process::{Process, sockit};
use crate::common::server::Server;
use crate::common::stamp::without_ctime;

/// A server, and the ports in the text that stand for its own ports.
type Running = (Rc<Server>, Vec<String>);

/// Plays all examples of a page, and returns the number of servers. Each client connects to the
/// server before it.
pub(crate) fn play<'a>(blocks: impl Iterator<Item = &'a str>) -> usize {
    let (mut servers, mut server, mut people) = (0, None, Vec::new());
    for block in blocks {
        for example in block.split("$ ").skip(1) {
            let (command, printed) = example.split_once('\n').expect("a command is a line");
            if let Some(port) = command.strip_prefix("nc 127.0.0.1 ") {
                let at = at(server.as_ref(), port);
                let lines = printed.lines().rev().collect();
                people.push(Person { at, client: None, known: 0, lines });
                continue;
            }
            talk(std::mem::take(&mut people));
            let (input, program) = command.split_once(" | ").unwrap_or(("", command));
            let Some(args) = program.strip_prefix("sockit ") else {
                panic!("an example that this test cannot play: {command}");
            };
            if args.contains(" serve") {
                servers += 1;
                server = Some(serve(args, printed));
            } else {
                run(server.as_ref(), args, input, printed);
            }
        }
    }
    talk(people);
    servers
}

/// Starts a server on free ports of the endpoints that the text has it print.
fn serve(args: &str, printed: &str) -> Running {
    let endpoints = printed.lines().filter_map(|line| line.strip_prefix("listening on "));
    let (hosts, ports): (Vec<_>, _) = endpoints
        .filter_map(|e| e.rsplit_once(':'))
        .map(|(h, p)| (format!("{h}:0"), p.into()))
        .unzip();
    let listen = hosts.iter().flat_map(|endpoint| ["--listen", endpoint]);
    let server = Server::start(&args.split(' ').chain(listen).collect::<Vec<_>>());
    let lines: String = server.endpoints().iter().map(|e| format!("listening on {e}\n")).collect();
    // Only a person at a terminal sees the prompt.
    assert_eq!(mask(&lines), mask(printed.trim_end_matches(">\n")));
    (Rc::new(server), ports)
}

/// Returns the server with this port in the text.
fn at(server: Option<&Running>, port: &str) -> Rc<Server> {
    match server {
        Some((server, ports)) if ports.iter().any(|p| p == port) => server.clone(),
        _ => panic!("no server of the text listens on port {port}"),
    }
}

/// Runs a client whose last argument is the server.
fn run(server: Option<&Running>, args: &str, input: &str, printed: &str) {
    let (args, port) = args.rsplit_once(':').expect("an endpoint at the end");
    let server = at(server, port);
    let address = if args.contains(" udp:") { server.udp() } else { server.tcp() };
    let args = format!("{args}:{}", address.port());
    let mut process = Process::spawn(sockit(&args.split(' ').collect::<Vec<_>>()));
    if !input.is_empty() {
        process.feed(format!("{}\n", input.strip_prefix("echo ").expect("an input")).as_bytes());
    }
    process.close_stdin();
    let done = process.finish();
    assert_eq!(mask(done.expect_code(0).stdout_text()), mask(printed), "{}", done.story());
}

/// A person at `nc`.
#[derive(Debug)]
struct Person<'a> {
    at: Rc<Server>,
    client: Option<Client>,
    /// The number of clients that it has seen join, itself included.
    known: usize,
    /// The lines on their terminal, in reverse.
    lines: Vec<&'a str>,
}

/// Plays the lines of all people in turn, and connects each person at the first line. A line from
/// the server begins with `*`, `[` or a date; any other line is typed. A line that another person
/// causes is awaited only after its cause.
fn talk(mut people: Vec<Person<'_>>) {
    let (mut come, mut done) = (0, BTreeSet::new());
    while people.iter().any(|person| !person.lines.is_empty()) {
        let mut progress = false;
        for Person { at, client, known, lines } in &mut people {
            if client.is_none() {
                come += 1;
                *known = come;
            }
            let client = client.get_or_insert_with(|| at.connect());
            while let Some(line) = lines.last().copied() {
                let message = line.starts_with("20").then(|| Message::parse(line)).flatten();
                let cause = match &message {
                    Some(message) => Some(message.text.clone()),
                    None => line.split_once(" is now ").map(|(_, name)| format!("/nick {name}")),
                };
                let joins = usize::from(line.ends_with(" has joined"));
                if cause.is_some_and(|cause| !done.contains(&cause)) || *known + joins > come {
                    break;
                }
                *known += joins;
                let is_typed = message.is_none() && !line.starts_with(['*', '[']);
                if is_typed {
                    client.send(format!("{line}\n"));
                    done.insert(line.to_owned());
                } else {
                    assert_eq!(mask(&client.line()), mask(line));
                }
                lines.pop();
                progress = true;
                if is_typed && !line.starts_with('/') {
                    break;
                }
            }
        }
        assert!(progress, "somebody waits for what nobody does: {people:?}");
    }
}

/// Returns the text without the parts that differ from run to run. A time stamp in front is checked
/// and left out, and each number becomes 0, a negative one +0.
fn mask(text: &str) -> String {
    let mut masked = String::new();
    for line in text.split_inclusive('\n') {
        let line = line.as_bytes();
        let line = if line.starts_with(b"[") { without_ctime(line) } else { line };
        for c in String::from_utf8_lossy(line).chars() {
            let c = if c.is_ascii_digit() { '0' } else { c };
            if c != '0' || !masked.ends_with('0') {
                masked.push(c);
            }
        }
    }
    masked.replace(" -0", " +0")
}
