//! The program on a pseudo-terminal, and an emulation of the terminal that shows the lines on the
//! screen.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Signal, kill_process_group};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcgetpgrp, tcsetwinsize};

use crate::common::patience::PATIENCE;
use crate::common::process::program;

/// The test that becomes the program on a terminal.
const SESSION: &str = "common::terminal::a_process_that_begins_a_session_and_becomes_the_program";
/// Environment variables that tell that test which terminal and which program.
const PATH: &str = "TERMINAL_TEST_PATH";
const ARGS: &str = "TERMINAL_TEST_ARGS";
const PROGRAM: &str = "TERMINAL_TEST_PROGRAM";

/// The program on a terminal; killed with the test.
#[derive(Debug)]
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    seen: Arc<(Mutex<Seen>, Condvar)>,
}

#[derive(Debug)]
struct Seen {
    grid: Grid,
    bytes: Vec<u8>,
    ended: bool,
}

impl Terminal {
    /// Starts the program with these arguments. A terminal belongs to a session, and only a process
    /// of its own can begin one: the tests' program is started again for [`SESSION`].
    pub(crate) fn start(columns: u16, rows: u16, args: &[&str]) -> Terminal {
        Terminal::start_program((columns, rows), program(), args)
    }

    /// Starts a shell with job control, whose `$SOCKIT` is the program and whose prompt is `$`.
    pub(crate) fn shell() -> Terminal {
        let mut shell = Terminal::start_program((100, 40), "sh", &["-i"]);
        shell.press("PS1='$ ' ENV= SOCKIT='");
        shell.press(program());
        shell.press("'\r");
        shell.when("a prompt", |lines| lines.last().is_some_and(|line| line.ends_with('$')));
        shell
    }

    fn start_program((columns, rows): (u16, u16), program: &str, args: &[&str]) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        // Processes that other tests start at the same time must not hold it open.
        fcntl_setfd(&master, FdFlags::CLOEXEC).expect("close on exec");
        grantpt(&master).expect("its other end");
        unlockpt(&master).expect("its other end");
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).expect("its size");
        let path = ptsname(&master, Vec::new()).expect("its name").into_string().expect("a path");
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command
            .args(["--exact", SESSION])
            .env(PATH, path)
            .env(ARGS, args.join("\n"))
            .env(PROGRAM, program);
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR").env_remove("RUST_LOG");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("start this test");
        let keyboard = File::from(master);
        let display = keyboard.try_clone().expect("a second handle");
        let grid = Grid::new(usize::from(columns), usize::from(rows));
        let seen = Seen { grid, bytes: Vec::new(), ended: false };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let watched = seen.clone();
        thread::spawn(move || watch(display, &watched));
        Terminal { child, keyboard, seen }
    }

    /// Types these keys.
    pub(crate) fn press(&mut self, keys: impl AsRef<[u8]>) {
        self.keyboard.write_all(keys.as_ref()).expect("type");
    }

    /// Waits until the lines of the screen and its scroll-back fulfil the condition, and returns
    /// them without empty lines at the end.
    #[track_caller]
    pub(crate) fn when(&self, what: &str, ready: impl Fn(&[String]) -> bool) -> Vec<String> {
        let unready = |seen: &mut Seen| !ready(&seen.grid.lines());
        let waited = self.seen.1.wait_timeout_while(self.seen(), PATIENCE, unready);
        let (seen, timeout) = waited.expect("no reader panics");
        let lines = seen.grid.lines();
        drop(seen);
        assert!(!timeout.timed_out(), "no {what} within {PATIENCE:?}:\n{}", lines.join("\n"));
        lines
    }

    /// Waits until these are the last lines.
    #[track_caller]
    pub(crate) fn ends_with(&self, last: &[&str]) -> Vec<String> {
        self.when(&format!("{last:?} at the end"), |lines| {
            lines.len() >= last.len() && lines[lines.len() - last.len()..] == *last
        })
    }

    /// Waits until a line contains this part.
    #[track_caller]
    pub(crate) fn shows(&self, part: &str) -> Vec<String> {
        self.when(&format!("{part:?}"), |lines| lines.iter().any(|line| line.contains(part)))
    }

    /// Returns all bytes that the program has written to the terminal.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        let line = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &line]).status().expect("run sh");
        assert!(status.success(), "{line}: {status}");
    }

    /// Sends SIGTSTP to the process group that has the terminal, as another process would.
    pub(crate) fn stop_foreground(&self) {
        let group = tcgetpgrp(&self.keyboard).expect("the foreground process group");
        kill_process_group(group, Signal::TSTP).expect("signal it");
    }

    /// Waits for the end of the program, which must have restored the terminal, and returns the
    /// lines of the screen.
    #[track_caller]
    pub(crate) fn expect_code(&mut self, code: i32) -> Vec<String> {
        let status = self.wait();
        let lines = self.seen().grid.lines();
        assert_eq!(status.code(), Some(code), "{}", lines.join("\n"));
        let modes = tcgetattr(&self.keyboard).expect("the terminal's modes").local_modes;
        let typing = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        assert!(modes.contains(typing), "the terminal is left with {modes:?}");
        lines
    }

    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait for the program") {
                let ended = |seen: &mut Seen| !seen.ended;
                let waited = self.seen.1.wait_timeout_while(self.seen(), PATIENCE, ended);
                assert!(!waited.expect("no reader panics").1.timed_out(), "the terminal goes on");
                return status;
            }
            let lines = self.seen().grid.lines();
            assert!(start.elapsed() < PATIENCE, "still running:\n{}", lines.join("\n"));
            thread::sleep(Duration::from_millis(2));
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.0.lock().expect("no reader panics")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Becomes the program on a terminal if [`Terminal::start`] has set the environment for it;
/// otherwise passes.
#[test]
fn a_process_that_begins_a_session_and_becomes_the_program() {
    let Some(path) = std::env::var_os(PATH) else { return };
    rustix::process::setsid().expect("a session");
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let terminal = rustix::fs::open(&path, flags, rustix::fs::Mode::empty()).expect("a terminal");
    rustix::process::ioctl_tiocsctty(&terminal).expect("the session's terminal");
    let terminal = File::from(terminal);
    let handle = || terminal.try_clone().expect("a handle of the terminal");
    let args = std::env::var(ARGS).expect("arguments");
    let mut command = Command::new(std::env::var_os(PROGRAM).expect("a program"));
    command.args(args.split('\n')).env_remove(PATH).env_remove(ARGS).env_remove(PROGRAM);
    let error = command.stdin(handle()).stdout(handle()).stderr(handle()).exec();
    panic!("start the program: {error}");
}

