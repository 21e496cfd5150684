//! A connection to the engine: commands out, replies in, each with a deadline.

use std::io::{self, Read};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use netcore::error::Chain;
use netcore::{Connector, Deadline, Stream};
use redis::{Cmd, Parser, Value, cmd};

use crate::backplane::redis::refusal;
use crate::backplane::redis::url::{Credentials, RedisUrl};

#[cfg(test)]
mod tests;

/// The longest time until a connection is open and the engine has answered to the credentials.
pub(crate) const OPENING: Duration = Duration::from_secs(5);

/// The longest time that a written command waits for its reply, and a part of a command for room
/// in the socket's buffer.
pub(crate) const SILENCE: Duration = Duration::from_secs(5);

/// The oldest release with every command that is used.
const OLDEST: (u32, u32) = (6, 2);

/// An open connection, with the credentials accepted and the database selected. One thread may
/// write commands while another one reads replies.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    stream: Arc<Stream>,
}

/// The reading side of a connection.
pub(crate) struct Replies {
    stream: Arc<Stream>,
    parser: Parser,
}

impl Connection {
    /// Connects, authenticates and selects the database. The second value is the reading side.
    ///
    /// # Errors
    ///
    /// The text says which step failed. It never contains the password.
    pub(crate) fn open(
        connector: &Connector,
        url: &RedisUrl,
        deadline: Deadline,
    ) -> Result<(Connection, Replies), String> {
        let stream = connector.connect(&url.endpoint, deadline);
        let stream = Arc::new(stream.map_err(|error| Chain::new(&error).to_string())?);
        let mut replies = Replies { stream: stream.clone(), parser: Parser::new() };
        let connection = Connection { stream };
        let mut commands = Vec::new();
        if let Some(Credentials { user, password }) = &url.credentials {
            let mut auth = cmd("AUTH");
            auth.arg(user.as_deref()).arg(password);
            commands.push(auth);
        }
        // Protocol 2; the reply has release, mode and role, without a permission of its own.
        commands.push(cmd("HELLO").arg(2).arg("SETNAME").arg("sockit").take());
        if url.database != 0 {
            commands.push(cmd("SELECT").arg(url.database).take());
        }
        connection.write(&commands, deadline)?;
        for command in &commands {
            let name = command.args_iter().next();
            let is_hello = matches!(name, Some(redis::Arg::Simple(b"HELLO")));
            let checked = match replies.next(deadline)? {
                Ok(reply) if is_hello => check_greeting(&reply),
                Ok(_) => Ok(()),
                // Releases before 6.0 know no HELLO.
                Err(text) if is_hello && text.contains("unknown command") => {
                    Err(too_old("before 6.0"))
                }
                Err(text) => Err(text),
            };
            checked.map_err(|text| format!("{url}: {text}"))?;
        }
        Ok((connection, replies))
    }

    /// Writes commands, one behind the other.
    ///
    /// # Errors
    ///
    /// The engine has not taken them in time, or the connection is broken.
    pub(crate) fn write(&self, commands: &[Cmd], deadline: Deadline) -> Result<(), String> {
        let mut bytes = Vec::new();
        for command in commands {
            command.write_packed_command(&mut bytes);
        }
        self.write_bytes(&bytes, deadline)
    }

    /// Writes packed commands.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub(crate) fn write_bytes(&self, bytes: &[u8], deadline: Deadline) -> Result<(), String> {
        let written = self.stream.write_all_deadline(bytes, deadline);
        written.map_err(|error| Chain::new(&error).to_string())
    }

    /// Ends both directions, so that threads that wait for the connection return.
    pub(crate) fn shut(&self) {
        // It may be broken already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Replies {
    /// Reads the next reply. The inner error is the text of the engine's refusal.
    ///
    /// # Errors
    ///
    /// The engine has not answered in time, the connection is broken, or the reply is malformed.
    pub(crate) fn next(&mut self, deadline: Deadline) -> Result<Result<Value, String>, String> {
        let mut reader = Reader { stream: &self.stream, deadline, failure: None };
        match self.parser.parse_value(&mut reader) {
            Ok(Value::ServerError(error)) => Ok(Err(refusal::text(&error))),
            Ok(value) => Ok(Ok(value)),
            Err(error) => {
                let failure = reader.failure.take();
                Err(failure.unwrap_or_else(|| match error.is_io_error() {
                    true => "the engine has closed the connection".to_owned(),
                    false => format!("malformed reply of the engine: {error}"),
                }))
            }
        }
    }
}

/// The stream as the parser reads it. It keeps the failure, whose text the parser would change.
struct Reader<'a> {
    stream: &'a Stream,
    deadline: Deadline,
    failure: Option<String>,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read_deadline(buffer, self.deadline).map_err(|error| {
            self.failure = Some(match error.is_timeout() {
                true => "the engine does not answer".to_owned(),
                false => Chain::new(&error).to_string(),
            });
            io::Error::other("the connection failed")
        })
    }
}

/// Checks the reply to `HELLO`: pairs of names and values.
fn check_greeting(reply: &Value) -> Result<(), String> {
    let Value::Array(items) = reply else { return Err("HELLO has no list as reply".to_owned()) };
    let field = |name: &str| {
        let mut pairs = items.chunks_exact(2);
        let (_, value) = pairs.find_map(|pair| match &pair[0] {
            Value::BulkString(bytes) if bytes == name.as_bytes() => Some((name, &pair[1])),
            _ => None,
        })?;
        match value {
            Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    };
    let version = field("version").unwrap_or_default();
    let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) >= OLDEST => {}
        _ => return Err(too_old(version)),
    }
    match field("mode") {
        Some("standalone") | None => Ok(()),
        Some(mode) => Err(format!("the engine is in {mode} mode, and needs to be standalone")),
    }
}

fn too_old(version: &str) -> String {
    format!("the engine has version {version}, and needs to be 6.2 or later")
}

impl std::fmt::Debug for Replies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replies").field("stream", &self.stream).finish_non_exhaustive()
    }
}
