//! A bot that tells the time to whoever says `!time`, and comes back when the connection breaks. It
//! does not answer the history, which has the questions of yesterday.
//!
//!     cargo run -p chat --features client --example bot -- 127.0.0.1:60000

use std::error::Error;
use std::time::Duration;

use chat::{Client, ClientError, EventKind};
use netcore::{Deadline, Endpoint};

const PAUSE: Duration = Duration::from_secs(5);

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).ok_or("usage: bot ENDPOINT")?.parse()?;
    loop {
        match attend(&server) {
            Ok(()) => eprintln!("the server has closed the connection"),
            Err(error) => eprintln!("{error}"),
        }
        std::thread::sleep(PAUSE);
    }
}

fn attend(server: &Endpoint) -> Result<(), ClientError> {
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