fn watch(mut display: File, seen: &(Mutex<Seen>, Condvar)) {
    let mut piece = [0; 4096];
    loop {
        // EIO: no process has the other end open any more.
        let count = display.read(&mut piece).unwrap_or(0);
        let mut all = seen.0.lock().expect("no test panics with it");
        all.bytes.extend_from_slice(&piece[..count]);
        all.ended = count == 0;
        for byte in &piece[..count] {
            all.grid.byte(*byte);
        }
        drop(all);
        seen.1.notify_all();
        if count == 0 {
            return;
        }
    }
}

/// The contents of a terminal. It understands the sequences that rustyline and this program write,
/// and fails on any other.
#[derive(Debug)]
struct Grid {
    columns: usize,
    height: usize,
    /// The last `height` rows are the screen, and those before it have scrolled out. A wide
    /// character is followed by an empty cell.
    rows: Vec<Vec<Option<char>>>,
    row: usize,
    /// Equal to `columns`: the next character wraps.
    column: usize,
    /// An escape sequence or a character that is not whole.
    unfinished: Vec<u8>,
    /// The next character joins the one before it.
    joins: bool,
}

impl Grid {
    fn new(columns: usize, height: usize) -> Grid {
        let rows = vec![Vec::new(); height];
        Grid { columns, height, rows, row: 0, column: 0, unfinished: Vec::new(), joins: false }
    }

    fn lines(&self) -> Vec<String> {
        let line = |row: &Vec<Option<char>>| row.iter().flatten().collect::<String>();
        let mut lines: Vec<String> =
            self.rows.iter().map(|row| line(row).trim_end().to_owned()).collect();
        let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
        lines.truncate(end);
        lines
    }

    fn byte(&mut self, byte: u8) {
        self.unfinished.push(byte);
        match &self.unfinished[..] {
            [b'\r'] => self.column = 0,
            [b'\n'] => self.feed(),
            [0 | 0x07] => {}
            [0x1b] | [0x1b, b'['] => return,
            [0x1b, b'[', parameters @ .., last] => {
                if matches!(last, b'0'..=b'9' | b';' | b'?') {
                    return;
                }
                let (parameters, last) = (parameters.to_vec(), *last);
                self.control(&parameters, last);
            }
            bytes => match str::from_utf8(bytes) {
                Ok(text) => {
                    let c = text.chars().next().expect("a character");
                    assert!(!c.is_control(), "unknown control character {c:?}");
                    self.put(c);
                }
                Err(error) => {
                    assert!(error.error_len().is_none(), "not UTF-8: {bytes:?}");
                    return;
                }
            },
        }
        self.unfinished.clear();
    }

    fn control(&mut self, parameters: &[u8], last: u8) {
        let text = str::from_utf8(parameters).expect("ASCII");
        let count = text.parse().unwrap_or(1).max(1);
        let top = self.rows.len() - self.height;
        match (text, last) {
            (_, b'm') | ("?2004" | "?2026", b'h' | b'l') => {}
            (_, b'A') => self.row = self.row.saturating_sub(count).max(top),
            (_, b'B') => self.row = (self.row + count).min(self.rows.len() - 1),
            (_, b'C') => self.column = (self.column + count).min(self.columns - 1),
            (_, b'D') => self.column = self.column.saturating_sub(count),
            ("" | "0", b'J') => {
                self.rows[self.row].truncate(self.column);
                self.rows[self.row + 1..].iter_mut().for_each(Vec::clear);
            }
            ("" | "0", b'K') => self.rows[self.row].truncate(self.column),
            ("2", b'K') => self.rows[self.row].clear(),
            _ => panic!("unknown sequence ESC [ {text} {}", char::from(last)),
        }
    }

    fn put(&mut self, c: char) {
        // Joined emoji, and emoji with a skin tone, are as wide as one, as in tmux and other
        // terminals.
        let is_zwj = c == '\u{200d}';
        let was_joined = std::mem::replace(&mut self.joins, is_zwj);
        if is_zwj || was_joined || matches!(c, '\u{1f3fb}'..='\u{1f3ff}') {
            return;
        }
        let width = if is_wide(c) { 2 } else { 1 };
        if self.column + width > self.columns {
            self.column = 0;
            self.feed();
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + width), Some(' '));
        row[self.column] = Some(c);
        if width == 2 {
            row[self.column + 1] = None;
        }
        self.column += width;
    }

    fn feed(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Vec::new());
        }
    }
}

/// Returns `true` for the East Asian characters and emoji that the tests use.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1f300}'..='\u{1faff}' | '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}')
}
