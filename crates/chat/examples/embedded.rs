//! A chat inside another program, which adds a command and sends notices of its own.
//!
//!     cargo run -p chat --features server --example embedded
//!
//! Then `nc 127.0.0.1 60001` and `/roll 6`.

use std::hash::{BuildHasher, RandomState};

use chat::netcore::server::{Config as Limits, Server};
use chat::{Chat, CommandContext, Config, Rate};

/// Handles `/roll SIDES`.
fn roll(context: &mut CommandContext<'_>) {
    match context.argument().parse::<u64>() {
        Ok(sides @ 1..) => {
            // A hasher with random keys suffices as dice.
            let throw = RandomState::new().hash_one(context.name()) % sides + 1;
            context.say(format!("{} throws {throw} of {sides}", context.name()));
        }
        _ => context.tell("expected /roll SIDES"),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::default().with_history(20).with_rate(Some(Rate::new(10, 16 * 1024)));
    let chat =
        Chat::builder(config).with_command("roll", "/roll SIDES  throws a die", roll).build();

    let server = Server::bind(&["127.0.0.1:60001".parse()?], Limits::default())?;
    println!("listening on {}", server.endpoints()[0]);

    // The rest of the program: here, every line of standard input becomes a notice for all.
    let (operator, stop) = (chat.operator(), server.handle());
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            operator.say(&line);
        }
        stop.stop();
    });

    server.run(|worker| chat.service(&worker))?;
    Ok(())
}
