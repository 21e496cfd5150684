//! A program that embeds the chat with its page: `cargo run -p chat --example web --features web`.
//!
//! The program says a line of its own every minute, to browsers and line clients alike.

use std::error::Error;
use std::thread;
use std::time::Duration;

use chat::netcore::server::{Config as Limits, Server};
use chat::{Chat, Config, Web};

fn main() -> Result<(), Box<dyn Error>> {
    let chat = Chat::new(Config::default().with_web(true).with_history(100));
    // The first endpoint is for line clients, the second one for browsers.
    let endpoints = ["127.0.0.1:60000".parse()?, "127.0.0.1:8080".parse()?];
    let web = Web::new([1]).with_host_check([1]).with_ping_interval(Duration::from_secs(20));
    let server = Server::bind(&endpoints, Limits::default())?;
    println!("nc 127.0.0.1 60000, or http://127.0.0.1:8080/");
    let operator = chat.operator();
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(60));
            operator.say(&format!("{} are here", operator.clients().len()));
        }
    });
    server.run(|worker| chat.web_service(&worker, &web))?;
    Ok(())
}
