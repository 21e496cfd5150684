//! Connects to an endpoint, and prints each event and the total time:
//!
//!     cargo run -p netcore --example happy_eyeballs -- example.org:https

use netcore::{Connector, Deadline, Endpoint};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoint: Endpoint = std::env::args().nth(1).ok_or("an endpoint expected")?.parse()?;
    let begin = Instant::now();
    let deadline = Deadline::after(Duration::from_secs(10));
    let tell =
        |event: &netcore::connect::ConnectEvent<'_>| eprintln!("{:9.1?} {event}", begin.elapsed());
    let stream = Connector::new().connect_observed(&endpoint, deadline, tell)?;
    println!("{} in {:.1} ms", stream.peer_address()?, begin.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
