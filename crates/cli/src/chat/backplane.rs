//! The node of `sockit chat serve --backplane`.

use ::chat::StreamLog;
use ::chat::backplane::join_error::JoinError;
use ::chat::backplane::redis::{Redis, RedisSource, RedisUrl};
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
        let name = args.node.clone().unwrap_or_else(default_name);
        Ok(Backplane(Some((url, NodeSettings::new(&name).with_offline(args.offline)))))
    }

    /// Opens the chat as a node, with a log on disk if `--log-dir` is set. Returns the builder if
    /// there is no `--backplane`.
    ///
    /// # Errors
    ///
    /// The engine cannot be reached or refuses the node, or the directory cannot be used.
    pub(crate) fn open(
        self,
        chat: Builder,
        args: &ChatServe,
    ) -> Result<Result<Chat, Builder>, Failure> {
        let Some((url, settings)) = self.0 else { return Ok(Err(chat)) };
        let joined = join(chat, args, &url, settings)?;
        joined.map(Ok).map_err(|error| {
            let code = match error {
                JoinError::Away { .. } => exit::COULD_NOT_CONNECT,
                _ => exit::OTHER,
            };
            Failure::new(code, format!("--backplane {url}: {}", exit::chain(&error)))
        })
    }
}

/// Opens the chat as a node.
fn join(
    chat: Builder,
    args: &ChatServe,
    url: &RedisUrl,
    settings: NodeSettings,
) -> Result<Result<Chat, JoinError>, Failure> {
    let engine = Box::new(Redis::new(url.clone()));
    let Some(directory) = &args.log_dir else { return Ok(chat.join(settings, engine)) };
    let source = Box::new(RedisSource::new(url.clone()));
    let log = StreamLog::open(directory, args.log_flush, source).map_err(|error| {
        Failure::new(exit::OTHER, format!("--log-dir: {}", exit::chain(&error)))
    })?;
    Ok(chat.join_with_log(settings, engine, log))
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
