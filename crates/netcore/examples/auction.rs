//! A custom protocol on the event loop: an auction. Each line is a bid in whole coins, and every
//! client receives the highest one.
//!
//!     cargo run -p netcore --features server --example auction
//!     nc 127.0.0.1 7000

use netcore::line::LineFramer;
use netcore::server::{Config, Output, Server, Service, Turn};
use netcore::{Address, Error};
use std::time::Duration;

#[derive(Default)]
struct Auction {
    highest: u64,
    news: Option<String>,
}

impl Service for Auction {
    type Connection = LineFramer;

    fn open(&mut self, _: &Address, output: &mut Output) -> LineFramer {
        output.send(format!("the highest bid is {}\n", self.highest).as_bytes());
        LineFramer::new(20)
    }

    fn receive(&mut self, framer: &mut LineFramer, mut input: &[u8], output: &mut Output) {
        while let Some(line) = framer.next(&mut input) {
            let text = line.ok().and_then(|line| std::str::from_utf8(line.text()).ok());
            match text.and_then(|text| text.trim().parse::<u64>().ok()) {
                Some(bid) if bid > self.highest => {
                    self.highest = bid;
                    self.news = Some(format!("the highest bid is {bid}\n"));
                }
                Some(_) => output.send(b"that is not more\n"),
                None => output.send(b"that is no bid\n"),
            }
        }
    }

    fn turn(&mut self, turn: &mut Turn<'_, LineFramer>) {
        if let Some(news) = self.news.take() {
            turn.each(|_, output| output.send(news.as_bytes()));
        }
    }
}

fn main() -> Result<(), Error> {
    let endpoint = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7000".to_owned());
    let config =
        Config::default().with_workers(1).with_idle_timeout(Some(Duration::from_secs(600)));
    let server = Server::bind(&[endpoint.parse()?], config)?;
    for endpoint in server.endpoints() {
        println!("listening on {endpoint}");
    }
    server.run(|_| Auction::default())
}
