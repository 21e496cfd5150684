//! `sockit time`.

use ::timestamp::{Framing, TimeService, Zone};
use netcore::server::Config;

use crate::args::{Common, TimeClient, TimeServe};
use crate::exit::Failure;
use crate::serve::Listening;
use crate::streams::Console;

/// Without `--listen`, nobody but this machine's users.
const DEFAULT: [&str; 2] = ["tcp://127.0.0.1:21567", "udp://127.0.0.1:21567"];

/// `sockit time serve`
pub(crate) fn serve(args: TimeServe, common: &Common, console: &mut Console) -> Result<(), Failure> {
    let framing = match args.framing.as_str() {
        "line" => Framing::Line { limit: Framing::LINE_LIMIT },
        _ => Framing::Chunk,
    };
    let zone = if args.utc { Zone::Utc } else { Zone::Local };
    let limits = Config::default().with_max_connections(args.max_connections);
    let listening = Listening::start(&args.serve, &DEFAULT, limits, common, console)?;
    listening.run(|_| TimeService::new(framing, args.format.clone(), zone))
}

/// `sockit time client`
pub(crate) fn client(args: TimeClient, common: &Common, console: &mut Console) -> Result<(), Failure> {
    let _ = (args, common, console);
    Ok(())
}
