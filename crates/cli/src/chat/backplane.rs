//! The node of `sockit chat serve --backplane`.

use ::chat::backplane::join_error::JoinError;
use ::chat::backplane::redis::{Redis, RedisUrl};
use ::chat::backplane::settings::NodeSettings;
use ::chat::{Builder, Chat};

use crate::args::chat::ChatServe;
use crate::exit::{self, Failure};
use crate::parse;

/// The place of the engine, if `--backplane` names one.
pub(crate) struct Backplane(Option<(RedisUrl, NodeSettings)>);

impl Backplane {
    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// The URL is malformed, or an option does not go with it. The message never contains the URL,
    /// which may have a password.
    pub(crate) fn new(args: &ChatServe) -> Result<Backplane, Failure> {
        let Some(url) = &args.backplane else { return Ok(Backplane(None)) };
        let url: RedisUrl = url.parse().map_err(|error| {
            Failure::new(exit::MALFORMED, format!("--backplane: {}", exit::chain(&error)))
        })?;
        #[cfg(unix)]
        if args.log_dir.is_some() {
            let message = "--log-dir: a server with --backplane has no log on disk";
            return Err(Failure::new(exit::USAGE, message));
        }
        let name = args.node.clone().unwrap_or_else(default_name);
        Ok(Backplane(Some((url, NodeSettings::new(&name).with_offline(args.offline)))))
    }

    /// Opens the chat as a node, or returns the builder if there is no `--backplane`.
    ///
    /// # Errors
    ///
    /// The engine cannot be reached or refuses the node.
    pub(crate) fn open(self, chat: Builder) -> Result<Result<Chat, Builder>, Failure> {
        let Some((url, settings)) = self.0 else { return Ok(Err(chat)) };
        let joined = chat.join(settings, Box::new(Redis::new(url.clone())));
        joined.map(Ok).map_err(|error| {
            let code = match error {
                JoinError::Away { .. } => exit::COULD_NOT_CONNECT,
                _ => exit::OTHER,
            };
            Failure::new(code, format!("--backplane {url}: {}", exit::chain(&error)))
        })
    }
}

/// Returns the name of the host and the number of the process.
fn default_name() -> String {
    #[cfg(unix)]
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let host = std::env::var("COMPUTERNAME").unwrap_or_default();
    let host = host.chars().filter(|c| parse::is_of_node_name(*c)).take(32).collect::<String>();
    format!("{host}-{}", std::process::id())
}
