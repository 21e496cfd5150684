//! The keyboard of the input line.
//!
//! The editor reads standard input, and loses its read-ahead when it meets a byte that is not
//! UTF-8. It therefore gets a terminal of its own there, a pseudo-terminal (pty(7)), and a thread
//! forwards the keys of the user's terminal, cleaned by [`Keys`]. This thread reads only while the
//! program is in the foreground of its terminal. In the background, it unplugs the editor's
//! terminal, which ends the editor's read.
//!
//! The program may stop only while the user's terminal has its own modes, because some shells do
//! not restore them. `SIGTSTP` is therefore caught: Ctrl-Z may be typed just before this module
//! changes the modes, and another process may send the signal at any time.

mod keys;

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs::File, mem, thread};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use signal_hook::consts::SIGTSTP;
use signal_hook::iterator::Signals;

use crate::exit::{self, Failure};
use crate::foreground::system::{POLL_INTERVAL, is_ours};
use crate::threads;
use keys::Keys;

/// Bytes to read at once.
const PIECE: usize = 4096;

/// Most bytes of a burst.
const MAX_BURST: usize = 64 * 1024;

/// The longest pause within a burst of lines, such as a paste.
const GAP: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// The pause before the next write to a busy editor.
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// The user's terminal and the editor's terminal.
#[derive(Clone)]
pub(super) struct Keyboard(Arc<Shared>);

struct Shared {
    /// The user's terminal.
    terminal: OwnedFd,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The modes of the user's terminal before its first use.
    modes: Option<Termios>,
    /// The side of the editor's terminal that receives keys. `None`: unplugged.
    editor: Option<Arc<File>>,
    /// `true` if the program must stop before the editor gets its next terminal.
    must_stop: bool,
    /// `true` once the user's terminal has gone, or the program no longer uses it.
    ended: bool,
}

impl Keyboard {
    /// Makes a keyboard of the terminal on standard input.
    ///
    /// # Errors
    ///
    /// The system has no pseudo-terminals (a container without `/dev/pts`).
    pub(super) fn new() -> io::Result<Keyboard> {
        pseudo_terminal()?;
        let terminal = io::stdin().as_fd().try_clone_to_owned()?;
        let (state, changed) = (Mutex::default(), Condvar::new());
        Ok(Keyboard(Arc::new(Shared { terminal, state, changed })))
    }

    /// Starts to forward keys. Calls `pasted` with the number of lines of a paste that waits for
    /// Enter.
    pub(super) fn start(&self, pasted: impl Fn(usize) + Send + 'static) -> Result<(), Failure> {
        let reading = self.clone();
        threads::start("keyboard", move || reading.0.forward_keys(&pasted))?;
        if netcore::stdio::ignores_stops() {
            return Ok(());
        }
        let mut stops = Signals::new([SIGTSTP])
            .map_err(|error| Failure::new(exit::OTHER, format!("watch for SIGTSTP: {error}")))?;
        let stopping = self.clone();
        threads::start("stop", move || stops.forever().for_each(|_| stopping.0.stop())).map(drop)
    }

    /// Returns `true` while the editor has a terminal.
    pub(super) fn is_plugged(&self) -> bool {
        self.0.state().editor.is_some()
    }

    /// Waits until the program is in the foreground, and gives the editor a terminal. Returns
    /// `false` if the user's terminal has gone.
    pub(super) fn plug(&self) -> bool {
        let connected = self.0.connect();
        let mut state = self.0.state();
        state.ended |= connected.is_err();
        !state.ended
    }

    /// Unplugs the editor's terminal. The whole job stops in the next [`plug`](Keyboard::plug).
    pub(super) fn suspend(&self) {
        self.0.suspend(&mut self.0.state());
    }

    /// Ends the keyboard for good: ends the editor's read, and restores the user's terminal.
    pub(super) fn end(&self) {
        let mut state = self.0.state();
        state.ended = true;
        self.0.unplug(&mut state);
        self.0.restore(&state);
    }

    /// Returns `true` if this program owns the user's terminal at the moment.
    pub(super) fn is_in_front(&self) -> bool {
        is_ours(&self.0.terminal).unwrap_or(false)
    }

