//! A program of others that serves on a free port.

use std::net::TcpListener;
use std::process::Command;

use netcore::{Connector, Deadline, Endpoint};

use super::patience::PATIENCE;
use super::process::Process;

/// A running server. It ends with its value.
#[derive(Debug)]
pub(crate) struct Peer {
    port: u16,
    process: Process,
}

impl Peer {
    /// Starts the server whose command `command` makes for a port of 127.0.0.1. Another program may
    /// take the port first, so the start is repeated.
    pub(crate) fn start(name: &str, command: impl Fn(u16) -> Command) -> Peer {
        for _ in 0..20 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = free.local_addr().expect("its address").port();
            drop(free);
            let mut process = Process::spawn(command(port));
            let endpoint = Endpoint::tcp(([127, 0, 0, 1], port).into());
            let deadline = Deadline::after(PATIENCE);
            while !deadline.is_expired() && process.is_running() {
                if Connector::new().connect(&endpoint, deadline).is_ok() {
                    return Peer { port, process };
                }
            }
        }
        panic!("{name} does not listen")
    }

    /// Returns its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns its process.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }
}
