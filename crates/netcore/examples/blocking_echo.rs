//! Answers each line with the same line, from a handler that reads and writes. Each connection has
//! a thread; at most 64 run at a time, and none is silent for longer than a minute. `quit` ends a
//! connection, and the end of standard input ends the server.
//!
//!     cargo run -p netcore --example blocking_echo
//!     nc 127.0.0.1 7000

use std::error::Error;
use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use netcore::line::LineFramer;
use netcore::threaded::{Config, Connection, Server};
use netcore::{Listener, SocketOptions};

const LONGEST_LINE: usize = 1024;

fn echo(mut connection: &Connection) -> io::Result<()> {
    let mut framer = LineFramer::new(LONGEST_LINE);
    let mut buffer = [0; 4096];
    while !connection.is_stopping() {
        let read = connection.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let mut input = &buffer[..read];
        while let Some(line) = framer.next(&mut input) {
            match line {
                Ok(line) if line.text() == b"quit" => return connection.write_all(b"bye\n"),
                Ok(line) => connection.write_all(line.as_bytes())?,
                Err(_) => connection.write_all(b"that line is too long\n")?,
            }
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7000".to_owned());
    let listeners = Listener::bind_all(&endpoint, &SocketOptions::new())?;
    for listener in &listeners {
        println!("listening on {}", listener.endpoint());
    }
    let config =
        Config::default().with_max_connections(64).with_idle_timeout(Some(Duration::from_secs(60)));
    let server = Server::new(listeners, config)?;
    let handle = server.handle();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        handle.stop();
    });
    Ok(server.run(echo)?)
}
