//! A link with delay, jitter and loss in front of a server, for trying by hand what a network does
//! to it:
//!
//! ```text
//! cargo run -p cli --example link -- udp 127.0.0.1:9000 127.0.0.1:21567 20 5 2 [SEED]
//! sockit time ping udp://127.0.0.1:9000
//! ```
//!
//! The numbers are milliseconds of delay and of jitter, and percent of loss, on the way to the
//! server; `tcp` in place of `udp` for streams. It runs until it is stopped.

use std::error::Error;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::time::Duration;

#[path = "../tests/sockit/common/link.rs"]
#[allow(dead_code, reason = "the tests look at what has passed")]
mod link;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [transport, listen, server, numbers @ ..] = &args[..] else {
        return Err(
            "usage: link udp|tcp LISTEN SERVER DELAY_MS JITTER_MS LOSS_PERCENT [SEED]".into()
        );
    };
    let (listen, server): (SocketAddr, SocketAddr) = (listen.parse()?, server.parse()?);
    let number = |at: usize| numbers.get(at).map_or(Ok(0.0), |text| text.parse::<f64>());
    let seed = match numbers.get(3) {
        Some(seed) => seed.parse()?,
        None => RandomState::new().hash_one(0),
    };
    let link = link::Link {
        delay: Duration::try_from_secs_f64(number(0)? / 1e3)?,
        jitter: Duration::try_from_secs_f64(number(1)? / 1e3)?,
        loss: number(2)? / 100.0,
        seed,
    };
    let running = match transport.as_str() {
        "tcp" => link.tcp(listen, server)?,
        _ => link.udp(listen, server)?,
    };
    println!("link on {} to {server}, seed {seed}", running.address);
    loop {
        std::thread::park();
    }
}
