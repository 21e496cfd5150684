//! Standard streams that are closed, non-blocking or read slowly.

use std::fs::File;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::common::fake::Fake;
use crate::common::http::{Http, ok};
use crate::common::patience::PATIENCE;
use crate::common::process::{Process, program, sockit};
use crate::common::server::Server;
use netcore::testing::TestDir;
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Returns a shell that starts the program with this redirection.
fn redirected(redirection: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.env_remove("RUST_LOG").args(["-c", &format!("exec \"$@\" {redirection}"), "sh"]);
    command.arg(program()).args(args);
    command
}

/// Starts a server that greets each connection and echoes its bytes.
fn greeting_echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.write_all(b"hello\n");
                let _ = io::copy(&mut &stream, &mut &stream);
            });
        }
    });
    address
}

#[test]
fn a_standard_output_that_is_closed_is_error_23_in_every_command() {
    let time = Server::start(&["time", "serve"]);
    let chat = Server::start(&["chat", "serve", "--greeting", "hello"]);
    let (time, chat) = (&*time.endpoints()[0], &*chat.endpoints()[0]);
    let echo = greeting_echo();
    let http = Http::saying(ok(b"hello"));
    let url = &http.url("/");
    let commands: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &["port", "http"],
        &["probe", time],
        &["send", &echo, "text", "--wait", "60s"],
        &["connect", &echo],
        &["time", "serve", "--listen", "127.0.0.1:0"],
        &["time", "client", time],
        &["time", "ping", time, "-c", "1"],
        &["time", "bench", time, "--warmup", "0", "--duration", "10ms"],
        &["chat", "serve", "--listen", "127.0.0.1:0"],
        &["chat", "join", chat],
        &["get", url],
        &["get", url, "--json"],
        &["get", url, "-o", "/dev/null", "-w", "%{http_code}"],
    ];
    for args in commands {
        let mut process = Process::spawn(redirected(">&-", args));
        process.feed(b"line\n");
        process.close_stdin();
        process.finish().expect_code(23).expect_error_line(&["write to "]);
    }
}

#[test]
fn a_command_that_prints_nothing_does_not_need_standard_output() {
    let dir = TestDir::new();
    let http = Http::saying(ok(b"hello"));
    let file = dir.path("file");
    let name = file.to_str().expect("a path in UTF-8");
    let args = ["get", &http.url("/"), "-o", name];
    Process::spawn(redirected(">&-", &args)).finish().expect_code(0).expect_quiet();
    assert_eq!(std::fs::read(&file).expect("the file"), b"hello");
}

#[test]
fn the_null_device_is_not_a_closed_standard_output_however_it_was_opened() {
    // std opens `/dev/null` for reading and writing if the descriptor is closed, as other programs
    // do.
    for redirection in [">/dev/null", "1<>/dev/null", ">/dev/null <&-"] {
        let args = ["port", "http"];
        Process::spawn(redirected(redirection, &args)).finish().expect_code(0).expect_quiet();
    }
}

/// Returns a pipe whose writing end is non-blocking, as a parent may have set it.
fn nonblocking_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = io::pipe().expect("a pipe");
    let flags = fcntl_getfl(&writer).expect("the flags of the pipe");
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).expect("a non-blocking pipe");
    (reader, writer)
}

/// Reads everything, so slowly that the writer often finds the pipe full.
fn read_slowly(mut reader: PipeReader) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while reader.read(&mut byte).expect("the pipe") > 0 {
        bytes.push(byte[0]);
    }
    bytes
}

#[test]
fn a_non_blocking_standard_output_cuts_no_line_of_any_command() {
    const LONG: usize = 500_000;
    let http = Http::saying(ok(&[b'x'; LONG]));
    let url = &http.url("/");
    let format = &"y".repeat(100_000);
    let fake = Fake::start();
    let chat = &fake.endpoint();
    let line = "z".repeat(60_000);
    let said = thread::spawn({
        let line = line.clone();
        move || {
            let mut peer = fake.accept();
            (0..8).for_each(|_| peer.say(format!("{line}\n")));
            // The program ends after its input has ended and nothing more comes.
            while peer.line().is_some_and(|line| line != "/quit") {}
        }
    });
    let cases: &[(&[&str], usize)] = &[
        (&["get", "--json", url], LONG),
        (&["get", "-o", "/dev/null", "-w", format, url], 100_000),
        (&["chat", "join", chat], 8 * (60_000 + 1)),
    ];
    for (args, least) in cases {
        let (reader, writer) = nonblocking_pipe();
        let mut command = sockit(args);
        command.stdout(writer);
        let process = Process::spawn_with_stdout(command);
        let printed = read_slowly_beside(reader, process);
        let longest = printed.split(|byte| *byte == b'\n').map(<[u8]>::len).max();
        assert!(printed.len() >= *least, "{args:.80?}: {} bytes, {longest:?}", printed.len());
    }
    said.join().expect("the chat");
}

