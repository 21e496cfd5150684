//! A chat inside another program, which adds a command and speaks in it itself.
//!
//! `cargo run -p chat --features server --example embedded`, then `nc 127.0.0.1 60001` and `/roll 6`.

use std::hash::{BuildHasher, RandomState};

use chat::{Chat, CommandContext, Config, Rate};
use netcore::server::{Config as Limits, Server};

/// `/roll SIDES`
fn roll(call: &mut CommandContext<'_>) {
    match call.argument().parse::<u64>() {
        Ok(sides @ 1..) => {
            // A hasher with random keys is dice enough.
            let throw = RandomState::new().hash_one(call.name()) % sides + 1;
            call.say(format!("{} throws {throw} of {sides}", call.name()));
        }
        _ => call.tell("how many sides? /roll SIDES"),
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::default().with_history(20).with_rate(Some(Rate::new(10, 16 * 1024)));
    let chat =
        Chat::builder(config).with_command("roll", "/roll SIDES  throws a die", roll).build();

    let server = Server::bind(&["127.0.0.1:60001".parse()?], Limits::default())?;
    println!("listening on {}", server.endpoints()[0]);

    // The rest of the program: here, every line of standard input is news for all.
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
