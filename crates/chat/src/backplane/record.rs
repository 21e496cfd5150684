//! The values of hashes in the engine: fields separated by U+001F.

use crate::backplane::key::SEPARATOR;

/// A client in `sockit:clients:NODE`: `name␟key␟key␟room␟address`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Name as shown: the chosen one, or the address.
    pub name: String,
    /// Keys in `sockit:names` that belong to the client: the skeletons of a chosen name, or the
    /// address and an empty text. Another client may own a key nevertheless; only the owner's node
    /// and client in [`Owner`] decide.
    pub keys: [String; 2],
    /// Folded name of its room.
    pub room: String,
    /// The name that it had before it chose one.
    pub address: String,
}

/// The client that owns a key in `sockit:names`: `node␟client␟folded␟shown`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Name of its node.
    pub node: String,
    /// Client on that node.
    pub client: u64,
    /// Its name in lower case; an address as it is.
    pub folded: String,
    /// Its name as shown.
    pub shown: String,
}

/// A room in `sockit:rooms`: `shown␟skeleton␟skeleton`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRecord {
    /// Name as the client wrote it that opened the room.
    pub shown: String,
    /// Skeletons, the keys in `sockit:looks`.
    pub skeletons: [String; 2],
}

impl Record {
    /// Returns the value in the engine.
    pub fn to_value(&self) -> String {
        join(&[&self.name, &self.keys[0], &self.keys[1], &self.room, &self.address])
    }

    /// Parses a value. Returns `None` if it has another form.
    pub fn parse(value: &str) -> Option<Record> {
        let [name, first, second, room, address] = split(value)?;
        Some(Record { name, keys: [first, second], room, address })
    }
}

impl Owner {
    /// Returns the value in the engine.
    pub fn to_value(&self) -> String {
        join(&[&self.node, &self.client.to_string(), &self.folded, &self.shown])
    }

    /// Parses a value. Returns `None` if it has another form.
    pub fn parse(value: &str) -> Option<Owner> {
        let [node, client, folded, shown] = split(value)?;
        Some(Owner { node, client: client.parse().ok()?, folded, shown })
    }
}

impl RoomRecord {
    /// Returns the value in the engine.
    pub fn to_value(&self) -> String {
        join(&[&self.shown, &self.skeletons[0], &self.skeletons[1]])
    }

    /// Parses a value. Returns `None` if it has another form.
    pub fn parse(value: &str) -> Option<RoomRecord> {
        let [shown, first, second] = split(value)?;
        Some(RoomRecord { shown, skeletons: [first, second] })
    }
}

fn join(fields: &[&str]) -> String {
    fields.join(SEPARATOR.encode_utf8(&mut [0; 4]))
}

fn split<const N: usize>(value: &str) -> Option<[String; N]> {
    let fields: Vec<String> = value.split(SEPARATOR).map(str::to_owned).collect();
    fields.try_into().ok()
}
