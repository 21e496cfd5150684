//! A bot that answers `!time` with the time, and reconnects when the connection breaks. It ignores
//! the history, which has yesterday's questions.
//!
//!     cargo run -p chat --features client --example bot -- 127.0.0.1:60000

use std::error::Error;
use std::time::Duration;

use chat::netcore::{Deadline, Endpoint};
use chat::{Client, ClientError, EventKind};

/// Time between two connections.
const RECONNECT_DELAY: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("usage: bot ENDPOINT")?.parse()?;
    loop {
        match answer(&server) {
            Ok(()) => eprintln!("the server closed the connection"),
            Err(error) => eprintln!("{error}"),
        }
        std::thread::sleep(RECONNECT_DELAY);
    }
}

/// Answers questions until the server closes the connection.
fn answer(server: &Endpoint) -> Result<(), ClientError> {
    let soon = || Deadline::after(Duration::from_secs(10));
    let mut client = Client::connect(server, soon())?;
    client.nick("clock", soon())?;
    while let Some(event) = client.recv(Deadline::never())? {
        if event.history {
            continue;
        }
        match event.kind {
            EventKind::Message { from, text } if text == "!time" && from != client.name() => {
                let time = chrono::Local::now().format("%H:%M:%S");
                client.say(&format!("{from}: {time}"), soon())?;
            }
            _ => {}
        }
    }
    Ok(())
}
