//! `sockit … serve`, started on a free port and killed with the test.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use crate::common::client::Client;
use crate::common::process::{Finished, Process, sockit};

#[derive(Debug)]
pub(crate) struct Server {
    process: Process,
    endpoints: Vec<String>,
}

impl Server {
    /// Starts a server with these arguments, on a free TCP port of the loopback interface unless
    /// they say where to listen, and waits until it says that it listens.
    pub(crate) fn start(args: &[&str]) -> Server {
        let args = with_listener(args);
        Server::from_command(sockit(&args), listeners(&args))
    }

    /// Like [`start`](Server::start), with at most `limit` open descriptors.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_with_descriptors(limit: u32, args: &[&str]) -> Server {
        let args = with_listener(args);
        let mut command = Command::new("sh");
        command.env_remove("RUST_LOG");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$@\""), "sh"]);
        command.arg(crate::common::process::program()).args(&args);
        Server::from_command(command, listeners(&args))
    }

    /// Starts a command that prints `listeners` lines when it listens.
    pub(crate) fn from_command(command: Command, listeners: usize) -> Server {
        let process = Process::spawn(command);
        let lines = process.stdout_lines(listeners);
        let endpoints = lines.iter().filter_map(|line| {
            Some(line.strip_prefix("listening on ")?.strip_suffix('\n')?.to_owned())
        });
        let endpoints: Vec<String> = endpoints.collect();
        assert_eq!(
            (endpoints.len(), lines.len()),
            (listeners, listeners),
            "expected {listeners} lines `listening on ENDPOINT` and nothing before them: {lines:?}"
        );
        Server { process, endpoints }
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Returns the endpoints as the server printed them.
    pub(crate) fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    pub(crate) fn tcp(&self) -> SocketAddr {
        self.address("tcp://")
    }

    pub(crate) fn udp(&self) -> SocketAddr {
        self.address("udp://")
    }

    pub(crate) fn unix(&self) -> PathBuf {
        PathBuf::from(self.after("unix:"))
    }

    /// Opens a TCP connection to the server.
    pub(crate) fn connect(&self) -> Client {
        Client::tcp(self.tcp())
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Stops the server by SIGTERM and expects exit code 0. On Windows it is killed.
    pub(crate) fn stop(self) {
        self.stop_and_read();
    }

    /// Stops the server like [`stop`](Self::stop), and returns everything that it has printed.
    pub(crate) fn stop_and_read(self) -> Finished {
        self.process.stop("TERM")
    }

    /// Waits for the requested end and expects exit code 0.
    pub(crate) fn expect_stop(mut self) {
        let status = self.process.wait();
        assert_eq!(status.code(), Some(0), "a server that is asked to stop exits 0: {status}");
    }

    /// Returns the resident memory in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// Returns the peak of the resident memory in bytes.
    #[cfg(target_os = "linux")]
    pub(crate) fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// Returns the processor time used, in hundredths of a second.
    #[cfg(target_os = "linux")]
    pub(crate) fn processor_time(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.process.id());
        let stat = std::fs::read_to_string(path).expect("read the server's /proc/PID/stat");
        // proc_pid_stat(5): utime and stime are fields 14 and 15; the name in field 2 may hold
        // anything but ends at the last parenthesis.
        let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
        let ticks = |index: usize| fields.split(' ').nth(index).and_then(|text| text.parse().ok());
        ticks(11).zip(ticks(12)).map(|(user, system): (u64, u64)| user + system).expect("two times")
    }

    #[cfg(target_os = "linux")]
    fn status(&self, field: &str) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("read the server's /proc/PID/status");
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kibibytes.and_then(|text| text.parse::<u64>().ok()).expect("a size in kB") * 1024
    }

    fn address(&self, scheme: &str) -> SocketAddr {
        let text = self.after(scheme);
        match text.parse() {
            Ok(address) => address,
            Err(error) => panic!("not an address: {text:?}: {error}"),
        }
    }

    fn after(&self, scheme: &str) -> &str {
        match self.endpoints.iter().find_map(|endpoint| endpoint.strip_prefix(scheme)) {
            Some(rest) => rest,
            None => panic!("no {scheme} among {:?}", self.endpoints),
        }
    }
}

fn with_listener<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let mut args = args.to_vec();
    if listeners(&args) == 0 {
        args.extend(["--listen", "tcp://127.0.0.1:0"]);
    }
    args
}

fn listeners(args: &[&str]) -> usize {
    args.iter().filter(|&&arg| arg == "--listen").count()
}
