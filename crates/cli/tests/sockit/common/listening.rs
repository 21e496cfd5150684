//! `sockit listen`, started on a free port and killed with the test.

use std::process::Command;

use crate::common::process::{Finished, Process, sockit};

#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) process: Process,
    /// As it was printed.
    pub(crate) endpoint: String,
}

impl Listening {
    /// Starts it on `endpoint`, with `more` arguments, and waits until it says that it listens.
    pub(crate) fn start(endpoint: &str, more: &[&str]) -> Listening {
        Listening::of(Process::spawn(sockit(&[&["listen", endpoint], more].concat())))
    }

    /// With the standard output that the command names.
    pub(crate) fn with_stdout(command: Command) -> Listening {
        Listening::of(Process::spawn_with_stdout(command))
    }

    fn of(process: Process) -> Listening {
        let lines = process.stderr_lines(1);
        let endpoint = lines.first().and_then(|line| line.strip_prefix("listening on "));
        let endpoint = endpoint.expect("a line `listening on ENDPOINT`").trim_end().to_owned();
        Listening { process, endpoint }
    }

    /// Ends its sending side, waits for its end, and for exit code 0.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        self.process.close_stdin();
        let finished = self.process.finish();
        finished.expect_code(0);
        finished
    }

    /// Asks it to stop, which is exit code 0.
    #[track_caller]
    pub(crate) fn stop(self, signal: &str) -> Finished {
        self.process.signal(signal);
        let finished = self.process.finish();
        finished.expect_code(0);
        finished
    }
}

/// So many bytes of every value, without a period that a buffer could hide.
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
