//! A real server for tests: Debian's package redis-server.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use netcore::testing::TestDir;

/// A started `redis-server`, which ends with this value.
#[derive(Debug)]
pub(crate) struct RedisServer {
    child: Child,
    pub(crate) port: u16,
    _directory: TestDir,
}

impl RedisServer {
    /// Starts a server without persistence on a free port.
    pub(crate) fn start(options: &[&str]) -> RedisServer {
        for _ in 0..10 {
            // Redis cannot choose a port. Somebody else may take it first.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let directory = TestDir::new();
            let mut child = Command::new("redis-server")
                .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
                .args(options)
                .current_dir(directory.root())
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .expect("redis-server, of the package of this name");
            let output = child.stdout.take().unwrap();
            let mut lines = BufReader::new(output).lines().map_while(Result::ok);
            if lines.any(|line| line.contains("Ready to accept connections")) {
                // The server goes on writing.
                std::thread::spawn(move || lines.for_each(drop));
                return RedisServer { child, port, _directory: directory };
            }
            child.wait().unwrap();
        }
        panic!("redis-server does not start");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
