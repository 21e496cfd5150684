//! Systems without a free thread (`ulimit -u`, the limit of a container): the program does its work
//! with fewer threads, or ends with one line and an exit code.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use netcore::testing::TestDir;

use crate::common::process::{Finished, Process, program};
use crate::common::server::Server;

/// A copy of the program that every user can run.
struct Program {
    path: PathBuf,
    _directory: TestDir,
}

impl Program {
    fn new() -> Program {
        let directory = TestDir::new();
        let path = directory.path("sockit");
        fs::copy(program(), &path).expect("copy the program");
        Program { path, _directory: directory }
    }

    /// Runs the program to its end as a user with a limit of one thread.
    fn run(&self, args: &[&str]) -> Finished {
        static USERS: AtomicU32 = AtomicU32::new(0);
        let mut command = Command::new("sh");
        // dash names the option -p, and ends at an unknown option.
        let limit = "if (ulimit -u 9) 2>&-; then ulimit -u 1; else ulimit -p 1; fi";
        command.env_remove("RUST_LOG").args(["-c", &format!("{limit}; exec \"$@\""), "sh"]);
        command.arg(&self.path).args(args);
        if rustix::process::geteuid().is_root() {
            // The limit does not apply to root. No other process runs under this user.
            let user = std::process::id() % 1000 * 16 + USERS.fetch_add(1, Ordering::Relaxed);
            command.uid(40_000 + user);
        }
        let mut process = Process::spawn(command);
        process.feed(b"text\n");
        process.close_stdin();
        process.finish()
    }
}

#[test]
fn commands_without_a_thread_end_with_one_line() {
    let program = Program::new();
    let chat = Server::start(&["chat", "serve"]);
    let time = Server::start(&[
        "time",
        "serve",
        "--listen",
        "tcp://127.0.0.1:0",
        "--listen",
        "udp://127.0.0.1:0",
    ]);
    let (chat, tcp, udp) = (chat.tcp().to_string(), time.tcp().to_string(), time.udp());
    let udp = format!("udp://{udp}");
    for args in [
        &["chat", "serve", "--listen", "tcp://127.0.0.1:0"][..],
        &["time", "serve", "--listen", "tcp://127.0.0.1:0"],
        &["listen", "tcp://127.0.0.1:0"],
        &["listen", "udp://127.0.0.1:0"],
        &["chat", "join", &chat],
        &["send", &tcp],
        &["connect", &udp],
        &["time", "ping", &udp, "-c", "1"],
        &["time", "bench", &tcp, "--connections", "2", "--threads", "2"],
    ] {
        let ended = program.run(args);
        ended.expect_code(1).expect_error_line(&["start a thread: "]);
    }
}

#[test]
fn a_name_is_looked_up_without_a_thread() {
    let program = Program::new();
    let time = Server::start(&["time", "serve"]);
    let endpoint = format!("localhost:{}", time.tcp().port());
    program.run(&["probe", "-4", &endpoint]).expect_code(0);
    // The message is about the name and not about threads.
    let ended = program.run(&["probe", "no.such.name.invalid:80"]);
    ended.expect_code(6);
    assert!(!ended.stderr().contains("thread"), "{}", ended.story());
}
