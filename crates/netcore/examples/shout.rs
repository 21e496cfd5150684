//! A server that answers with its input in capitals.

use netcore::Address;
use netcore::server::{Config, Output, Server, Service};

/// Answers with its input in capitals.
struct Shout;

impl Service for Shout {
    type Connection = ();

    fn open(&mut self, _: &Address, _: &mut Output) {}

    fn receive(&mut self, _: &mut (), input: &[u8], output: &mut Output) {
        output.buffer().extend(input.iter().map(u8::to_ascii_uppercase));
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::bind(&["127.0.0.1:7000".parse()?], Config::default())?;
    server.run(|_| Shout)?;
    Ok(())
}
