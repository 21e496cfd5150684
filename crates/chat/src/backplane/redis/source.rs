//! Redis or Valkey as the source of a log on disk.

use std::sync::Arc;
use std::time::Duration;

use netcore::{Connector, Deadline};
use redis::Value;

use crate::backplane::engine::Reply;
use crate::backplane::entry::EntryId;
use crate::backplane::redis::codec;
use crate::backplane::redis::connection::{Connection, OPENING, Replies, SILENCE};
use crate::backplane::redis::driver::{load_script, readable};
use crate::backplane::redis::url::RedisUrl;
use crate::backplane::source::{Reading, Source, Survey};

/// Redis or Valkey as the source of a log on disk. It has one connection.
#[derive(Debug)]
pub struct RedisSource {
    url: RedisUrl,
    open: Option<Open>,
}

/// An open connection that has loaded the script.
#[derive(Debug)]
struct Open {
    connection: Connection,
    replies: Replies,
    /// Identity of the script.
    script: String,
}

impl RedisSource {
    /// Makes the source at `url`. It connects when it is asked to.
    #[must_use]
    pub fn new(url: RedisUrl) -> RedisSource {
        RedisSource { url, open: None }
    }

    /// Asks over the open connection, or a new one. After an error the connection is dropped,
    /// because replies may still be under way.
    fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut Open) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.connect()?,
        };
        let answer = question(&mut open)?;
        self.open = Some(open);
        Ok(answer)
    }

    fn connect(&self) -> Result<Open, String> {
        let deadline = Deadline::after(OPENING);
        let (connection, mut replies) = Connection::open(&Connector::new(), &self.url, deadline)?;
        let script = load_script(&connection, &mut replies, &self.url, deadline)?;
        Ok(Open { connection, replies, script })
    }
}

impl Source for RedisSource {
    fn survey(&mut self) -> Result<Survey, String> {
        self.ask(Open::survey)
    }

    fn read(
        &mut self,
        streams: &[(Arc<str>, EntryId)],
        count: usize,
        wait: Duration,
    ) -> Result<Reading, String> {
        self.ask(|open| open.read(streams, count, wait))
    }
}

impl Open {
    fn survey(&mut self) -> Result<Survey, String> {
        let deadline = Deadline::after(SILENCE);
        self.connection.write(&[codec::survey(&self.script)], deadline)?;
        codec::surveyed(&self.replies.next(deadline)??)
            .ok_or_else(|| "the engine's reply has an unknown form".to_owned())
    }

    fn read(
        &mut self,
        streams: &[(Arc<str>, EntryId)],
        count: usize,
        wait: Duration,
    ) -> Result<Reading, String> {
        match self.read_once(streams, count, wait)? {
            Err(text) if text.starts_with("WRONGTYPE") => {
                // A stranger has put something else in place of a stream: the others go on.
                let streams = readable(&self.connection, &mut self.replies, streams.to_vec())?;
                match streams.is_empty() {
                    true => Err(text),
                    false => self.read_once(&streams, count, wait)?,
                }
            }
            reading => reading,
        }
    }

    /// Reads once. The inner error is the text of the engine's refusal.
    fn read_once(
        &mut self,
        streams: &[(Arc<str>, EntryId)],
        count: usize,
        wait: Duration,
    ) -> Result<Result<Reading, String>, String> {
        // XREAD waits forever for 0 ms.
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        let deadline = Deadline::after(SILENCE.saturating_add(wait));
        // Redis executes the second command once the first one has its reply.
        let commands = [codec::read(streams, count, millis), codec::instance()];
        self.connection.write(&commands, deadline)?;
        let (entries, instance) = (self.replies.next(deadline)?, self.replies.next(deadline)?);
        let entries = match entries {
            Ok(value) => codec::entries(&value, streams)?,
            // The engine has become a replica.
            Err(text) if text.starts_with("UNBLOCKED") => Reply::Entries(Vec::new()),
            Err(text) => return Ok(Err(text)),
        };
        let Reply::Entries(entries) = entries else { return Ok(Err("no entries".to_owned())) };
        let instance = match instance? {
            Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            _ => String::new(),
        };
        Ok(Ok(Reading { instance, entries }))
    }
}