    /// Returns the keys that interrupt the program (Ctrl-C) and the keys that suspend it (Ctrl-Z):
    /// `VINTR`, `VQUIT` and `VSUSP` of termios(3).
    pub(super) fn special_keys(&self) -> io::Result<(Vec<char>, Vec<char>)> {
        let codes = tcgetattr(&self.0.terminal)?.special_codes;
        // NUL, or 255 on other systems, means that a code is off.
        let key = |index| Some(codes[index]).filter(|code| (1..128).contains(code)).map(char::from);
        let interrupts = [SpecialCodeIndex::VINTR, SpecialCodeIndex::VQUIT].map(key);
        let suspends = key(SpecialCodeIndex::VSUSP);
        Ok((interrupts.into_iter().flatten().collect(), suspends.into_iter().collect()))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the program is in the foreground. Then switches the user's terminal to single
    /// keys, and makes the editor's terminal standard input. Stops first if the program must.
    ///
    /// The lock spans the check and the switch, and [`stop`](Shared::stop) takes it: the program
    /// does not move to the background in between.
    fn connect(&self) -> io::Result<()> {
        let mut state = self.state();
        loop {
            if state.editor.is_some() || state.ended {
                return Ok(());
            }
            if mem::take(&mut state.must_stop) {
                stop_job();
            }
            if is_ours(&self.terminal)? {
                break;
            }
            let waited = self.changed.wait_timeout(state, POLL_INTERVAL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let modes = match state.modes.take() {
            Some(modes) => modes,
            None => tcgetattr(&self.terminal)?,
        };
        let modes = state.modes.insert(modes);
        let mut keys = modes.clone();
        keys.input_modes -= InputModes::BRKINT
            | InputModes::ICRNL
            | InputModes::INPCK
            | InputModes::ISTRIP
            | InputModes::IXON;
        keys.local_modes -=
            LocalModes::ECHO | LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        let (master, slave) = pseudo_terminal()?;
        // The editor looks here for the key that ends input. It sets VMIN itself, which may share
        // the same slot (termios(3)).
        tcsetattr(&slave, OptionalActions::Now, &keys)?;
        keys.special_codes[SpecialCodeIndex::VMIN] = 1;
        keys.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&self.terminal, OptionalActions::Drain, &keys)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        rustix::stdio::dup2_stdin(slave)?;
        state.editor = Some(Arc::new(File::from(master)));
        self.changed.notify_all();
        Ok(())
    }

    /// Unplugs the editor's terminal, which ends the editor's read.
    fn unplug(&self, state: &mut State) {
        state.editor = None;
        self.changed.notify_all();
    }

    /// Restores the modes, unless another program owns the terminal.
    fn restore(&self, state: &State) {
        if let Some(modes) = &state.modes
            && is_ours(&self.terminal).unwrap_or(false)
        {
            let _ = tcsetattr(&self.terminal, OptionalActions::Drain, modes);
        }
    }

    /// Prepares the program for a stop.
    fn suspend(&self, state: &mut State) {
        state.must_stop = true;
        self.unplug(state);
        self.restore(state);
    }

    /// Stops the program for `SIGTSTP`. A line that is edited ends first: its thread then stops the
    /// program in [`connect`](Shared::connect).
    fn stop(&self) {
        let mut state = self.state();
        match state.editor.is_some() {
            true => self.suspend(&mut state),
            false => stop_job(),
        }
    }

    /// Forwards keys to the editor until the terminal has gone.
    fn forward_keys(&self, pasted: &dyn Fn(usize)) {
        let (mut keys, mut burst) = (Keys::default(), Vec::new());
        while self.wait_for_editor() {
            let continues = match self.read(&mut burst) {
                Ok(Some(continues)) => continues,
                // In the background, another program reads the keys.
                Ok(None) => {
                    self.unplug(&mut self.state());
                    continue;
                }
                Err(_) => break,
            };
            let (text, lines) = keys.take(&burst, continues);
            burst.clear();
            self.write(text.as_bytes());
            lines.into_iter().for_each(pasted);
        }
        let mut state = self.state();
        state.ended = true;
        self.unplug(&mut state);
    }

    /// Waits until the editor has a terminal. Returns `false` once the keyboard has ended.
    fn wait_for_editor(&self) -> bool {
        let waits = |state: &mut State| state.editor.is_none() && !state.ended;
        let waited = self.changed.wait_while(self.state(), waits);
        !waited.unwrap_or_else(PoisonError::into_inner).ended
    }

    /// Reads a burst, and returns `true` if it is incomplete. Returns `None` in the background.
    fn read(&self, burst: &mut Vec<u8>) -> io::Result<Option<bool>> {
        while burst.len() < MAX_BURST {
            // A line with input after it may be a paste that is still arriving.
            let may_be_paste = burst.iter().rev().skip(1).any(|byte| matches!(byte, b'\r' | b'\n'));
            if !burst.is_empty() && !may_be_paste {
                return Ok(Some(false));
            }
            let timeout = (!burst.is_empty()).then_some(&GAP);
            let mut ready = [PollFd::new(&self.terminal, PollFlags::IN)];
            match poll(&mut ready, timeout) {
                Ok(0) => return Ok(Some(false)),
                Err(error) if error == rustix::io::Errno::INTR => continue,
                result => result?,
            };
            if self.state().ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !is_ours(&self.terminal)? {
                return Ok(None);
            }
            let mut piece = [0; PIECE];
            match rustix::io::read(&self.terminal, &mut piece) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => burst.extend_from_slice(&piece[..count]),
                Err(error) if error == rustix::io::Errno::INTR => {}
                // The program has just moved to the background.
                Err(_) if !is_ours(&self.terminal)? => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(true))
    }

    /// Writes all keys to the editor, and to its next terminal if it is unplugged meanwhile.
    fn write(&self, mut text: &[u8]) {
        while !text.is_empty() && self.wait_for_editor() {
            let Some(editor) = self.state().editor.clone() else { continue };
            match (&*editor).write(text) {
                Ok(count) => text = &text[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    drop(editor);
                    thread::sleep(BUSY_PAUSE);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.unplug(&mut self.state()),
            }
        }
    }
}

/// Stops the whole job until the shell continues it.
fn stop_job() {
    if let Err(error) = netcore::stdio::stop_job() {
        log::debug!("SIGTSTP: {error}");
    }
}

/// Makes a pseudo-terminal: the side of the keyboard, and the side of the program.
fn pseudo_terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let (flags, mode) = (OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    let slave = rustix::fs::open(ptsname(&master, Vec::new())?, flags, mode)?;
    Ok((master, slave))
}
