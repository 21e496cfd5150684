//! The backplane: one engine that orders the rooms of a chat with several servers, its nodes.
//!
//! ```text
//!   shards ─► Node ─► Link ──Request──► Engine ─► script: applies numbered operations, in order
//!             queue    no I/O                        │
//!   shards ◄─ rooms' logs ◄── Link ◄──Reply──────────┴─► streams: one per room, one inbox per node
//! ```
//!
//! A node changes nothing by itself. Each of its wishes is an [`Operation`](operation::Operation)
//! with a number, and the engine applies each number once. Every effect and every answer comes back
//! by a stream, never by the reply to the request, so a lost reply loses nothing. Names, rooms and
//! members are in the engine; a node follows the streams of the rooms that it has open, and its own
//! inbox.
//!
//! The engine has these keys, which [`key`] names:
//!
//! | key | type | content |
//! |---|---|---|
//! | `sockit:instance` | string | random text; another one: the engine has lost its data |
//! | `sockit:nodes` | sorted set | node → end of its lease |
//! | `sockit:node:NODE` | hash | `epoch`, `session`, `applied`, `state` ([`key::state`]) |
//! | `sockit:inbox:NODE` | stream | answers and direct messages |
//! | `sockit:clients:NODE` | hash | client → [`Record`](record::Record) |
//! | `sockit:names` | hash | key of a name → [`Owner`](record::Owner) |
//! | `sockit:rooms` | hash | folded name → shown name and skeletons |
//! | `sockit:looks` | hash | skeleton of a room's name → folded name |
//! | `sockit:vacant` | sorted set | folded name of a room without members → since when |
//! | `sockit:members:ROOM` | sorted set | `NODE␟CLIENT` → time of entry |
//! | `sockit:seqs` | hash | name of a stream → number of its last line or answer |
//! | `sockit:room:ROOM` | stream | lines of the room |
//!
//! NODE is the name of a node and ROOM the folded name of a room. Times are milliseconds: of the
//! engine's clock for leases and vacant rooms, of the node's clock for entries and members. The
//! lobby always exists.

#![cfg_attr(
    not(feature = "backplane"),
    allow(dead_code, unreachable_pub, reason = "only the feature lets a program become a node")
)]

pub mod answer;
pub mod engine;
pub mod entry;
pub mod join_error;
pub mod key;
pub(crate) mod link;
pub(crate) mod node;
pub mod operation;
pub mod record;
#[cfg(feature = "redis")]
pub mod redis;
pub mod settings;
pub mod source;
pub(crate) mod wish;

#[cfg(test)]
pub(crate) mod tests;
