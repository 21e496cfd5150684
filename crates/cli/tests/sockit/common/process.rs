//! The program as a child process. Its output is collected all the time, every wait is bounded, and
//! no process outlives its test.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::patience::PATIENCE;

/// Returns the path of the program under test: `SOCKIT_TEST_PROGRAM`, by default the program that
/// cargo has built with these tests.
pub(crate) fn program() -> &'static str {
    static PROGRAM: LazyLock<String> = LazyLock::new(|| {
        env::var("SOCKIT_TEST_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_sockit").to_owned())
    });
    &PROGRAM
}

/// The device that drops everything.
pub(crate) const NULL: &str = if cfg!(windows) { "NUL" } else { "/dev/null" };

/// Returns the program with these arguments, without environment variables that change its output.
pub(crate) fn sockit<S: AsRef<OsStr>>(args: &[S]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env_remove("RUST_LOG");
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_ascii_uppercase());
    }
    command
}

/// Runs the program to its end, with nothing on standard input.
pub(crate) fn run(args: &[&str]) -> Finished {
    run_with_input(args, b"")
}

/// Runs the program to its end, with this on standard input.
pub(crate) fn run_with_input(args: &[&str], input: &[u8]) -> Finished {
    let mut process = Process::spawn(sockit(args));
    process.feed(input);
    process.close_stdin();
    process.finish()
}

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    command: String,
    stdin: Option<ChildStdin>,
    stdout: Capture,
    stderr: Capture,
}

impl Process {
    /// Starts the command with all three standard streams piped.
    pub(crate) fn spawn(mut command: Command) -> Process {
        command.stdout(Stdio::piped());
        Process::spawn_with_stdout(command)
    }

    /// Starts the command with the standard output that it names.
    pub(crate) fn spawn_with_stdout(mut command: Command) -> Process {
        let text = format!("{command:?}");
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("cannot start {text}: {error}"),
        };
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(Capture::of).unwrap_or_default();
        let stderr = child.stderr.take().map(Capture::of).unwrap_or_default();
        Process { child, command: text, stdin, stdout, stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to the process's standard input. A process that has stopped reading is no failure
    /// here: the tests check its reaction.
    pub(crate) fn feed(&mut self, input: &[u8]) {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        match stdin.write_all(input).and_then(|()| stdin.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                panic!("write to the standard input of {}: {error}", self.command)
            }
            _ => {}
        }
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Sends a signal (`TERM`, `INT`) by the `kill` of the shell.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.id());
        let status = Command::new("sh").args(["-c", &line]).status().expect("run sh");
        assert!(status.success(), "{line}: {status}");
    }

    /// Ends the process at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("kill the process");
    }

    /// Waits until standard output fulfils the condition, and returns all of it.
    pub(crate) fn stdout_when(&self, what: &str, ready: impl Fn(&str) -> bool) -> String {
        match self.stdout.when(|text, _| ready(&String::from_utf8_lossy(text))) {
            Some(text) => String::from_utf8_lossy(&text).into_owned(),
            None => panic!("no {what} on standard output within {PATIENCE:?}"),
        }
    }

    /// Waits for `lines` lines on standard output, or for its end.
    pub(crate) fn stdout_lines(&self, lines: usize) -> Vec<String> {
        self.stdout.lines(lines)
    }

    /// Waits for `lines` lines on standard error, or for its end.
    pub(crate) fn stderr_lines(&self, lines: usize) -> Vec<String> {
        self.stderr.lines(lines)
    }

    #[cfg(feature = "tls")]
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("wait for the process").is_none()
    }

    /// Waits for the end of the process, which must come by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait for the process") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "still running after {PATIENCE:?}");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Stops the process by a signal (`TERM`, `INT`), expects exit code 0, and returns its output.
    /// A test on Windows has no signals, and kills it.
    #[track_caller]
    pub(crate) fn stop(mut self, signal: &str) -> Finished {
        #[cfg(unix)]
        self.signal(signal);
        if cfg!(windows) {
            let _ = signal;
            self.kill();
        }
        let finished = self.finish();
        if cfg!(unix) {
            finished.expect_code(0);
        }
        finished
    }

    /// Waits for the end of the process and of its output.
    pub(crate) fn finish(mut self) -> Finished {
        let status = self.wait();
        let whole = |capture: &Capture| {
            capture.when(|_, ended| ended).expect("standard streams end with the process")
        };
        let stdout = whole(&self.stdout);
        let stderr = String::from_utf8_lossy(&whole(&self.stderr)).into_owned();
        Finished { status, stdout, stderr, command: self.command.clone() }
    }

    fn story(&self) -> String {
        story(&self.command, &self.stdout.so_far(), &self.stderr.so_far())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.story());
        }
    }
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: String,
    command: String,
}

