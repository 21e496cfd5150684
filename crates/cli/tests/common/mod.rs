//! What the tests of the program share: the started program, clients of it, and failures that
//! show the command, its standard output and its standard error.
#![allow(dead_code, unused_imports, reason = "each test program uses its own part of this")]

use std::time::Duration;

mod chat;
mod client;
mod crowd;
mod fake;
pub(crate) mod http;
pub(crate) mod link;
mod listening;
mod process;
mod server;
mod stamp;
mod temp;
#[cfg(all(unix, not(any(target_os = "netbsd", target_os = "openbsd"))))]
mod terminal;

pub(crate) use chat::{Message, json_field};
pub(crate) use client::Client;
pub(crate) use crowd::{Crowd, Member, one_order_for_all, spare_descriptors};
pub(crate) use fake::{Fake, Peer};
pub(crate) use listening::{Listening, bytes};
pub(crate) use process::{Finished, Process, run, run_with_input, sockit};
pub(crate) use server::Server;
pub(crate) use stamp::{civil_utc, has_shape, now, without_ctime};
pub(crate) use temp::TempDir;
#[cfg(all(unix, not(any(target_os = "netbsd", target_os = "openbsd"))))]
pub(crate) use terminal::{Terminal, session};

/// How long a test waits for something that must happen before it fails. No promise of the
/// program is about this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
