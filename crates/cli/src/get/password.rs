//! The question for a password, on the terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use httpget::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::escape::visible;
use crate::exit::{self, Failure};
use crate::threads;

/// Bytes of the longest line that a terminal hands over.
const MAX_LINE: u64 = 4096;

/// Asks for the password of a user. The terminal does not show it.
///
/// # Errors
///
/// [`exit::USAGE`] if there is no terminal, and no password at the end of its input.
pub(super) fn ask(user: &str) -> Result<Secret, Failure> {
    let failed = |error: io::Error| {
        Failure::new(exit::USAGE, format!("ask for a password on the terminal: {error}"))
    };
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(failed)?;
    let modes = tcgetattr(&terminal).map_err(|error| failed(error.into()))?;
    let silence = Silence(Arc::new((terminal, Mutex::new(Some(modes.clone())))));
    silence.watch()?;
    let mut terminal = silence.terminal();
    let mut silent = modes;
    silent.local_modes.remove(LocalModes::ECHO);
    // Keys that were typed before the question are dropped: they are visible.
    tcsetattr(terminal, OptionalActions::Flush, &silent).map_err(|error| failed(error.into()))?;
    write!(terminal, "Password of {}: ", visible(user)).map_err(failed)?;
    let mut line = Vec::new();
    let read = BufReader::new(terminal.take(MAX_LINE)).read_until(b'\n', &mut line);
    silence.end();
    // The end of the line was not shown either.
    let _ = terminal.write_all(b"\n");
    read.map_err(failed)?;
    let Some(typed) = line.strip_suffix(b"\n") else {
        return Err(failed(io::Error::from(io::ErrorKind::UnexpectedEof)));
    };
    match std::str::from_utf8(typed) {
        Ok(typed) => Ok(Secret::new(typed)),
        Err(_) => Err(failed(io::Error::other("UTF-8 expected"))),
    }
}

/// A terminal that does not show what is typed, and the modes that it had before.
#[derive(Clone)]
struct Silence(Arc<(File, Mutex<Option<Termios>>)>);

impl Silence {
    fn terminal(&self) -> &File {
        &self.0.0
    }

    /// Restores the modes.
    fn end(&self) {
        let mut modes = self.0.1.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(modes) = modes.take() {
            let _ = tcsetattr(self.terminal(), OptionalActions::Now, &modes);
        }
    }

    /// Restores the modes before a signal ends the program, from now on: its shell would show
    /// nothing otherwise.
    fn watch(&self) -> Result<(), Failure> {
        let signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]);
        let mut signals = signals
            .map_err(|error| Failure::new(exit::OTHER, format!("watch for signals: {error}")))?;
        let silence = self.clone();
        threads::start("password", move || {
            for signal in signals.forever() {
                silence.end();
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
        })?;
        Ok(())
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.end();
    }
}