impl Finished {
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Finished {
        if self.status.code() != Some(code) {
            panic!("expected exit code {code}, got {}\n{}", self.status, self.story());
        }
        self
    }

    /// Expects one line on standard error that begins with `sockit: ` and contains each of these
    /// parts.
    #[track_caller]
    pub(crate) fn expect_error_line(&self, says: &[&str]) -> &Finished {
        let one_line = self.stderr.ends_with('\n') && self.stderr.lines().count() == 1;
        let complete = says.iter().all(|part| self.stderr.contains(part));
        if !one_line || !self.stderr.starts_with("sockit: ") || !complete {
            panic!("expected one line `sockit: ` that says {says:?}\n{}", self.story());
        }
        self
    }

    #[track_caller]
    pub(crate) fn expect_quiet(&self) -> &Finished {
        assert!(self.stderr.is_empty(), "expected nothing on standard error\n{}", self.story());
        self
    }

    pub(crate) fn stdout(&self) -> &[u8] {
        &self.stdout
    }

    pub(crate) fn stdout_text(&self) -> &str {
        match str::from_utf8(&self.stdout) {
            Ok(text) => text,
            Err(error) => panic!("standard output is not UTF-8: {error}\n{}", self.story()),
        }
    }

    pub(crate) fn stderr(&self) -> &str {
        &self.stderr
    }

    pub(crate) fn story(&self) -> String {
        story(&self.command, &self.stdout, self.stderr.as_bytes())
    }
}

fn story(command: &str, stdout: &[u8], stderr: &[u8]) -> String {
    let mut story = format!("command: {command}\n");
    for (name, bytes) in [("stdout", stdout), ("stderr", stderr)] {
        let start = bytes.len().saturating_sub(4000);
        let cut = if start > 0 { " (its end)" } else { "" };
        let text = String::from_utf8_lossy(&bytes[start..]);
        let _ = writeln!(story, "-- {name}{cut} --\n{text}");
    }
    story
}

/// The output of one of the process's streams. A thread of its own reads it, so that the process
/// never waits for a test.
#[derive(Clone, Debug)]
struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Debug)]
struct Captured {
    bytes: Vec<u8>,
    ended: bool,
}

impl Default for Capture {
    /// A stream that the process does not have: empty, and at its end.
    fn default() -> Capture {
        let captured = Captured { bytes: Vec::new(), ended: true };
        Capture(Arc::new((Mutex::new(captured), Condvar::new())))
    }
}

impl Capture {
    fn of(mut stream: impl Read + Send + 'static) -> Capture {
        let capture = Capture::default();
        capture.lock().ended = false;
        let filled = capture.clone();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            loop {
                let count = match stream.read(&mut piece) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Ok(count) => count,
                    Err(_) => 0,
                };
                let mut captured = filled.lock();
                captured.bytes.extend_from_slice(&piece[..count]);
                captured.ended = count == 0;
                filled.0.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        capture
    }

    /// Waits until `ready` returns `true` for the bytes so far and the end of the stream.
    fn when(&self, ready: impl Fn(&[u8], bool) -> bool) -> Option<Vec<u8>> {
        let unready = |captured: &mut Captured| !ready(&captured.bytes, captured.ended);
        let waited = self.0.1.wait_timeout_while(self.lock(), PATIENCE, unready);
        let (captured, timeout) = waited.expect("no reader panics");
        (!timeout.timed_out()).then(|| captured.bytes.clone())
    }

    fn lines(&self, lines: usize) -> Vec<String> {
        let count = |text: &[u8]| text.iter().filter(|&&byte| byte == b'\n').count();
        let Some(text) = self.when(|text, ended| ended || count(text) >= lines) else {
            panic!("not {lines} lines within {PATIENCE:?}");
        };
        let text = String::from_utf8(text).expect("what is printed is UTF-8");
        text.split_inclusive('\n').map(str::to_owned).collect()
    }

    fn so_far(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Captured> {
        self.0.0.lock().expect("no reader panics")
    }
}