/// Returns all output of the process, which must end with exit code 0.
fn read_slowly_beside(reader: PipeReader, mut process: Process) -> Vec<u8> {
    let reading = thread::spawn(move || read_slowly(reader));
    process.close_stdin();
    process.finish().expect_code(0);
    reading.join().expect("the reader")
}

#[test]
fn a_non_blocking_standard_error_cuts_no_line_either() {
    let field = "x".repeat(50_000);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: {field}\r\n\r\n");
    let http = Http::saying(head);
    let url = http.url("/");
    let (reader, writer) = nonblocking_pipe();
    let mut command = sockit(&["get", "-v", &url, &url, &url, &url]);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer).spawn().expect("sockit");
    drop(command);
    let told = read_slowly(reader);
    assert!(child.wait().expect("its end").success());
    let lines: Vec<String> = BufReader::new(&*told).lines().map_while(Result::ok).collect();
    let whole = lines.iter().filter(|line| **line == format!("< X: {field}")).count();
    assert_eq!(whole, 4);
}

#[test]
fn a_non_blocking_standard_input_is_read_to_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let (reader, mut writer) = non_blocking_input();
    let mut command = sockit(&["time", "client", &address]);
    let mut child =
        command.stdin(reader).stdout(Stdio::piped()).spawn().expect("the program starts");
    drop(command);
    let (stream, _) = listener.accept().expect("a connection");
    let echo = thread::spawn(move || io::copy(&mut &stream, &mut &stream));
    let mut printed = BufReader::new(child.stdout.take().expect("a pipe"));
    // The program finds the pipe empty before each line.
    for line in ["first\n", "second\n"] {
        thread::sleep(Duration::from_millis(50));
        writer.write_all(line.as_bytes()).expect("the program reads");
        let mut answer = String::new();
        printed.read_line(&mut answer).expect("standard output");
        assert_eq!(answer, line);
    }
    drop(writer);
    assert!(child.wait().expect("its end").success());
    echo.join().expect("the echo").expect("a connection that ends in order");
}

#[test]
fn chat_join_reads_a_non_blocking_standard_input_to_its_end() {
    let fake = Fake::start();
    let (reader, mut writer) = non_blocking_input();
    let mut command = sockit(&["chat", "join", &fake.endpoint(), "--linger", "0"]);
    let mut child = command.stdin(reader).stdout(Stdio::null()).spawn().expect("it starts");
    drop(command);
    let mut peer = fake.accept();
    for line in ["first", "second"] {
        writer.write_all(format!("{line}\n").as_bytes()).expect("the program reads");
        peer.expect(&[line]);
    }
    drop(writer);
    assert_eq!(peer.line(), None);
    drop(peer);
    assert!(child.wait().expect("its end").success());
}

#[test]
fn send_reads_a_non_blocking_standard_input_to_its_end_over_udp() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a read timeout");
    let address = format!("udp://{}", socket.local_addr().expect("its address"));
    let (reader, mut writer) = non_blocking_input();
    let mut child = sockit(&["send", &address]).stdin(reader).spawn().expect("it starts");
    // The program finds the pipe empty before and between the pieces.
    for piece in ["one ", "datagram"] {
        thread::sleep(Duration::from_millis(50));
        writer.write_all(piece.as_bytes()).expect("the program reads");
    }
    drop(writer);
    assert!(child.wait().expect("its end").success());
    let mut received = [0; 64];
    let length = socket.recv(&mut received).expect("a datagram");
    assert_eq!(&received[..length], b"one datagram");
}

/// Returns a pipe whose reading end is non-blocking.
fn non_blocking_input() -> (PipeReader, PipeWriter) {
    let (reader, writer) = io::pipe().expect("a pipe");
    let flags = fcntl_getfl(&reader).expect("the flags of the pipe");
    fcntl_setfl(&reader, flags | OFlags::NONBLOCK).expect("a non-blocking pipe");
    (reader, writer)
}

#[test]
fn a_full_disk_is_error_23() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return println!("note: no /dev/full here; this is not tested");
    };
    let mut command = sockit(&["port", "http"]);
    command.stdout(full);
    Process::spawn_with_stdout(command).finish().expect_code(23).expect_error_line(&["space"]);
}
