//! A program of others, started on a free port with a directory of its own.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use netcore::testing::TestDir;
use netcore::{Connector, Deadline, Endpoint};

use crate::common::patience::PATIENCE;
use crate::common::process::Process;
use crate::common::tls::Certificates;

/// A running server. It ends with its value.
#[derive(Debug)]
pub(super) struct Peer {
    port: u16,
    _process: Process,
}

impl Peer {
    /// Starts the server whose command `command` makes for a port of 127.0.0.1. Another program may
    /// take the port first, so the start is repeated.
    pub(super) fn start(name: &str, command: impl Fn(u16) -> Command) -> Peer {
        for _ in 0..20 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = free.local_addr().expect("its address").port();
            drop(free);
            let mut process = Process::spawn(command(port));
            let endpoint = Endpoint::tcp(([127, 0, 0, 1], port).into());
            let deadline = Deadline::after(PATIENCE);
            while !deadline.is_expired() && process.is_running() {
                if Connector::new().connect(&endpoint, deadline).is_ok() {
                    return Peer { port, _process: process };
                }
            }
        }
        panic!("{name} does not listen")
    }

    /// Returns its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// nginx with a certificate for `localhost`.
pub(super) struct Nginx {
    peer: Peer,
    dir: TestDir,
    certificates: Certificates,
}

impl Nginx {
    /// Starts nginx with these directives in the block of its server, which speaks TLS. Its root is
    /// the folder `www`, made by `fill`.
    pub(super) fn start(directives: &str, fill: impl FnOnce(&TestDir)) -> Nginx {
        let dir = TestDir::new();
        let certificates = Certificates::new();
        fs::create_dir(dir.path("www")).expect("make a folder");
        fill(&dir);
        let root = dir.root().display().to_string();
        let (cert, key) = (certificates.path("cert.pem"), certificates.path("key.pem"));
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {root}/{name};\n"))
            .concat();
        // As root, nginx would give its files to a user that can't enter the directory.
        let user = if rustix::process::getuid().is_root() { "user root;" } else { "" };
        let peer = Peer::start("nginx", |port| {
            let conf = format!(
                "daemon off; {user} pid {root}/pid; worker_processes 1; error_log stderr;\n\
                 events {{ worker_connections 512; }}\n\
                 http {{ access_log off; {temporary}\n\
                 default_type application/octet-stream; limit_conn_zone $server_name zone=one:1m;\n\
                 server {{ listen 127.0.0.1:{port} ssl; root {root}/www;\n\
                 ssl_certificate {cert}; ssl_certificate_key {key};\n{directives}\n}} }}\n"
            );
            fs::write(dir.path("nginx.conf"), conf).expect("write the configuration");
            let mut command = Command::new("nginx");
            command.arg("-e").arg("stderr").arg("-c").arg(dir.path("nginx.conf"));
            command
        });
        Nginx { peer, dir, certificates }
    }

    /// Returns the URL of `target`.
    pub(super) fn url(&self, target: &str) -> String {
        format!("https://localhost:{}{target}", self.peer.port())
    }

    /// Returns the file of the authority, for `--cacert`.
    pub(super) fn ca(&self) -> String {
        self.certificates.path("ca.pem")
    }

    /// Returns the directory, in which `www` is the root of the server.
    pub(super) fn dir(&self) -> &TestDir {
        &self.dir
    }
}
