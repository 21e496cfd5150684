//! The chat for browsers: a page, and a WebSocket (RFC 6455) that carries the `json` format.
//!
//! ```text
//!   bytes ─► http ─┬─► page: a response, and the next request
//!                  └─► handshake ─► websocket ─► lines ─► Shard
//!                                                          │ frames, rendered once for all
//!   bytes ◄────────────────────────────────────────────────┘
//! ```
//!
//! All modules except `service` are free of I/O.

pub(crate) mod base64;
pub(crate) mod close_code;
pub(crate) mod connection;
pub(crate) mod deadlines;
pub(crate) mod handshake;
pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod origin;
pub(crate) mod output;
pub(crate) mod page;
pub(crate) mod response;
pub(crate) mod service;
pub(crate) mod settings;
pub(crate) mod utf8;
pub(crate) mod websocket;
