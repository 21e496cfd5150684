//! `sockit listen`, started on a free port and killed with the test.

use std::process::Command;

use netcore::testing::TestDir;

use crate::common::process::{Finished, Process, sockit};

#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) process: Process,
    /// The endpoint as the program printed it.
    pub(crate) endpoint: String,
}

impl Listening {
    /// Starts `sockit listen` on `endpoint` with `more` arguments, and waits until it has printed
    /// its endpoint.
    pub(crate) fn start(endpoint: &str, more: &[&str]) -> Listening {
        Listening::of(Process::spawn(sockit(&[&["listen", endpoint], more].concat())))
    }

    /// Starts this command, with its own standard output.
    pub(crate) fn with_stdout(command: Command) -> Listening {
        Listening::of(Process::spawn_with_stdout(command))
    }

    fn of(process: Process) -> Listening {
        let lines = process.stderr_lines(1);
        let endpoint = lines.first().and_then(|line| line.strip_prefix("listening on "));
        let endpoint = endpoint.expect("a line `listening on ENDPOINT`").trim_end().to_owned();
        Listening { process, endpoint }
    }

    /// Closes standard input and waits for the end of the program with exit code 0.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        self.process.close_stdin();
        let finished = self.process.finish();
        finished.expect_code(0);
        finished
    }

    /// Stops the program by this signal and expects exit code 0. On Windows it is killed.
    #[track_caller]
    pub(crate) fn stop(self, signal: &str) -> Finished {
        self.process.stop(signal)
    }
}

/// Returns an endpoint for each kind of stream that the system has, with a Unix socket in `dir`.
pub(crate) fn endpoints(dir: &TestDir) -> Vec<String> {
    let mut endpoints = vec!["tcp://127.0.0.1:0".to_owned()];
    if cfg!(unix) {
        endpoints.push(dir.endpoint("s").to_string());
    }
    endpoints
}

/// Returns `count` bytes of all values, without a period that could hide a fault of a buffer.
pub(crate) fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..count).map(next).collect()
}
