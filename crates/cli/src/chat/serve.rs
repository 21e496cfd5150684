//! `sockit chat serve`.

use ::chat::{Chat, Config, Slow};
use netcore::server::Config as Limits;

use crate::args::{ChatServe, Common};
use crate::console::Desk;
use crate::exit::{self, Failure};
use crate::serve::Listening;
use crate::streams::Console;

/// Without `--listen`, nobody but this machine's users.
const DEFAULT: [&str; 1] = ["tcp://127.0.0.1:60000"];

/// `sockit chat serve`
pub(crate) fn serve(
    args: ChatServe,
    common: &Common,
    console: &mut Console,
) -> Result<(), Failure> {
    let config = Config::default()
        .with_format(args.format)
        .with_greeting(args.greeting)
        .with_history(args.history)
        .with_max_line(args.max_line)
        .with_slow(args.slow);
    let limits = Limits::default().with_max_connections(args.max_clients);
    // A client that is skipped may stop reading for as long as it likes: what waits for it is
    // bounded.
    let limits = if args.slow == Slow::Skip { limits.with_stall_timeout(None) } else { limits };
    if let Some(endpoint) = args.serve.listen.iter().find(|e| e.starts_with("udp:")) {
        let words = format!("--listen {endpoint}: a chat needs connections; datagrams have none");
        return Err(Failure::new(exit::USAGE, words));
    }
    let listening = Listening::start(&args.serve, &DEFAULT, limits, common, console)?;
    let chat = Chat::new(config);
    let desk = Desk {
        operator: chat.operator(),
        server: listening.handle(),
        printer: console.printer.clone(),
        json: common.json,
    };
    let screen = match args.console || console.interactive {
        true => desk.start(console),
        false => None,
    };
    let served = listening.run(|worker| chat.service(&worker));
    if let Some(screen) = screen {
        screen.close();
    }
    served
}
