//! `sockit chat serve`.

use ::chat::{Builder, Chat, Config, SlowConsumer};
use netcore::server::Config as Limits;

use super::stats;
use crate::args::chat::ChatServe;
use crate::args::common::Common;
use crate::exit::{self, Failure};
use crate::logging::Log;
use crate::operator_console::OperatorConsole;
use crate::serve::Listening;
use crate::stdio::{Printer, Stdio};

/// Without `--listen`, nobody but this machine's users.
const DEFAULT: [&str; 1] = ["tcp://127.0.0.1:60000"];

/// One read: what a client that is too fast can make the server hold.
const READ: usize = 16 * 1024;

/// `sockit chat serve`
pub(crate) fn serve(args: ChatServe, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let config = Config::default()
        .with_format(args.format)
        .with_greeting(args.greeting.clone())
        .with_presence(!args.no_presence)
        .with_history(args.history)
        .with_history_bytes(args.history_bytes)
        .with_max_line(args.max_line)
        .with_max_rooms(args.max_rooms)
        .with_max_members(args.max_members.unwrap_or(usize::MAX))
        .with_room_ttl(args.room_ttl)
        .with_rate(args.rate.map(|rate| rate.with_burst(args.burst)))
        .with_slow_consumer(args.slow)
        .with_memory(args.max_memory);
    let limits = Limits::default().with_max_connections(args.max_clients).with_read(READ);
    // A client that is skipped may stop reading for as long as it likes: what waits for it is
    // bounded.
    let limits =
        if args.slow == SlowConsumer::Skip { limits.with_stall_timeout(None) } else { limits };
    if let Some(endpoint) = args.serve.listen.iter().find(|e| e.starts_with("udp:")) {
        let message = format!("--listen {endpoint}: a chat needs connections; datagrams have none");
        return Err(Failure::new(exit::USAGE, message));
    }
    let chat = open(Chat::builder(config), &args)?;
    let listening = Listening::start(&args.serve, &DEFAULT, limits, common, stdio)?;
    let bound = chat.memory_bound(args.max_clients, listening.workers(), READ);
    log::info!("memory: {bound}");
    let desk = OperatorConsole {
        operator: chat.operator(),
        server: listening.handle(),
        printer: stdio.printer.clone(),
        json: common.json,
    };
    let screen = match args.console || stdio.interactive {
        true => desk.start(stdio)?,
        false => None,
    };
    if let Some(every) = args.stats {
        // As the log, they disturb no line that is typed, and wait for no reader.
        stats::print(chat.operator(), every, Printer::new(Box::new(Log)), common.json)?;
    }
    let result = listening.run(|worker| chat.service(&worker));
    chat.close();
    if let Some(screen) = screen {
        screen.close();
    }
    result
}

/// With the logs on disk, if there are to be any.
#[cfg(unix)]
fn open(chat: Builder, args: &ChatServe) -> Result<Chat, Failure> {
    match &args.log_dir {
        Some(directory) => chat
            .open(directory, args.log_flush)
            .map_err(|e| Failure::new(exit::OTHER, format!("--log-dir: {}", exit::chain(&e)))),
        None => Ok(chat.build()),
    }
}

#[cfg(not(unix))]
fn open(chat: Builder, _: &ChatServe) -> Result<Chat, Failure> {
    Ok(chat.build())
}
