//! `sockit chat serve`: a chat server.

use ::chat::{Builder, Chat, Config, SlowConsumer};
use netcore::server::{AddressLimit, Config as Limits};
use netcore::{Endpoint, Transport};

use super::backplane::Backplane;
use super::metrics::BoundMetrics;
use super::page::Page;
use super::{metrics, password, stats};
use crate::activation::Passed;
use crate::args::chat::ChatServe;
use crate::args::common::Common;
use crate::exit::{self, Failure};
use crate::logging::Log;
use crate::operator_console::OperatorConsole;
use crate::serve::Bound;
use crate::stdio::{Printer, Stdio};

/// The default endpoint, reachable only from this machine.
const DEFAULT: [&str; 1] = ["tcp://127.0.0.1:60000"];

/// Bytes of one read. A client that sends too fast can make the server hold this much.
const READ_SIZE: usize = 16 * 1024;

/// Runs `sockit chat serve`.
pub(crate) fn serve(args: ChatServe, common: &Common, stdio: &mut Stdio) -> Result<(), Failure> {
    let password = password::read(args.password_file.as_deref())?;
    let needed = password.as_ref().map_or(0, |it| "/pass ".len() + it.expose().len());
    if needed > args.max_line {
        let message = format!("--max-line {}: too short for /pass and the password", args.max_line);
        return Err(Failure::new(exit::USAGE, message));
    }
    let has_password = password.is_some();
    let passed = Passed::take()?;
    if let Some(endpoint) = passed.endpoints().into_iter().find(is_datagram) {
        let message = format!("{endpoint}: a chat needs connections, and UDP has none");
        return Err(Failure::new(exit::USAGE, message));
    }
    // The page's endpoints stand behind those that the server binds itself.
    let given = match args.serve.listen.len() {
        _ if !passed.is_empty() => 0,
        0 => DEFAULT.len(),
        given => given,
    };
    let page = Page::new(&args, given);
    let metrics = args.metrics.as_deref().map(metrics::endpoint).transpose()?;
    let config = Config::default()
        .with_format(args.format)
        .with_greeting(args.greeting.clone())
        .with_presence(!args.no_presence)
        .with_history(args.history.unwrap_or(page.history()))
        .with_history_bytes(args.history_bytes)
        .with_max_line(args.max_line)
        .with_max_rooms(args.max_rooms)
        .with_max_members(args.max_members.unwrap_or(usize::MAX))
        .with_room_ttl(args.room_ttl)
        .with_rate(args.rate.map(|rate| rate.with_burst(args.burst)))
        .with_slow_consumer(args.slow)
        .with_memory(args.max_memory)
        .with_password(password);
    let limits = Limits::default()
        .with_max_connections(args.max_clients)
        .with_address_limit(args.max_per_address.map(AddressLimit::new))
        .with_read(READ_SIZE);
    // With --slow skip, a client may stop reading for any length of time, because its backlog is
    // bounded.
    let limits =
        if args.slow == SlowConsumer::Skip { limits.with_stall_timeout(None) } else { limits };
    if let Some(endpoint) = args.serve.listen.iter().find(|it| it.starts_with("udp:")) {
        let message = format!("--listen {endpoint}: a chat needs connections, and UDP has none");
        return Err(Failure::new(exit::USAGE, message));
    }
    let config = page.configure(config);
    // A node knows the lobby before anybody can connect.
    let chat = match Backplane::new(&args)?.open(Chat::builder(config), &args)? {
        Ok(chat) => chat,
        Err(chat) => open(chat, &args)?,
    };
    let listen = || -> Result<_, Failure> {
        let bound = Bound::bind(&args.serve, &DEFAULT, page.endpoints(), passed, limits, stdio)?;
        let metrics = metrics.map(|endpoint| BoundMetrics::bind(endpoint, &bound)).transpose()?;
        let urls = metrics.as_ref().map_or(Vec::new(), BoundMetrics::urls);
        Ok((bound.announce(&urls, common, stdio)?, metrics))
    };
    // The name of a node is free at once.
    let (listening, metrics) = listen().inspect_err(|_| chat.close())?;
    let bound = chat.memory_bound(args.max_clients, listening.workers(), READ_SIZE);
    #[cfg(feature = "tls")]
    let bound = bound.with_tls_bytes(listening.tls_bytes(args.max_clients));
    log::info!("memory: {bound}");
    if has_password {
        password::warn_in_the_clear(listening.endpoints());
    }
    let operator_console = OperatorConsole {
        operator: chat.operator(),
        server: listening.handle(),
        printer: stdio.printer.clone(),
        json: common.json,
    };
    let screen = match args.console || stdio.interactive {
        true => operator_console.start(stdio)?,
        false => None,
    };
    if let Some(every) = args.stats {
        // Through the log, because it neither disturbs the input line nor waits for a reader.
        stats::print(chat.operator(), every, Printer::new(Box::new(Log)), common.json)?;
    }
    let metrics = metrics.map(|it| it.start(&listening, chat.operator())).transpose()?;
    let result = page.serve(&chat, listening);
    chat.close();
    if let Some(metrics) = metrics {
        metrics.end();
    }
    if let Some(screen) = screen {
        screen.close();
    }
    result
}

fn is_datagram(endpoint: &Endpoint) -> bool {
    endpoint.transport() == Transport::Udp
}

/// Opens the chat, with logs on disk if `--log-dir` is set.
fn open(chat: Builder, args: &ChatServe) -> Result<Chat, Failure> {
    match &args.log_dir {
        Some(directory) => chat.open(directory, args.log_flush).map_err(|error| {
            Failure::new(exit::OTHER, format!("--log-dir: {}", exit::chain(&error)))
        }),
        None => Ok(chat.build()),
    }
}
